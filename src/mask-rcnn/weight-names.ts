/**
 * Names of parameters in other people's files, brought to ours, which are torchvision's: networks of Detectron2, of Detectron
 * before it (Caffe2's names), older files of torchvision, and classification networks to begin with.
 *
 * A network trained as Detectron2's is written under Detectron2's names, which tell its variant when it is read again; the
 * colours that it sees are written beside, as Detectron2 writes them.
 */

import type { VariantName } from "../config/mask-rcnn-options";
import type { InputColours } from "../image-ops/normalise";
import type { NdArray } from "../nd-array";
import type { MaskRcnnShape } from "./network";

/** Whose names a file has. */
export type Naming = "torchvision" | "detectron2" | "caffe2";

export function namingOf(names: readonly string[]): Naming {
  if (names.some((name) => /^(backbone\.bottom_up\.|stem\.conv1\.|res2\.0\.conv1\.)/.test(name))) return "detectron2";
  return names.some((name) => /^res2_0_branch2a_w$/.test(name)) ? "caffe2" : "torchvision";
}

/** A file's name as ours; those of parameters that no Mask R-CNN has stay as they are. */
export function ourName(name: string, naming: Naming): string {
  if (naming === "torchvision") return fromTorchvision(name);
  return fromDetectron2(naming === "caffe2" ? fromCaffe2(name) : name);
}

/** The state by the names of the variant's library. */
export function toFileNames(
  state: ReadonlyMap<string, NdArray>,
  variant: VariantName,
  input: InputColours,
  { classes }: Pick<MaskRcnnShape, "classes">,
): Map<string, NdArray> {
  if (variant === "torchvision") return new Map(state);
  const { mean, deviation } = input === "imagenet" ? IMAGENET_PIXELS : MSRA_PIXELS;
  const vector = (values: readonly number[]): NdArray => ({ shape: [3, 1, 1], data: Float32Array.from(values) });
  return new Map([
    ["pixel_mean", vector(mean)],
    ["pixel_std", vector(deviation)],
    ...[...state].map(([name, array]): [string, NdArray] => [toDetectron2(name), backgroundLast(name, array, classes)]),
  ]);
}

/** Rows of a layer that gives something for each class: ours begin with the background, Detectron2's end with it or lack it. */
export function backgroundFirst(name: string, array: NdArray): NdArray {
  const rows = rowsPerClass(name);
  if (rows === undefined) return array;
  const size = array.data.length / (array.shape[0] / rows);
  const out = new Float32Array(hasBackground(name) ? array.data.length : array.data.length + size);
  if (hasBackground(name)) out.set((array.data as Float32Array).subarray(array.data.length - size), 0);
  out.set((array.data as Float32Array).subarray(0, out.length - size), size);
  return { shape: shapeWithBackground(name, array.shape), data: out };
}

/** The shape of what `backgroundFirst` makes. */
export function shapeWithBackground(name: string, shape: readonly number[]): readonly number[] {
  const rows = rowsPerClass(name);
  return rows === undefined || hasBackground(name) ? shape : [shape[0] + rows, ...shape.slice(1)];
}

// --- internal ---

/** Blue, green, red, as networks see them that come from Caffe; and red, green, blue of torchvision's. Of 255. */
const MSRA_PIXELS = { mean: [103.53, 116.28, 123.675], deviation: [1, 1, 1] } as const;
const IMAGENET_PIXELS = { mean: [123.675, 116.28, 103.53], deviation: [58.395, 57.12, 57.375] } as const;

/** Ours and Detectron2's, longest first where one begins another. */
const PARTS: readonly (readonly [ours: string, theirs: string])[] = [
  ["rpn.head.conv.0.0", "proposal_generator.rpn_head.conv"],
  ["rpn.head.cls_logits", "proposal_generator.rpn_head.objectness_logits"],
  ["rpn.head.bbox_pred", "proposal_generator.rpn_head.anchor_deltas"],
  ["roi_heads.box_head.fc6", "roi_heads.box_head.fc1"],
  ["roi_heads.box_head.fc7", "roi_heads.box_head.fc2"],
  ["roi_heads.mask_predictor.conv5_mask", "roi_heads.mask_head.deconv"],
  ["roi_heads.mask_predictor.mask_fcn_logits", "roi_heads.mask_head.predictor"],
  ...[0, 1, 2, 3].flatMap((i) => [
    [`roi_heads.mask_head.${i}.0`, `roi_heads.mask_head.mask_fcn${i + 1}`] as const,
    [`backbone.fpn.inner_blocks.${i}.0`, `backbone.fpn_lateral${i + 2}`] as const,
    [`backbone.fpn.layer_blocks.${i}.0`, `backbone.fpn_output${i + 2}`] as const,
  ]),
];

function toDetectron2(name: string): string {
  for (const [ours, theirs] of PARTS) if (name.startsWith(`${ours}.`)) return theirs + name.slice(ours.length);
  const stem = /^backbone\.body\.(conv1|bn1)\.(.+)$/.exec(name);
  if (stem !== null) return `backbone.bottom_up.stem.conv1.${stem[1] === "bn1" ? "norm." : ""}${stem[2]}`;
  const block = /^backbone\.body\.layer(\d)\.(\d+)\.(conv|bn|downsample\.)(\d)\.(.+)$/.exec(name);
  if (block === null) return name;
  const [, stage, number, kind, index, rest] = block;
  const layer = kind === "downsample." ? "shortcut" : `conv${index}`;
  const isNorm = kind === "bn" || (kind === "downsample." && index === "1");
  return `backbone.bottom_up.res${Number(stage) + 1}.${number}.${layer}.${isNorm ? "norm." : ""}${rest}`;
}

