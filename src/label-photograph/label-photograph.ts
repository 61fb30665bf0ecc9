/**
 * The paper's act as one function: a photograph and its weak label become a label of every pixel (docs/method.md,
 * section 3). The command line calls the same parts with the disk around them.
 */

import path from "node:path";
import { featuresOfWeights } from "../affinity/open-affinity-net";
import { backendInUse, useBackend } from "../backend";
import type { LabelConfig } from "../config/label-photograph";
import { type ResolvedLabelConfig, resolveLabelConfig } from "../config/pseudo-label-presets";
import { checkDataset, type DatasetDescription } from "../data/dataset";
import { decodeRgb, type RgbImage, readRgb } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { VOC } from "../data/voc";
import { type Sharpener, sharpenerHere } from "../dense-crf/sharpen";
import { expected, UserError } from "../errors";
import type { FitResult } from "../graph/fit";
import type { FitOptions } from "../graph/fit-options";
import type { ImageGraph } from "../graph/image-graph";
import { unlessAborted } from "../parallel/unless-aborted";
import { findBackbone } from "../setup/backbone";
import { type CheckedLabels, checkWeakLabels } from "./checked-labels";
import { confidentSeed } from "./confident-seed";
import { finishLabel } from "./finish-label";
import { type GraphSource, openGraphSource } from "./graph-source";
import { valuesIn } from "./image-classes";
import { fitImage } from "./label-image";
import { type FitTask, labelProbabilities } from "./label-probabilities";
import { checkMemory, classCount } from "./memory";
import { canResume, type LearnedParameters, resumedParameters } from "./resume-parameters";
import type { WeakLabels } from "./weak-labels";
import { cutsOf, supervisionOf, type WeakSeed, weakSeed } from "./weak-seed";

/** Where a call has got to. */
export interface LabelProgress {
  readonly stage: "seed" | "graph" | "fit" | "walk" | "dense-crf";
  /** While the network trains: steps done, of `total`, and the loss of the last one. */
  readonly step?: number;
  readonly total?: number;
  readonly loss?: number;
}

/**
 * Every option of `make-pseudo-labels` that is not a file or folder of a data set, by its name in the configuration; the
 * defaults are the command line's, which depend on the kind of weak label and on the features.
 */
export interface LabelPhotographOptions
  extends Partial<LabelConfig>,
    Pick<FitOptions, "losses" | "network" | "optimiser"> {
  /** Classes, palette and ignore value. A list of class names, background first, will do. Default: PASCAL VOC. */
  readonly dataset?: DatasetDescription | readonly string[];
  /** The photograph's name: random numbers depend on `seed` and on it. Default: the file's name without extension, else "". */
  readonly name?: string;
  /** Where the graph comes from: an open source, or a graph of this photograph, which the caller disposes. */
  readonly graph?: GraphSource | ImageGraph;
  /**
   * An earlier result for the same photograph. Its settings hold where no others are given, and a graph that it kept is
   * used again. Training resumes from what it learned, with `RESUMED_STEPS` instead of the full number; with a class that
   * had no seeds then, it starts from the beginning.
   */
  readonly initial?: EarlierResult;
  /** Return the graph; the caller disposes it. Default false. */
  readonly keepGraph?: boolean;
  /** Runs the dense CRF, e.g. `openSharpener(1)` in another thread. Default: in the calling thread. */
  readonly sharpener?: Sharpener;
  readonly onProgress?: (progress: LabelProgress) => void;
  /** Aborting rejects with the signal's reason at the next training step or stage, and frees every tensor. */
  readonly signal?: AbortSignal;
}

/** As much of a result as a further one resumes from; the large arrays may be let go. */
export type EarlierResult = Pick<LabelledPhotograph, "learned" | "settings" | "graph">;

export interface LabelledPhotograph {
  readonly image: RgbImage;
  /** A class of the data set for every pixel. */
  readonly label: LabelMap;
  /** [H·W, K] after the dense CRF, a column for each of `classes`; `label` holds the most probable of them. */
  readonly probabilities: Float32Array;
  /** The data set's class of each column, ascending, background first. */
  readonly classes: readonly number[];
  /** The seed label that the network was trained on: a class, or the ignore value. */
  readonly seed: LabelMap;
  /** Only with `keepGraph`; the caller disposes it. */
  readonly graph?: ImageGraph;
  /** Training loss of every step: "total", and each term by its name. */
  readonly losses: Readonly<Record<string, Float32Array>>;
  readonly learned: LearnedParameters;
  /** Every option, with what was inferred. */
  readonly settings: ResolvedLabelConfig;
  /** Seconds of each stage, and "total". */
  readonly timings: Readonly<Record<LabelProgress["stage"] | "total", number>>;
  /** What the user should know of the weak label and of the defaults taken. */
  readonly notices: readonly string[];
  /** The data set that `label` and `classes` refer to. */
  readonly dataset: DatasetDescription;
}

