/** Every option of `learn`: from a folder of partly labelled photographs to labels of all of them. */

import { imagesOptions, seedOption } from "./images";
import { completeConfig, type OptionTable } from "./option";
import { LIGHT_MODEL, MODELS, type ModelName } from "./segmentation-models";
import { numWorkersOption } from "./training";

/**
 * How the network's opinion joins what the weak label of a photograph says.
 * product  probabilities of the graph network times the network's, in the classes that the weak label names
 * none     the weak label alone
 */
const REFINEMENTS = ["product", "none"] as const;
export type Refinement = (typeof REFINEMENTS)[number];

export interface LearnConfig {
  readonly voc12Root: string;
  readonly list: string;
  readonly labelledList?: string;
  readonly supervision: "mixed" | "box" | "point" | "scribble";
  readonly out: string;
  readonly budget?: string;
  readonly dryRun: boolean;
  readonly rounds: number;
  readonly labelEpochs?: number;
  readonly features?: "imagenet" | "handcrafted";
  readonly model: ModelName;
  readonly weights?: string;
  readonly width?: number;
  readonly networkSteps?: number;
  readonly batchSize: number;
  readonly cropSize?: number;
  readonly learningRate?: number;
  readonly freezeBackbone?: boolean;
  readonly flip?: boolean;
  readonly refine: Refinement;
  readonly pictures: number;
  readonly crfThreads: number;
  readonly numWorkers?: number;
  readonly seed: number;
}

const data = "Data";
const time = "Time";
const network = "Network";
const result = "Result";

export const learnOptions: OptionTable<LearnConfig> = {
  voc12Root: {
    ...imagesOptions.voc12Root,
    affects: "place",
    aliases: ["root", "images", "folder"],
    help: "folder in VOC layout, or a plain folder of photographs; weak labels in any format that make-seeds reads",
  },
  list: {
    kind: "text",
    affects: "place",
    default: "all.txt",
    aliases: ["infer-list"],
    group: data,
    help: "photographs to label: a path, or a name in ImageSets/Segmentation [default: every photograph of the folder]",
  },
  labelledList: {
    kind: "text",
    affects: "fit",
    group: data,
    help: "photographs whose weak labels count, so that the others stay unseen [default: all that have any]",
  },
  supervision: {
    kind: "choice",
    affects: "fit",
    choices: ["mixed", "box", "point", "scribble"],
    default: "mixed",
    group: data,
    help: "kind of weak label that counts; mixed: whatever each photograph has",
  },
  out: {
    kind: "path",
    affects: "place",
    default: "./out/learn",
    group: data,
    help: "folder for everything that is made; the same command resumes in it",
  },
  budget: {
    kind: "text",
    affects: "fit",
    group: time,
    help: "time to fit into, such as 30m or 2h: fewer steps, smaller crops, fewer rounds; an estimate, not a stopwatch",
  },
  dryRun: {
    kind: "boolean",
    affects: "place",
    default: false,
    group: time,
    help: "print what would be done and how long it will take, and stop",
  },
  rounds: {
    kind: "integer",
    affects: "fit",
    default: 1,
    min: 1,
    max: 5,
    group: time,
    help: "times that a network is trained, from the second on the labels of the one before, doubtful pixels left out",
  },
  labelEpochs: {
    kind: "integer",
    affects: "fit",
    min: 1,
    unit: "steps",
    group: "Labels of weak labels",
    help: "training steps of each phase for a photograph's own label, as --epochs of make-pseudo-labels [default: its own, fewer with a tight --budget]",
  },
  features: {
    kind: "choice",
    affects: "fit",
    choices: ["imagenet", "handcrafted"],
    group: "Labels of weak labels",
    help: "features of a photograph's own graph, as in make-pseudo-labels [default: imagenet for strokes and clicks where it is set up, else handcrafted]",
  },
  model: {
    kind: "choice",
    affects: "fit",
    choices: MODELS,
    default: LIGHT_MODEL,
    group: network,
    help: "the network that learns from the labels",
  },
  weights: {
    kind: "path",
    affects: "fit",
    group: network,
    help: "its initial weights, as for train-segmenter [default: of the light network what ImageNet taught, as a2gnn setup fetches it]; none: from scratch, with --width",
  },
  width: {
    kind: "integer",
    affects: "fit",
    min: 1,
    max: 256,
    unit: "channels of the first layer",
    group: network,
    help: "with --weights none: the network's width",
  },
  networkSteps: {
    kind: "integer",
    affects: "fit",
    min: 1,
    unit: "steps",
    group: network,
    help: "training steps of the network [default: what 30 passes over the labelled photographs take, at least 400 and at most 4000, fewer with a tight --budget]",
  },
  batchSize: {
    kind: "integer",
    affects: "fit",
    default: 8,
    min: 1,
    max: 256,
    unit: "images",
    group: network,
    help: "images per step",
  },
  cropSize: {
    kind: "integer",
    affects: "fit",
    min: 1,
    unit: "pixels",
    group: network,
    help: "side of the square cut out of each photograph [default: the model's recipe, smaller with a tight --budget]",
  },
  learningRate: {
    kind: "number",
    affects: "fit",
    min: 0,
    aliases: ["lr"],
    group: network,
    help: "learning rate of the network [default: the recipe's for pseudo labels]",
  },
  freezeBackbone: {
    kind: "boolean",
    affects: "fit",
    group: network,
    help: `of ${LIGHT_MODEL}: only what follows the backbone learns, in about half the time [default: only with a tight --budget]`,
  },
  flip: {
    kind: "boolean",
    affects: "label",
    group: network,
    help: "look at the mirror image of each photograph as well [default: yes, unless a tight --budget forbids]",
  },
  refine: {
    kind: "choice",
    affects: "label",
    choices: REFINEMENTS,
    default: "product",
    group: result,
    help: "how the network joins what a photograph's own weak label says: the product of both probabilities, or not at all",
  },
  pictures: {
    kind: "integer",
    affects: "place",
    default: 24,
    min: 0,
    max: 1000,
    group: result,
    help: "photographs shown in the report, the most doubtful first",
  },
  crfThreads: {
    kind: "integer",
    affects: "speed",
    default: 1,
    min: 0,
    max: 64,
    group: "Running",
    help: "worker threads for the dense CRF, which runs while the next photograph is computed; 0: none",
  },
  numWorkers: { ...numWorkersOption, default: undefined },
  seed: seedOption,
};

/** @throws UserError "usage" */
export function resolveLearnConfig(given: Partial<LearnConfig>): LearnConfig {
  return completeConfig<LearnConfig>(given, learnOptions);
}
