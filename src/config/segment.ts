/** Every option of `segment` (docs/method.md, section 4). */

import { type DenseCrfConfig, denseCrfOptions } from "./dense-crf";
import { type ImagesConfig, imagesOptions, onlyOption, remakeOption, shardOption } from "./images";
import { completeConfig, type OptionTable } from "./option";

/** Options of `--instances`: objects in place of labels. */
export interface InstanceOptions {
  readonly instances: boolean;
  readonly truth?: string;
  readonly shortSide: number;
  readonly longSide: number;
  readonly leastScore: number;
  readonly objectOverlap: number;
  readonly mostObjects: number;
  readonly tile?: number;
}

export interface SegmentConfig extends ImagesConfig, DenseCrfConfig, InstanceOptions {
  readonly weights: string;
  readonly savePath: string;
  readonly overlay?: string;
  readonly outProb?: string;
  readonly scales: readonly number[];
  readonly flip: boolean;
  readonly workPixels: number;
  readonly denseCrf: boolean;
  readonly crfThreads: number;
}

const data = "Data";
const inference = "Inference";
const objects = "Objects, with --instances";

export const instanceOptions: OptionTable<InstanceOptions> = {
  instances: {
    kind: "boolean",
    affects: "label",
    default: false,
    group: objects,
    help: "find objects with a Mask R-CNN: each a box, a mask, a class and a score, in COCO's JSON",
  },
  truth: {
    kind: "path",
    affects: "place",
    group: objects,
    help: "COCO file whose ids of images and categories results.json has [default: numbers from 1]",
  },
  shortSide: {
    kind: "integer",
    affects: "label",
    default: 800,
    min: 32,
    max: 4096,
    unit: "pixels",
    group: objects,
    help: "the network sees a photograph whose short side is brought to this",
  },
  longSide: {
    kind: "integer",
    affects: "label",
    default: 1333,
    min: 32,
    max: 8192,
    unit: "pixels",
    group: objects,
    help: "most of the long side, for which the short one gives way",
  },
  leastScore: {
    kind: "number",
    affects: "label",
    default: 0.05,
    min: 0,
    max: 1,
    group: objects,
    help: "objects below this score are left out",
  },
  objectOverlap: {
    kind: "number",
    affects: "label",
    default: 0.5,
    min: 0,
    max: 1,
    group: objects,
    help: "of two objects of one class whose boxes overlap by more, the one with the lower score is left out",
  },
  mostObjects: {
    kind: "integer",
    affects: "label",
    default: 100,
    min: 1,
    max: 10000,
    group: objects,
    help: "of a photograph, by score",
  },
  tile: {
    kind: "integer",
    affects: "label",
    min: 64,
    max: 16384,
    unit: "pixels",
    group: objects,
    help: "side of overlapping tiles in which a larger photograph is looked at besides as a whole, for small objects",
  },
};

export const segmentOptions: OptionTable<SegmentConfig> = {
  voc12Root: {
    ...imagesOptions.voc12Root,
    aliases: ["root", "images"],
    help: "folder in VOC layout, or a plain folder of photographs; its dataset.json names the classes, VOC's hold without one",
  },
  inferList: { ...imagesOptions.inferList, default: "val.txt" },
  frame: imagesOptions.frame,
  weights: {
    kind: "path",
    affects: "label",
    required: true,
    group: data,
    help: "a segmentation network, or with --instances a Mask R-CNN: .safetensors, .pth, or Detectron2's .pkl; its model, width and classes are read from it",
  },
  savePath: {
    kind: "path",
    affects: "place",
    default: "./out/segment",
    group: data,
    help: "folder for the labels (8-bit palette PNG); existing labels are kept",
  },
  overlay: {
    kind: "path",
    affects: "place",
    group: data,
    help: "folder for pictures of the label drawn over the photograph",
  },
  outProb: {
    kind: "path",
    affects: "place",
    group: data,
    help: "folder for the probabilities before the dense CRF, one .npy of [classes, height, width] per image",
  },
  scales: {
    kind: "numbers",
    affects: "label",
    default: [0.5, 0.75, 1, 1.25, 1.5],
    min: 0.05,
    max: 8,
    group: inference,
    help: "sizes at which the network sees the photograph; their probabilities are averaged",
  },
  flip: {
    kind: "boolean",
    affects: "label",
    default: true,
    group: inference,
    help: "each scale with its mirror image",
  },
  workPixels: {
    kind: "integer",
    affects: "label",
    default: 1_000_000,
    min: 0,
    unit: "pixels",
    group: inference,
    help: "a larger photograph is looked at in this size, and its label brought back to its own along its edges; 0: never",
  },
  denseCrf: {
    kind: "boolean",
    affects: "label",
    default: true,
    group: "Dense CRF",
    help: "sharpen the probabilities; --dense-crf off takes their argmax",
  },
  // reference: kazuto1011/deeplab-pytorch configs/voc12.yaml
  ...denseCrfOptions({ crfGaussianSxy: 1, crfBilateralSxy: 67, crfBilateralSrgb: 3, crfBilateralCompat: 4 }),
  crfThreads: {
    kind: "integer",
    affects: "speed",
    default: 1,
    min: 1,
    max: 64,
    group: "Dense CRF",
    help: "worker threads for the dense CRF, which runs while the network sees the next image",
  },
  ...instanceOptions,
  remake: remakeOption,
  only: onlyOption,
  shard: shardOption,
};

/** @throws UserError "usage" */
export function resolveConfig(given: Partial<SegmentConfig>): SegmentConfig {
  return completeConfig<SegmentConfig>(given, segmentOptions);
}
