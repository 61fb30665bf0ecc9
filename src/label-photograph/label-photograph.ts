/**
 * The paper's act as one function: a photograph and its weak label become a label of every pixel (docs/method.md,
 * section 3). The command line, the page and the notebooks all call it, or the pieces that it consists of.
 */

import type { MakePseudoLabelsConfig } from "../config/make-pseudo-labels";
import type { DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { UserError } from "../errors";
import type { ImageGraph } from "../graph/image-graph";
import type { WeakLabels } from "./weak-labels";

/** Options of `make-pseudo-labels` that say where things are on disk, or how many images share the work. */
type PlaceOption =
  | ("voc12Root" | "inferList" | "shard" | "savePath" | "overlay" | "outProb" | "fits" | "seedLabelRoot" | "camDir")
  | ("instances" | "instanceRule" | "instanceFormats" | "instancePolygons")
  | ("boxXmlPath" | "points" | "scribbles" | "withoutBoxes" | "crfThreads");

/** Where a call has got to. */
export interface LabelProgress {
  readonly stage: "seed" | "graph" | "fit" | "walk" | "dense-crf";
  /** Steps done of `total`, where the stage has steps. */
  readonly step?: number;
  readonly total?: number;
  /** Training loss of the step. */
  readonly loss?: number;
}

/**
 * Every option of `make-pseudo-labels` that is not a file or folder, by its name in the configuration; the defaults are
 * the command line's, which depend on the kind of weak label and on the features.
 */
export interface LabelPhotographOptions extends Partial<Omit<MakePseudoLabelsConfig, PlaceOption>> {
  /** Classes, palette and ignore value. A list of class names, background first, will do. Default: PASCAL VOC. */
  readonly dataset?: DatasetDescription | readonly string[];
  /** The photograph's name: random numbers depend on `seed` and on it. Default: the file's name without extension, else "". */
  readonly name?: string;
  /** A graph in place of one built from the photograph; the caller disposes it. */
  readonly graph?: ImageGraph;
  /** An earlier result for the same photograph: training resumes from what it learned, with few steps. */
  readonly initial?: LabelledPhotograph;
  /** Return the graph; the caller disposes it. Default false. */
  readonly keepGraph?: boolean;
  readonly onProgress?: (progress: LabelProgress) => void;
  /** Aborting rejects with the signal's reason at the next training step, and frees every tensor. */
  readonly signal?: AbortSignal;
}

/** What the graph network has learned from one photograph, as plain arrays: what `initial` resumes from. */
export interface LearnedParameters {
  /** W₀ [channels kept, hidden], row-major. */
  readonly embedding: Float32Array;
  /** β of each attention layer. */
  readonly betas: Float32Array;
  /** W₁ [hidden, K], row-major. */
  readonly output: Float32Array;
}

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
  /** Seconds by stage, and "total". */
  readonly timings: Readonly<Record<string, number>>;
  /** What the user should know of the weak label and of the defaults taken. */
  readonly notices: readonly string[];
  /** The data set that `label` and `classes` refer to. */
  readonly dataset: DatasetDescription;
}

/**
 * Labels every pixel of one photograph from its weak label.
 *
 * ```ts
 * const { label } = await labelPhotograph("cat.jpg", { boxes: [{ class: "cat", xmin: 40, ymin: 30, xmax: 310, ymax: 280 }] });
 * ```
 *
 * @param image pixels, a file (JPEG, PNG, WebP), or its bytes
 * @throws UserError "input" for an unusable photograph or weak label, "usage" for options that do not fit together
 */
export async function labelPhotograph(
  _image: RgbImage | string | Uint8Array,
  _weak: WeakLabels,
  _options: LabelPhotographOptions = {},
): Promise<LabelledPhotograph> {
  throw new UserError("environment", "labelPhotograph is not built yet");
}
