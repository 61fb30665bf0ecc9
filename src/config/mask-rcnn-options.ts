/** Options of `train-segmenter` that only the networks which find objects look at. */

import type { OptionTable } from "./option";

/** The library whose choices a Mask R-CNN has where they differ: mask-rcnn/variant.ts. */
export const VARIANTS = ["detectron2", "torchvision"] as const;

export type VariantName = (typeof VARIANTS)[number];

/** What becomes of images without an object. */
export type EmptyImages = "skip" | "negatives";

export interface MaskRcnnConfig {
  readonly instances?: string;
  readonly objectDir?: string;
  readonly emptyImages: EmptyImages;
  readonly variant: VariantName;
  readonly shortSide: readonly number[];
  readonly longSide: number;
}

const group = "Mask R-CNN";

export const maskRcnnOptions: OptionTable<MaskRcnnConfig> = {
  instances: {
    kind: "path",
    affects: "place",
    group,
    help: "objects to learn from, in COCO's JSON: boxes, and masks as polygons or run lengths",
  },
  objectDir: {
    kind: "path",
    affects: "place",
    group,
    help: "objects to learn from, as NAME.png of object numbers (VOC's SegmentationObject); their classes are those of --label-dir",
  },
  emptyImages: {
    kind: "choice",
    affects: "fit",
    choices: ["skip", "negatives"],
    default: "skip",
    group,
    help: "images without an object: left out, or learned from as background",
  },
  variant: {
    kind: "choice",
    affects: "fit",
    choices: VARIANTS,
    default: "detectron2",
    group,
    help: "the library whose anchors, pooling, losses and mask targets are followed where the two differ; a whole network keeps its own",
  },
  shortSide: {
    kind: "numbers",
    affects: "fit",
    default: [640, 672, 704, 736, 768, 800],
    min: 32,
    max: 4096,
    group,
    help: "sizes in pixels of which one is drawn for each sample: the photograph's short side is brought to it",
  },
  longSide: {
    kind: "integer",
    affects: "fit",
    default: 1333,
    min: 32,
    max: 8192,
    unit: "pixels",
    group,
    help: "most of the long side, for which the short one gives way",
  },
};
