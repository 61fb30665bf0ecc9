/**
 * From a photograph and its seed label to class probabilities of every pixel: reduce what is too large for its graph,
 * build the graph, train the graph network on it, resize, add the random walk, limit to the boxes.
 */

import type { ResolvedLabelConfig } from "../config/pseudo-label-presets";
import type { DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import type { Box } from "../data/voc-boxes";
import type { FitOptions } from "../graph/fit-options";
import type { ImageGraph } from "../graph/image-graph";
import type { ClassMaps } from "../graph/random-walk";
import { deriveSeed } from "../random";
import { limitToBoxes } from "./box-limit";
import { classesOf, type ImageClasses, renumbered } from "./image-classes";
import { type LabelInput, labelFromLogits } from "./label-image";
import { reducedInput, sideWithin } from "./reduced-input";

/** All that is read or made of one image before its graph is built, in the data set's classes. */
export interface PreparedImage {
  readonly image: RgbImage;
  readonly seed: LabelMap;
  readonly boxes: readonly Box[];
  /** Pixels that a person drew, among the seeds; the ignore value elsewhere. They stand in the label as they are. */
  readonly drawn?: LabelMap;
  /** For the random walk. */
  readonly maps?: ClassMaps;
}

/** What the training of one image depends on, in the image's own classes and on its reduced size. */
export interface FitTask {
  readonly input: LabelInput;
  readonly options: FitOptions & { readonly seedPadding: number };
  /** The data set's class of each number in `input`. */
  readonly classes: ImageClasses;
}

/** How the parts that differ between callers are done. */
export interface LabelWork {
  /** The image's name: random numbers depend on it. */
  readonly name: string;
  /** The caller disposes the graph. @param image reduced to the graph's size */
  buildGraph(image: RgbImage): Promise<ImageGraph>;
  /** Trains, or takes what was trained before. @returns logits of the grid, [n, K] */
  fit(task: FitTask): Promise<Float32Array>;
  /** Called before a part begins. */
  onStage?(stage: "graph" | "fit" | "walk"): Promise<void>;
}

/** What the dense CRF starts from. */
export interface UnsharpenedLabel {
  /** The photograph, reduced where it is larger than `workPixels`. */
  readonly image: RgbImage;
  /** The photograph at its own size, with what holds to the end there; absent where it was not reduced. */
  readonly full?: Pick<UnsharpenedLabel, "image" | "boxes" | "drawn">;
  /** [H·W, K] */
  readonly probabilities: Float32Array;
  /** The data set's class of each column. */
  readonly classes: ImageClasses;
  /** With classes as column numbers. */
  readonly boxes: readonly Box[];
  /** With classes as column numbers. */
  readonly drawn?: LabelMap;
  /** The number of unknown pixels in `drawn`. */
  readonly ignore: number;
}

/**
 * With a network's features all classes of the data set count, as in the reference; with handcrafted ones and the ImageNet
 * backbone's those alone that the weak label names.
 */
export async function labelProbabilities(
  prepared: PreparedImage,
  config: ResolvedLabelConfig,
  dataset: DatasetDescription,
  { name, buildGraph, fit, onStage }: LabelWork,
): Promise<UnsharpenedLabel> {
  const { ignore } = dataset;
  const work = reducedInput(prepared, sideWithin(prepared.image, config.workPixels), ignore);
  const { image, seed, boxes, drawn, maps } = work;
  const small = reducedInput({ image, seed, boxes, drawn }, config.graphSide, ignore);
  await onStage?.("graph");
  const graph = await buildGraph(small.image);
  const whole: LabelInput = { image, graph, seed, boxes, drawn, maps, classes: dataset.classes.length, ignore };
  const classes =
    config.features === "cnn" || config.features === "files" ? [...dataset.classes.keys()] : classesOf(whole);
  const input = renumbered(whole, classes);
  await onStage?.("fit");
  const options = fitOptionsOf(config, name, ignore);
  const logits = await fit({ input: renumbered({ ...whole, ...small }, classes), options, classes });
  await onStage?.("walk");
  const walk = { alpha: config.alpha, beta: config.beta, logt: config.logt, weight: config.rwWeight };
  const logitResize = small.image === image ? config.logitResize : "direct";
  const { probabilities } = labelFromLogits(input, logits, { logitResize, ...(config.rw ? { walk } : {}) });
  if (config.boxLimit) limitToBoxes(probabilities, input.boxes, classes.length, image);
  const label = { image, probabilities, classes, boxes: input.boxes, drawn: input.drawn, ignore };
  if (image === prepared.image) return label;
  const full = renumbered({ ...whole, ...prepared }, classes);
  return { ...label, full: { image: full.image, boxes: full.boxes, drawn: full.drawn } };
}

function fitOptionsOf(config: ResolvedLabelConfig, name: string, ignore: number): FitTask["options"] {
  return {
    hidden: config.hidden,
    layers: config.layers,
    affinityWeight: config.affinityWeight,
    dropout: config.dropout,
    learningRate: config.learningRate,
    weightDecay: config.weightDecay,
    steps: [config.epochs, config.crfEpochs],
    crfWeight: config.crfWeight,
    multiPoint: config.multiPoint,
    consistencyThreshold: config.consistencyThreshold,
    seed: deriveSeed(config.seed, name),
    seedPadding: config.seedPadding === "ignore" ? ignore : 0,
  };
}
