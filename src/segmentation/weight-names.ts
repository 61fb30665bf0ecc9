/**
 * Names of parameters in other people's files, brought to ours: a classification network's of torchvision or of the
 * references' pre-training, and DeepLab v2 networks of kazuto1011/deeplab-pytorch.
 *
 * The latter's come from Caffe and see other colours (image-ops/normalise.ts). Their names are what tells them, so what is
 * trained from them is written under the same names again, which the reference reads as well.
 */

import type { InputColours } from "../image-ops/normalise";
import type { ModelName } from "./network";

type Rename = (name: string) => string;

/** @param names all of the file's, as they are there */
export function renaming(model: ModelName, names: readonly string[]): Rename {
  if (inputColours(model, names) === "caffe") return fromDeepLabPytorch;
  if (model === "pspnet-resnet101" && names.includes("conv1.weight")) return toPspNet;
  if (model === "tree-fcn-resnet101" && !names.some((name) => name.startsWith("backbone."))) return toTreeFcn;
  return (name) => name;
}

/** What the network of these weights sees. */
export function inputColours(model: ModelName, names: readonly string[]): InputColours {
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

/** Places in PSPNet's `layer0` of the stem's layers. */
const PSPNET_STEM: Readonly<Record<string, number>> = { conv1: 0, bn1: 1, conv2: 3, bn2: 4, conv3: 6, bn3: 7 };

function toPspNet(name: string): string {
  const [layer, ...rest] = name.split(".");
  const place = PSPNET_STEM[layer];
  return place === undefined ? name : `layer0.${place}.${rest.join(".")}`;
}

function toTreeFcn(name: string): string {
  return /^(conv1|bn1|layer\d)\./.test(name) ? `backbone.${name}` : name;
}
