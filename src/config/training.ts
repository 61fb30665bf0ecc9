/** Options of every step that trains a network: they mean the same everywhere. */

import { expected } from "../errors";
import { type AnnotationFrame, annotationFrameOption, seedOption } from "./images";
import type { Option, OptionTable } from "./option";

/**
 * float32: exact. tf32: as NVIDIA's GPUs round the factors of float32 products. bfloat16: convolutions in mixed
 * precision.
 */
export type Precision = "float32" | "tf32" | "bfloat16";

export interface TrainingConfig {
  readonly voc12Root: string;
  readonly annotationFrame: AnnotationFrame;
  readonly trainList: string;
  readonly weights: string;
  readonly width?: number;
  readonly sessionName: string;
  readonly batchSize: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Filled in from the weight decay where it is not given. */
  readonly momentum?: number;
  readonly power: number;
  readonly cropSize: number;
  readonly jitter: boolean;
  readonly dropout: boolean;
  readonly numWorkers: number;
  readonly microBatch?: number;
  readonly precision: Precision;
  readonly gpus?: number;
  readonly resume: boolean;
  readonly seed: number;
}

const data = "Data";
const schedule = "Training";
const running = "Running";

const WEIGHT_DECAY = 5e-4;

/** The same in every step that trains a network. */
export const numWorkersOption: Option<number> = {
  kind: "integer",
  affects: "speed",
  default: 2,
  min: 0,
  max: 64,
  unit: "threads",
  group: running,
  help: "worker threads of each process that read and crop photographs ahead of the step; 0: the step's own thread does",
};

/** @param defaults of what differs between the steps */
export function trainingOptions(
  defaults: Pick<TrainingConfig, "sessionName" | "weights"> & Partial<TrainingConfig>,
): OptionTable<TrainingConfig> {
  const withDefaults = (table: OptionTable<TrainingConfig>): OptionTable<TrainingConfig> =>
    Object.fromEntries(
      Object.entries(table).map(([key, option]: [string, Option<unknown>]) => {
        const value = defaults[key as keyof TrainingConfig];
        return [key, value === undefined ? option : { ...option, default: value }];
      }),
    ) as unknown as OptionTable<TrainingConfig>;
  return withDefaults({
    voc12Root: {
      kind: "path",
      affects: "place",
      required: true,
      aliases: ["root"],
      group: data,
      help: "folder in VOC layout: JPEGImages/, ImageSets/Segmentation/, maybe dataset.json",
    },
    annotationFrame: { ...annotationFrameOption, group: data },
    trainList: {
      kind: "text",
      affects: "place",
      default: "train_aug.txt",
      group: data,
      help: "image list: a path, or a name in ImageSets/Segmentation; without the option and without that file: every image",
    },
    weights: {
      kind: "path",
      affects: "place",
      group: data,
      help: "initial weights: .pth, .params or .safetensors, of any width; new layers are initialised. imagenet: EfficientNet-Lite2 as a2gnn setup fetches it; none: from scratch, with --width",
    },
    width: {
      kind: "integer",
      affects: "fit",
      min: 1,
      max: 256,
      symbol: "64 = the published networks",
      unit: "channels of the first layer",
      group: data,
      help: "with --weights none: the network's width",
    },
    sessionName: {
      kind: "path",
      affects: "place",
      group: data,
      help: "name of the results: NAME.pth, NAME.safetensors, NAME.csv, NAME.tensorboard/; missing folders are created",
    },
    batchSize: {
      kind: "integer",
      affects: "fit",
      default: 4,
      min: 1,
      max: 4096,
      unit: "images",
      group: schedule,
      help: "images per step, over all processes together",
    },
    epochs: {
      kind: "integer",
      affects: "fit",
      default: 12,
      min: 1,
      max: 1_000_000,
      aliases: ["max_epoches", "max_epochs"],
      group: schedule,
      help: "passes over the list",
    },
    learningRate: {
      kind: "number",
      affects: "fit",
      default: 0.01,
      min: 0,
      aliases: ["lr"],
      group: schedule,
      help: "learning rate of trained layers; new layers learn ten times as fast, from scratch all learn at this rate",
    },
    weightDecay: {
      kind: "number",
      affects: "fit",
      default: WEIGHT_DECAY,
      min: 0,
      aliases: ["wt-dec"],
      group: schedule,
      help: "weight decay of weights alone",
    },
    momentum: {
      kind: "number",
      affects: "fit",
      min: 0,
      max: 0.9999,
      group: schedule,
      help: "momentum of SGD; by default it equals the weight decay, a slip of the reference, where 0.9 is usual",
    },
    power: {
      kind: "number",
      affects: "fit",
      default: 0.9,
      min: 0,
      group: schedule,
      help: "the learning rate falls by (1 - step/steps)^power",
    },
    cropSize: {
      kind: "integer",
      affects: "fit",
      default: 448,
      min: 8,
      max: 4096,
      unit: "pixels",
      group: schedule,
      help: "side of the square cut out of each photograph",
    },
    jitter: { kind: "boolean", affects: "fit", default: true, group: schedule, help: "colour jitter .3 .3 .3 .1" },
    dropout: {
      kind: "boolean",
      affects: "fit",
      default: true,
      group: schedule,
      help: "channel dropout in the last two blocks",
    },
    numWorkers: numWorkersOption,
    microBatch: {
      kind: "integer",
      affects: "speed",
      min: 1,
      unit: "images",
      group: running,
      help: "images computed together; the result is the same, fewer need less memory [default: 1 on a CPU, all on a GPU]",
    },
    precision: {
      kind: "choice",
      affects: "fit",
      choices: ["float32", "tf32", "bfloat16"],
      default: "float32",
      group: running,
      help: "precision of products; weights and sums stay float32. tf32: NVIDIA GPUs from Ampere on, faster, 10 bits of mantissa; bfloat16: convolutions with 8 bits, twice as fast on processors and GPUs that have it",
    },
    gpus: {
      kind: "integer",
      affects: "speed",
      min: 1,
      max: 64,
      aliases: ["processes"],
      group: running,
      help: "number of processes that the step starts through mpiexec, one per GPU (on a CPU, each gets a share of the cores)",
    },
    resume: {
      kind: "boolean",
      affects: "place",
      default: true,
      group: running,
      help: "resume from the session's checkpoint, which is written after every epoch and when stopped; false: start over",
    },
    seed: {
      ...seedOption,
      help: "seed of all random numbers; --help all says at its end what else the bytes depend on",
    },
  });
}

/** @throws UserError "usage" for a session whose files would have no name: "/", "out/" */
export function checkSessionName(name: string | undefined): void {
  if (name === undefined || !/(^|[\\/])\.{0,2}$/.test(name)) return;
  throw expected(
    "usage",
    "a name for the results, e.g. out/affinity for out/affinity.pth",
    `"${name}"`,
    "--session-name",
  );
}

/** SGD's momentum: without the option as large as the weight decay, the reference's slip (training/poly-sgd.ts). */
export function momentumOf({
  momentum,
  weightDecay = WEIGHT_DECAY,
}: Pick<Partial<TrainingConfig>, "momentum" | "weightDecay">): number {
  return momentum ?? weightDecay;
}

/** Whether a step's options ask for what TensorFlow must know before it is loaded. */
export function asksForTf32(config: object): boolean {
  return "precision" in config && config.precision === "tf32";
}
