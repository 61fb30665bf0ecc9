/** Every option of `evaluate` (docs/method.md, section 5). */

import { type AnnotationFrame, annotationFrameOption, onlyOption } from "./images";
import type { OptionTable } from "./option";

export interface EvaluateConfig {
  readonly pred: string;
  readonly gt?: string;
  readonly list?: string;
  readonly only?: readonly string[];
  readonly voc12Root?: string;
  readonly stage?: string;
  readonly csv?: string;
  readonly confusion?: string;
  readonly instances: boolean;
  readonly curves?: string;
  readonly annotationFrame: AnnotationFrame;
}

export const evaluateOptions: OptionTable<EvaluateConfig> = {
  pred: {
    kind: "path",
    affects: "place",
    required: true,
    aliases: ["save-path", "prediction"],
    help: "folder of predicted labels, NAME.png; pixels with the ignore value count as misses. With --instances: COCO's results JSON, or a COCO file with scores",
  },
  gt: {
    kind: "path",
    affects: "place",
    aliases: ["ground-truth"],
    help: "folder of true labels, NAME.png; pixels with the ignore value do not count [default: SegmentationClass in the data folder]. With --instances: COCO's JSON [default: instances.json in the data folder]",
  },
  list: {
    kind: "text",
    affects: "place",
    aliases: ["infer-list"],
    help: "image list: a path, or a name in the data folder's ImageSets/Segmentation [default: every label in --gt]",
  },
  only: {
    ...onlyOption,
    group: undefined,
    help: "images that count, by name, e.g. img1,img7 [default: all of the list]",
  },
  voc12Root: {
    kind: "path",
    affects: "place",
    aliases: ["root"],
    help: "data folder, for lists and dataset.json [default: the folder that holds --gt]",
  },
  stage: {
    kind: "text",
    affects: "label",
    help: 'what was predicted, for the report, e.g. "pseudo label" [default: the name of --pred]',
  },
  csv: { kind: "path", affects: "place", help: "file for the table: one row a class" },
  confusion: {
    kind: "path",
    affects: "place",
    help: "file for the confusion matrix as CSV: pixels, rows truth, columns prediction",
  },
  instances: {
    kind: "boolean",
    affects: "place",
    default: false,
    group: "Instances",
    help: "compare instances: COCO's average precision and recall of masks and boxes, equal to pycocotools; VOC's AP of regions and average best overlap",
  },
  curves: {
    kind: "path",
    affects: "place",
    group: "Instances",
    help: "file for a picture of precision over recall, .png or .svg",
  },
  annotationFrame: annotationFrameOption,
};
