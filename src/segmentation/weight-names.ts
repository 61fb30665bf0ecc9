/**
 * Names of parameters in other people's files, brought to ours: a classification network's of torchvision or of the
 * references' pre-training, and DeepLab v2 networks of kazuto1011/deeplab-pytorch.
 *
 * The latter's come from Caffe and see other colours (image-ops/normalise.ts). Their names are what tells them, so what
 * is trained from them is written under the same names again, which the reference reads as well.
 */

import type { ModelName } from "../config/segmentation-models";
import type { InputColours } from "../image-ops/normalise";

type Rename = (name: string) => string;

/** @param names all names of the file, unchanged */
export function renaming(model: ModelName, names: readonly string[]): Rename {
  if (inputColours(model, names) === "caffe") return fromDeepLabPytorch;
  if (model === "pspnet-resnet101" && !names.some((name) => name.startsWith("layer0."))) return toPspNet(names);
  if (model === "tree-fcn-resnet101" && !names.some((name) => name.startsWith("backbone."))) return toTreeFcn(names);
  return (name) => name;
}

/** What the network of these weights sees. */
export function inputColours(model: ModelName, names: readonly string[]): InputColours {
  if (model === "deeplab-v3plus-efficientnet-lite2") return "efficientnet-lite";
  const fromCaffe = model === "deeplab-v2-resnet101" && names.some((name) => DEEPLAB_PYTORCH.test(name));
  return fromCaffe ? "caffe" : "imagenet";
}

/** The name to write a parameter under. */
export function fileName(name: string, input: InputColours): string {
  return input === "caffe" ? toDeepLabPytorch(name) : name;
}

// --- internal ---

const DEEPLAB_PYTORCH = /^(base\.)?layer1\.conv1\.conv\.weight$/;

/** What kazuto1011/deeplab-pytorch calls the parts of a block. */
const BLOCK_PARTS: Readonly<Record<string, readonly [convolution: string, norm: string]>> = {
  reduce: ["conv1", "bn1"],
  conv3x3: ["conv2", "bn2"],
  increase: ["conv3", "bn3"],
  shortcut: ["downsample.0", "downsample.1"],
};

/** `base.layer2.block1.reduce.conv.weight` → `layer1.0.conv1.weight`. */
function fromDeepLabPytorch(full: string): string {
  const name = full.replace(/^base\./, "");
  const stem = /^layer1\.conv1\.(conv|bn)\.(.+)$/.exec(name);
  if (stem !== null) return `${stem[1] === "conv" ? "conv1" : "bn1"}.${stem[2]}`;
  const block = /^layer(\d)\.block(\d+)\.(\w+)\.(conv|bn)\.(.+)$/.exec(name);
  if (block === null || BLOCK_PARTS[block[3]] === undefined) return name;
  const [, layer, number, part, kind, rest] = block;
  return `layer${Number(layer) - 1}.${Number(number) - 1}.${BLOCK_PARTS[part][kind === "conv" ? 0 : 1]}.${rest}`;
}

/** `layer1.0.conv1.weight` → `base.layer2.block1.reduce.conv.weight`. */
function toDeepLabPytorch(name: string): string {
  const stem = /^(conv1|bn1)\.(.+)$/.exec(name);
  if (stem !== null) return `base.layer1.conv1.${stem[1] === "conv1" ? "conv" : "bn"}.${stem[2]}`;
  const block = /^layer(\d)\.(\d+)\.(conv\d|bn\d|downsample\.\d)\.(.+)$/.exec(name);
  if (block === null) return `base.${name}`;
  const [, layer, number, part, rest] = block;
  const entries = Object.entries(BLOCK_PARTS);
  const [theirs, [convolution]] = entries.find(([, ours]) => ours.includes(part)) ?? entries[0];
  const kind = part === convolution ? "conv" : "bn";
  return `base.layer${Number(layer) + 1}.block${Number(number) + 1}.${theirs}.${kind}.${rest}`;
}

/**
 * The convolutions and normalisations of a deep stem, in order: as hszhao/semseg's backbone has them, as
 * TreeFilter-Torch's, and as PSPNet does. Either backbone serves both networks.
 */
const DEEP_STEM = {
  semseg: ["conv1", "bn1", "conv2", "bn2", "conv3", "bn3"],
  treeFilter: ["conv1.0", "conv1.1", "conv1.3", "conv1.4", "conv1.6", "bn1"],
  pspNet: ["layer0.0", "layer0.1", "layer0.3", "layer0.4", "layer0.6", "layer0.7"],
} as const;

/** @param names all of the backbone's */
function stemOf(names: readonly string[]): readonly string[] {
  return names.includes("conv1.0.weight") ? DEEP_STEM.treeFilter : DEEP_STEM.semseg;
}

function toPspNet(names: readonly string[]): Rename {
  return between(stemOf(names), DEEP_STEM.pspNet);
}

/** A plain stem, which has one convolution, keeps its names. */
function toTreeFcn(names: readonly string[]): Rename {
  const stem = names.includes("conv2.weight") ? between(stemOf(names), DEEP_STEM.treeFilter) : (name: string) => name;
  return (name) => (/^(conv\d|bn\d|layer\d)\./.test(name) ? `backbone.${stem(name)}` : name);
}

/** Layers of the first list by their names in the second. */
function between(from: readonly string[], to: readonly string[]): Rename {
  return (name) => {
    const end = name.lastIndexOf(".");
    const place = from.indexOf(name.slice(0, end));
    return place < 0 ? name : to[place] + name.slice(end);
  };
}
