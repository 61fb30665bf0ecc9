/**
 * Every option of `make-pseudo-labels`: those of one photograph's label (`label-photograph.ts`), and those of a folder of them,
 * where labels come from and go, and of the objects in them.
 */

import {
  type ImagesConfig,
  imagesOptions,
  onlyOption,
  remakeOption,
  shardOption,
  type WeakLabelsConfig,
  weakLabelsOptions,
} from "./images";
import { type LabelConfig, labelOptions, type Supervision } from "./label-photograph";
import type { IgnoredFlags, OptionTable } from "./option";

/** Formats of instance labels. */
const INSTANCE_FORMATS = ["voc", "coco", "labelme", "yolo"] as const;
export type InstanceFormat = (typeof INSTANCE_FORMATS)[number];

/** Formats of `--export`. */
const EXPORTS = ["coco", "coco-rle", "yolo-seg", "labelme", "voc"] as const;

/** Of a list of images; mixed: whatever each photograph has. */
export type ListSupervision = Supervision | "mixed";

export interface MakePseudoLabelsConfig extends ImagesConfig, WeakLabelsConfig, Omit<LabelConfig, "supervision"> {
  readonly supervision?: ListSupervision;
  readonly savePath: string;
  readonly overlay?: string;
  readonly outProb?: string;
  readonly fits?: string;
  readonly seedLabelRoot?: string;
  readonly withoutBoxes: "fail" | "background";
  readonly camDir?: string;
  readonly crfThreads: number;
  readonly inFlight?: number;
  readonly export?: readonly string[];
  readonly exportDir?: string;
  readonly instances: boolean;
  readonly instanceRule: "graph" | "smaller";
  readonly instanceLeastShare: number;
  readonly instanceFormats: readonly string[];
  readonly instancePolygons: boolean;
}

const data = "Data";
const supervision = "Weak labels";
const crf = "Dense CRF";
const exporting = "Exports";
const instances = "Instances";
const running = "Running";

const { supervision: kind, pointRim, seed, ...label } = labelOptions;

/** In the order of the help. */
export const makePseudoLabelsOptions: OptionTable<MakePseudoLabelsConfig> = {
  ...imagesOptions,
  savePath: {
    kind: "path",
    affects: "place",
    group: data,
    help: "folder for the labels (8-bit palette PNG); existing labels are kept [default: ./out/box_pred, ./out/scribble_pred, …]",
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
  fits: {
    kind: "path",
    affects: "place",
    group: data,
    help: "folder that keeps the trained logits of each image; a run that differs only in resizing, random walk or dense CRF starts from them",
  },
  supervision: {
    ...kind,
    choices: ["image", "point", "scribble", "box", "mixed"],
    help: "kind of weak label; mixed: whatever each photograph has [default: box with --box-xml-path; with --rw true image, or point with --points; scribble with --rw false or --seed-label-root; else mixed]",
  },
  seedLabelRoot: {
    kind: "path",
    affects: "fit",
    group: supervision,
    help: "folder of seed labels (PNG of class indices, unknown = the ignore value); without it seeds come from the files below",
  },
  ...weakLabelsOptions,
  pointRim,
  withoutBoxes: {
    kind: "choice",
    affects: "fit",
    choices: ["fail", "background"],
    default: "fail",
    group: supervision,
    help: "treatment of an image without any box: report it as failed, or take it as background, without MP loss",
  },
  camDir: {
    kind: "path",
    affects: "label",
    group: supervision,
    help: "folder of class activation maps, NAME.npy, as infer-seam writes them; needed for the random walk",
  },
  ...label,
  crfThreads: {
    kind: "integer",
    affects: "speed",
    default: 1,
    min: 1,
    max: 64,
    group: crf,
    help: "worker threads for the dense CRF, which runs while the next image trains; a single image is sharpened on two threads at once",
  },
  inFlight: {
    kind: "integer",
    affects: "speed",
    min: 1,
    max: 64,
    symbol: "1, on a GPU 2",
    group: running,
    help: "images trained side by side in one process, in turns of a step: one prepares and copies while another computes on the card; no label depends on it",
  },
  export: {
    kind: "texts",
    affects: "place",
    choices: EXPORTS,
    group: exporting,
    help: "the labels for other tools besides, each region an object: coco (polygons) and coco-rle: annotations.json; yolo-seg: labels/NAME.txt and data.yaml; labelme: NAME.json; voc: masks, boxes, list",
  },
  exportDir: {
    kind: "path",
    affects: "place",
    group: exporting,
    help: "folder for the exports, one folder a format [default: exports below --save-path]",
  },
  instances: {
    kind: "boolean",
    affects: "label",
    default: false,
    group: instances,
    help: "besides the class label a mask of each object, in the folder instances below --save-path: an object is a box with what is drawn in it; elsewhere clicks with one id, a stroke, a click",
  },
  instanceRule: {
    kind: "choice",
    affects: "label",
    choices: ["graph", "smaller"],
    default: "graph",
    group: instances,
    help: "whose a pixel is that several boxes of its class hold: by the graph's affinities, or the smaller box's",
  },
  instanceLeastShare: {
    kind: "number",
    affects: "label",
    default: 0.35,
    min: 0,
    max: 1,
    group: instances,
    help: "a box with a smaller share of its pixels labelled as its object gets the ellipse within it as well: the class label has lost the object; 0: never",
  },
  instanceFormats: {
    kind: "texts",
    affects: "label",
    choices: INSTANCE_FORMATS,
    default: ["voc", "coco"],
    group: instances,
    help: "voc: SegmentationObject; coco: instances.json, always written; labelme: a JSON for each image; yolo: segmentation text",
  },
  instancePolygons: {
    kind: "boolean",
    affects: "label",
    default: false,
    group: instances,
    help: "polygons in COCO's JSON, instead of compressed run lengths",
  },
  seed,
  remake: remakeOption,
  only: onlyOption,
  shard: shardOption,
};

/** Flags of the reference that have no meaning here. */
export const ignoredFlags: IgnoredFlags = {
  network: "there is one network, and its width is read from the weights",
  num_workers: "the next image is always read ahead, and --crf-threads counts the dense CRF's threads",
  num_class: "the class list comes from dataset.json, else it is VOC's",
};