/** Training steps of each phase where a training resumes, unless others are given. */
const RESUMED_STEPS = 10;

/**
 * Labels every pixel of one photograph from its weak label.
 *
 * ```ts
 * const { label } = await labelPhotograph("cat.jpg", { boxes: [{ class: "cat", xmin: 40, ymin: 30, xmax: 310, ymax: 280 }] });
 * ```
 *
 * @param image pixels, an image file (JPEG, PNG, WebP, BMP, TIFF, GIF, AVIF), or its bytes
 * @throws UserError "input" for an unusable photograph or weak label, "usage" for options that do not fit together
 */
export async function labelPhotograph(
  image: RgbImage | string | Uint8Array,
  weak: WeakLabels,
  options: LabelPhotographOptions = {},
): Promise<LabelledPhotograph> {
  const { dataset: described, name, graph, initial, keepGraph = false, onProgress, signal, ...rest } = options;
  const { sharpener = sharpenerHere, losses, network, optimiser, ...given } = rest;
  const stages = new Stages(onProgress, signal);
  await stages.begin("seed");
  if (backendInUse() === undefined) await useBackend();
  const dataset = datasetOf(described);
  const rgb = await photographOf(image);
  const labels = checkWeakLabels(weak, dataset, rgb);
  const features = given.features ?? (await featuresOfWeights(given.weights));
  const { config: usual, notices } = settingsOf({ ...given, features }, labels, initial);
  const named = [...labels.boxes, ...labels.clicks].map((each) => each.class);
  const drawnOnes = [...new Set(labels.strokes?.data ?? []), ...new Set(labels.seed?.data ?? [])];
  checkMemory(rgb, classCount(usual.features, [...named, ...drawnOnes], dataset.classes.length), usual);
  const seed = await seedOf(labels, rgb, dataset, usual, sharpener, signal);
  const taught = taughtBy(seed, labels, dataset);
  const resumes = initial !== undefined && canResume(initial.learned, taught);
  const config = resumes ? { ...usual, ...resumedSteps(given) } : usual;
  const { label, drawn } = seed;
  const prepared = { image: rgb, seed: label, boxes: labels.boxes, drawn, ...(config.rw ? { maps: labels.maps } : {}) };
  const source = await openGraph(graph, initial, config);
  const imageName = name ?? (typeof image === "string" ? path.parse(image).name : "");
  let kept = false;
  try {
    const fitted: Fitted[] = [];
    const unsharpened = await labelProbabilities(prepared, config, dataset, {
      name: imageName,
      buildGraph: (small) => source.buildGraph(small, imageName),
      onStage: (stage) => stages.begin(stage),
      fit: async (task) => {
        const begin = resumes ? { initial } : {};
        const result = await fitTask(task, config, { ...begin, onProgress, signal, losses, network, optimiser });
        fitted.push({ task, result });
        return result.logits;
      },
    });
    await stages.begin("dense-crf");
    const finished = await finishLabel(unsharpened, config, sharpener);
    signal?.throwIfAborted();
    const [{ task, result }] = fitted;
    kept = keepGraph;
    return {
      image: rgb,
      ...finished,
      seed: seed.label,
      ...(keepGraph ? { graph: task.input.graph } : {}),
      losses: { total: result.losses, ...result.terms },
      learned: learnedOf(task, result, taught),
      settings: config,
      timings: stages.end(),
      notices: [...(rgb.notices ?? []), ...notices, ...labels.notices, ...seed.notices],
      dataset,
    };
  } finally {
    source.close(kept);
  }
}

// --- internal ---

interface Fitted {
  readonly task: FitTask;
  readonly result: FitResult;
}

function datasetOf(given: DatasetDescription | readonly string[] | undefined): DatasetDescription {
  if (given === undefined) return VOC;
  return checkDataset(Array.isArray(given) ? { classes: given } : given, "dataset");
}

async function photographOf(image: RgbImage | string | Uint8Array): Promise<RgbImage> {
  if (typeof image === "string") return readRgb(image);
  if (image instanceof Uint8Array) return decodeRgb(image, "image");
  const { width, height, data } = image;
  const fits = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (
    !fits ||
    !(data instanceof Uint8Array || (data as unknown) instanceof Uint8ClampedArray) ||
    data.length !== 3 * width * height
  )
    throw expected(
      "input",
      "3 bytes of RGB a pixel, a file, or its bytes",
      `${data?.length} values for ${width}×${height} pixels`,
      "image",
    );
  return image;
}

function settingsOf(
  given: Partial<LabelConfig>,
  labels: CheckedLabels,
  initial: EarlierResult | undefined,
): { config: ResolvedLabelConfig; notices: readonly string[] } {
  const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { epochs: _, crfEpochs: __, ...earlier } = initial?.settings ?? {}; // of a training that may have been a short one
  const known = {
    supervision: given.supervision ?? initial?.settings.supervision ?? supervisionOf(labels) ?? "scribble",
    hasMaps: labels.maps !== undefined,
    hasBackbone: findBackbone() !== undefined,
  };
  return resolveLabelConfig({ ...earlier, ...stated }, known);
}