function fromDetectron2(full: string): string {
  for (const [ours, theirs] of PARTS) if (full.startsWith(`${theirs}.`)) return ours + full.slice(theirs.length);
  const name = full.replace(/^backbone\.bottom_up\./, "");
  const stem = /^stem\.conv1\.(norm\.)?(.+)$/.exec(name);
  if (stem !== null) return `backbone.body.${stem[1] === undefined ? "conv1" : "bn1"}.${stem[2]}`;
  const block = /^res(\d)\.(\d+)\.(conv\d|shortcut)\.(norm\.)?(.+)$/.exec(name);
  if (block === null) return full;
  const [, stage, number, layer, norm, rest] = block;
  const index = layer.slice("conv".length);
  const own =
    layer === "shortcut" ? `downsample.${norm === undefined ? 0 : 1}` : `${norm === undefined ? "conv" : "bn"}${index}`;
  return `backbone.body.layer${Number(stage) - 1}.${number}.${own}.${rest}`;
}

/** `res2_0_branch2a_bn_s` → `res2.0.conv1.norm.weight`; the rest as Detectron2's loader renames it. */
function fromCaffe2(name: string): string {
  const kinds: Readonly<Record<string, string>> = {
    w: "weight",
    b: "bias",
    bn_s: "norm.weight",
    bn_b: "norm.bias",
    bn_rm: "norm.running_mean",
    bn_riv: "norm.running_var",
  };
  const match = /^(.+?)_(bn_(?:s|b|rm|riv)|w|b)$/.exec(name);
  if (match === null) return name;
  const [, layer, kind] = match;
  const rest = kinds[kind];
  if (layer === "conv1" || layer === "res_conv1") return `stem.conv1.${rest}`;
  const block = /^res(\d)_(\d+)_branch(1|2a|2b|2c)$/.exec(layer);
  if (block !== null) {
    const part = block[3] === "1" ? "shortcut" : `conv${"abc".indexOf(block[3][1]) + 1}`;
    return `res${block[1]}.${block[2]}.${part}.${rest}`;
  }
  const level = /^fpn_(inner_)?res(\d)_\d+_sum(_lateral)?$/.exec(layer);
  if (level !== null) return `backbone.fpn_${level[1] === undefined ? "output" : "lateral"}${level[2]}.${rest}`;
  const heads: Readonly<Record<string, string>> = {
    conv_rpn_fpn2: "proposal_generator.rpn_head.conv",
    rpn_cls_logits_fpn2: "proposal_generator.rpn_head.objectness_logits",
    rpn_bbox_pred_fpn2: "proposal_generator.rpn_head.anchor_deltas",
    fc6: "roi_heads.box_head.fc1",
    fc7: "roi_heads.box_head.fc2",
    cls_score: "roi_heads.box_predictor.cls_score",
    bbox_pred: "roi_heads.box_predictor.bbox_pred",
    conv5_mask: "roi_heads.mask_head.deconv",
    mask_fcn_logits: "roi_heads.mask_head.predictor",
  };
  const fcn = /^_\[mask\]_fcn(\d)$/.exec(layer);
  const head = fcn === null ? heads[layer] : `roi_heads.mask_head.mask_fcn${fcn[1]}`;
  return head === undefined ? name : `${head}.${rest}`;
}

/** Files from before torchvision 0.13 name a layer where later ones count its parts; classification networks lack the prefix. */
function fromTorchvision(name: string): string {
  if (/^(conv1|bn1|layer\d)\./.test(name)) return `backbone.body.${name}`;
  const old = /^roi_heads\.mask_head\.mask_fcn(\d)\.(.+)$/.exec(name);
  if (old !== null) return `roi_heads.mask_head.${Number(old[1]) - 1}.0.${old[2]}`;
  return name
    .replace(/^(backbone\.fpn\.(?:inner|layer)_blocks\.\d)\.(weight|bias)$/, "$1.0.$2")
    .replace(/^rpn\.head\.conv\.(weight|bias)$/, "rpn.head.conv.0.0.$1");
}

/** Rows for each class of the layers that have any. @param name ours */
function rowsPerClass(name: string): number | undefined {
  if (/^roi_heads\.box_predictor\.bbox_pred\./.test(name)) return 4;
  return /^roi_heads\.(box_predictor\.cls_score|mask_predictor\.mask_fcn_logits)\./.test(name) ? 1 : undefined;
}

/** Whether Detectron2's layer has a row for the background. @param name ours */
function hasBackground(name: string): boolean {
  return name.startsWith("roi_heads.box_predictor.cls_score.");
}

/** The inverse of `backgroundFirst`. */
function backgroundLast(name: string, { shape, data }: NdArray, classes: number): NdArray {
  const rows = rowsPerClass(name);
  if (rows === undefined) return { shape, data };
  const size = data.length / classes;
  const foreground = (data as Float32Array).subarray(size);
  if (!hasBackground(name)) return { shape: [shape[0] - rows, ...shape.slice(1)], data: foreground.slice() };
  const out = new Float32Array(data.length);
  out.set(foreground, 0);
  out.set((data as Float32Array).subarray(0, size), foreground.length);
  return { shape, data: out };
}
