/** Every option of `ablate`. What a variant may change are the options of `make-pseudo-labels` and `make-seeds`. */

import path from "node:path";
import type { OptionTable } from "./option";

export interface AblateConfig {
  readonly voc12Root: string;
  readonly inferList: string;
  readonly images: number;
  readonly out: string;
  readonly grid?: string;
  readonly variants?: readonly string[];
  readonly seeds: readonly number[];
  readonly weights?: string;
  readonly camDir?: string;
  readonly processes?: number;
  readonly shard: string;
}

const data = "Data";
const table = "Table";

export const ablateOptions: OptionTable<AblateConfig> = {
  voc12Root: {
    kind: "path",
    affects: "label",
    default: path.join(__dirname, "..", "..", "data", "mini"),
    aliases: ["root"],
    group: data,
    help: "folder in VOC layout, with SegmentationClass/ to compare with",
  },
  inferList: {
    kind: "text",
    affects: "label",
    default: "train.txt",
    group: data,
    help: "image list: a path, or a name in ImageSets/Segmentation; the paper's ablations use train.txt",
  },
  images: {
    kind: "integer",
    affects: "label",
    default: 0,
    min: 0,
    group: data,
    help: "label only the first images of the list, this many; 0: all",
  },
  weights: { kind: "path", affects: "label", group: data, help: "affinity network [default: handcrafted features]" },
  camDir: {
    kind: "path",
    affects: "label",
    group: data,
    help: "class activation maps for image tags, clicks and the random walk [default: CAM in the data folder; without it those rows are left out]",
  },
  out: {
    kind: "path",
    affects: "place",
    default: path.join("out", "ablation"),
    group: table,
    help: "folder for labels and tables",
  },
  grid: {
    kind: "path",
    affects: "label",
    group: table,
    help: 'JSON list of variants: [{"group", "name", "supervision", "labels": {make-pseudo-labels options}, "seeds": {make-seeds options}, "training": {train-affinity options}}] [default: the built-in grid]',
  },
  variants: {
    kind: "texts",
    affects: "label",
    group: table,
    help: "only these rows: names, or groups, also of those beyond the default grid; all: every row [default: those that end within a quarter of an hour on data/mini]",
  },
  seeds: {
    kind: "numbers",
    affects: "label",
    default: [0, 1],
    min: 0,
    group: table,
    help: "one run per seed; the table shows mean ± deviation",
  },
  processes: {
    kind: "integer",
    affects: "speed",
    min: 1,
    max: 64,
    group: table,
    help: "number of processes that share the runs and the cores [default: one per core, at most 4; with weights above 64 MB or on a GPU, 1]",
  },
  shard: {
    kind: "text",
    affects: "place",
    default: "launched",
    group: table,
    help: "launched: under mpiexec or srun each process takes its part, alone it takes all; i/n: this process takes every n-th run; whoever ends last has all in its table",
  },
};
