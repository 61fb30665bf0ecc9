/** Every option of `reproduce`: the paper's tables on PASCAL VOC 2012 with the published inputs. */

import { imagesOptions, seedOption } from "./images";
import type { OptionTable } from "./option";
import { MODELS, type ModelName } from "./segmentation-models";

const TABLES = ["labels", "final", "ablation"] as const;
export type Table = (typeof TABLES)[number];

export interface ReproduceConfig {
  readonly table: Table;
  readonly supervision: readonly string[];
  readonly voc12Root: string;
  readonly weightsDir?: string;
  readonly initLabel?: string;
  readonly camDir?: string;
  readonly trainList: string;
  readonly scoreList: string;
  readonly valList: string;
  readonly model: ModelName;
  readonly networkWeights?: string;
  readonly width?: number;
  readonly networkEpochs?: number;
  readonly batchSize?: number;
  readonly cropSize?: number;
  readonly out: string;
  readonly dryRun: boolean;
  readonly seed: number;
}

const inputs = "Inputs";
const network = "Segmentation network";

export const reproduceOptions: OptionTable<ReproduceConfig> = {
  table: {
    kind: "choice",
    affects: "place",
    choices: TABLES,
    default: "final",
    group: "Table",
    help: "labels: pseudo labels against the masks; final: segmentation networks trained on them; ablation: what each part is worth",
  },
  supervision: {
    kind: "texts",
    affects: "place",
    choices: ["image", "point", "scribble", "box"],
    default: ["box", "scribble"],
    group: "Table",
    help: "rows of the tables labels and final",
  },
  voc12Root: { ...imagesOptions.voc12Root, affects: "place", group: inputs },
  weightsDir: {
    kind: "path",
    affects: "place",
    group: inputs,
    help: "folder of affinity networks: aff_box, aff_scribble, aff_point, aff_image, each .pth, .params or .safetensors",
  },
  initLabel: {
    kind: "path",
    affects: "place",
    group: inputs,
    help: "folder of the published seed labels: SEAM_Box, SEAM_Scribble, SEAM_Point, SEAM_Image [default: seeds straight from the weak labels]",
  },
  camDir: {
    kind: "path",
    affects: "place",
    group: inputs,
    help: "folder of class activation maps, for image and point supervision and for the ablation",
  },
  trainList: {
    kind: "text",
    affects: "place",
    default: "train_aug.txt",
    group: inputs,
    help: "photographs that are labelled and trained on",
  },
  scoreList: {
    kind: "text",
    affects: "place",
    default: "train.txt",
    group: inputs,
    help: "photographs whose masks judge the pseudo labels",
  },
  valList: {
    kind: "text",
    affects: "place",
    default: "val.txt",
    group: inputs,
    help: "photographs whose masks judge the segmentation network",
  },
  model: {
    kind: "choice",
    affects: "fit",
    choices: MODELS,
    default: "tree-fcn-resnet101",
    group: network,
    help: "the network that is trained on the pseudo labels",
  },
  networkWeights: {
    kind: "path",
    affects: "fit",
    group: network,
    help: "its initial weights; none: from scratch, with --width",
  },
  width: { kind: "integer", affects: "fit", min: 1, max: 256, group: network, help: "with --network-weights none" },
  networkEpochs: {
    kind: "integer",
    affects: "fit",
    min: 1,
    group: network,
    help: "passes over the list [default: the model's recipe]",
  },
  batchSize: {
    kind: "integer",
    affects: "fit",
    min: 1,
    max: 4096,
    unit: "images",
    group: network,
    help: "images per step [default: the model's recipe]",
  },
  cropSize: {
    kind: "integer",
    affects: "fit",
    min: 1,
    unit: "pixels",
    group: network,
    help: "side of a crop [default: the model's recipe]",
  },
  out: {
    kind: "path",
    affects: "place",
    default: "./out/reproduce",
    group: "Running",
    help: "folder for everything that is made; what is complete is not made again",
  },
  dryRun: {
    kind: "boolean",
    affects: "place",
    default: false,
    group: "Running",
    help: "print the plan: each command, what it needs, how long it takes, and what exists already",
  },
  seed: seedOption,
};
