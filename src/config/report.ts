/** Every option of `report`. */

import type { OptionTable } from "./option";

export interface ReportConfig {
  readonly pred: string;
  readonly voc12Root: string;
  readonly gt?: string;
  readonly list?: string;
  readonly out?: string;
  readonly title?: string;
  readonly pictures: number;
}

export const reportOptions: OptionTable<ReportConfig> = {
  pred: {
    kind: "path",
    affects: "place",
    required: true,
    aliases: ["save-path"],
    help: "folder of labels that make-pseudo-labels wrote; its run.json tells how they were made",
  },
  voc12Root: {
    kind: "path",
    affects: "place",
    required: true,
    aliases: ["root"],
    help: "the data folder: photographs, lists, dataset.json",
  },
  gt: { kind: "path", affects: "place", help: "folder of true labels [default: SegmentationClass in the data folder]" },
  list: {
    kind: "text",
    affects: "place",
    aliases: ["infer-list"],
    help: "image list [default: every label in --pred that has a true one]",
  },
  out: { kind: "path", affects: "place", help: "file for the page [default: report.html in --pred]" },
  title: { kind: "text", affects: "label", help: "title of the page [default: the name of --pred]" },
  pictures: {
    kind: "integer",
    affects: "label",
    default: 3,
    min: 1,
    max: 20,
    help: "number of pictures each of the best, the middle and the worst images",
  },
};