/** A training that resumes needs few steps. */
function resumedSteps({ epochs = RESUMED_STEPS, crfEpochs = epochs }: Partial<LabelConfig>): {
  readonly epochs: number;
  readonly crfEpochs: number;
} {
  return { epochs, crfEpochs };
}

/** The classes that the graph network learns of, ascending. */
function taughtBy({ label }: WeakSeed, { boxes }: CheckedLabels, { ignore }: DatasetDescription): readonly number[] {
  const classes = new Set([...valuesIn(label), ...boxes.map((box) => box.class)]);
  classes.delete(ignore);
  return [...classes].sort((a, b) => a - b);
}

/** Tags with maps and nothing else: their confident label. GrabCut looks into boxes where that is asked for. */
async function seedOf(
  labels: CheckedLabels,
  image: RgbImage,
  dataset: DatasetDescription,
  config: ResolvedLabelConfig,
  sharpener: Sharpener,
  signal: AbortSignal | undefined,
): Promise<WeakSeed> {
  const { maps } = labels;
  if (maps !== undefined && labels.seed === undefined && supervisionOf(labels) === "image") {
    const { width, height } = image;
    const data = await confidentSeed({ width, height, maps }, image, dataset, sharpener);
    return weakSeed({ ...labels, seed: { width, height, data } }, image, dataset, config);
  }
  const cuts = await unlessAborted(cutsOf(labels, image, dataset, config), signal);
  return weakSeed(labels, image, dataset, config, cuts);
}

interface OpenGraph {
  buildGraph(image: RgbImage, name: string): Promise<ImageGraph>;
  /** @param keep whether the graph that was built stays */
  close(keep: boolean): void;
}

/** A graph, or a source of graphs, that the caller brings along is not disposed here. */
async function openGraph(
  given: GraphSource | ImageGraph | undefined,
  initial: EarlierResult | undefined,
  config: ResolvedLabelConfig,
): Promise<OpenGraph> {
  const isGraph = given !== undefined && "affinity" in given;
  const ready = isGraph ? given : given === undefined ? initial?.graph : undefined;
  if (ready !== undefined) {
    if (ready.features.isDisposed)
      throw new UserError("usage", "expected a graph in use, got one that is disposed (graph)");
    return { buildGraph: async () => ready, close: () => undefined };
  }
  const source = given !== undefined && !isGraph ? given : await openGraphSource(config);
  let built: ImageGraph | undefined;
  return {
    buildGraph: async (image, name) => {
      built = await source.buildGraph(image, name);
      return built;
    },
    close: (keep) => {
      if (!keep) built?.dispose();
      if (source !== given) source.dispose();
    },
  };
}

type FitPart = "signal" | "losses" | "network" | "optimiser";

async function fitTask(
  { input, options, classes }: FitTask,
  { hidden, layers, epochs, crfEpochs }: ResolvedLabelConfig,
  { initial, onProgress, ...parts }: Pick<LabelPhotographOptions, "initial" | "onProgress" | FitPart>,
): Promise<FitResult> {
  const { seed = 0 } = options;
  const begin =
    initial === undefined
      ? {}
      : {
          initial: resumedParameters(
            initial.learned,
            input.graph,
            classes,
            { hidden, layers, seed },
            parts.network !== undefined,
          ),
        };
  const total = epochs + crfEpochs;
  return fitImage(input, { ...options, ...parts, ...begin }, (step, loss) =>
    onProgress?.({ stage: "fit", step: step + 1, total, loss }),
  );
}

function learnedOf(
  { input: { graph }, classes }: FitTask,
  { parameters }: FitResult,
  taught: readonly number[],
): LearnedParameters {
  const { channels, columns } = graph;
  return { channels, columns, classes, taught, parameters };
}

/** Tells and times the stages of one call. */
class Stages {
  private readonly seconds = { seed: 0, graph: 0, fit: 0, walk: 0, "dense-crf": 0 };
  private readonly started = performance.now();
  private current: { readonly stage: LabelProgress["stage"]; readonly since: number } | undefined;

  constructor(
    private readonly onProgress: LabelPhotographOptions["onProgress"],
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Ends the stage before. @throws the signal's reason where it is aborted */
  async begin(stage: LabelProgress["stage"]): Promise<void> {
    this.stop();
    await new Promise(setImmediate); // whoever wants to abort gets a turn
    this.signal?.throwIfAborted();
    this.onProgress?.({ stage });
    this.current = { stage, since: performance.now() };
  }

  end(): LabelledPhotograph["timings"] {
    this.stop();
    return { ...this.seconds, total: (performance.now() - this.started) / 1000 };
  }

  private stop(): void {
    if (this.current !== undefined) this.seconds[this.current.stage] += (performance.now() - this.current.since) / 1000;
    this.current = undefined;
  }
}
