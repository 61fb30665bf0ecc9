/** Every option of `check`: where the folder's weak labels are, as `make-seeds` names them, and the contact sheet. */

import { type MakeSeedsConfig, makeSeedsOptions } from "./make-seeds";
import type { OptionTable } from "./option";

type Places = Pick<
  MakeSeedsConfig,
  | "voc12Root"
  | "boxXmlPath"
  | "points"
  | "scribbles"
  | "labelme"
  | "coco"
  | "yolo"
  | "yoloClasses"
  | "cvat"
  | "labelStudio"
  | "annotationFrame"
  | "tags"
  | "tagsForm"
  | "gt"
>;

export interface CheckConfig extends Places {
  readonly inferList?: string;
  readonly contactSheet?: string;
  readonly sheetPhotographs: number;
}

const { voc12Root, boxXmlPath, points, scribbles, labelme, coco, yolo, yoloClasses, cvat, labelStudio } =
  makeSeedsOptions;
const { annotationFrame, tags, tagsForm, gt } = makeSeedsOptions;

export const checkOptions: OptionTable<CheckConfig> = {
  voc12Root: {
    ...voc12Root,
    help: "folder of photographs, or of the VOC layout: JPEGImages/, Annotations/, …",
  },
  inferList: {
    kind: "text",
    affects: "place",
    group: "Data",
    help: "check the images of this list alone: a path, or a name in ImageSets/Segmentation [default: every photograph]",
  },
  gt: { ...gt, help: "folder of true labels [default: SegmentationClass in the data folder]" },
  boxXmlPath,
  points,
  scribbles,
  labelme,
  coco,
  yolo,
  yoloClasses,
  cvat,
  labelStudio,
  tags: { ...tags, group: "Weak labels" },
  tagsForm: { ...tagsForm, group: "Weak labels" },
  annotationFrame,
  contactSheet: {
    kind: "path",
    affects: "place",
    group: "Contact sheet",
    help: "picture of the photographs with their weak labels drawn over them: a page (.html) or a PNG (.png)",
  },
  sheetPhotographs: {
    kind: "integer",
    affects: "place",
    default: 60,
    min: 1,
    max: 1000,
    group: "Contact sheet",
    help: "photographs on the sheet at most: those that would fail first, then some of every class",
  },
};
