/** Segmentation networks from files of weights: to go on training with, or to segment with. */

import { expected, UserError } from "../errors";
import { FULL_WIDTH } from "../network/layout";
import type { NormMode } from "../network/trained-norm";
import { openWeights } from "../weights/checkpoint";
import { givesLogits } from "./initial-parameters";
import { buildNetwork } from "./models";
import { hasNorms, type ModelName, type NetworkShape } from "./network";
import { classifierOf, modelOf, type RenamedSource, renamed, shapeOf } from "./network-shape";
import { RESNET101_BLOCKS } from "./resnet101";
import { Segmenter } from "./segmenter";

/** `--weights none`. */
const NONE = "none";

export interface TrainableConfig {
  readonly model: ModelName;
  /** A file, or none. */
  readonly weights: string;
  /** Of a network from scratch. */
  readonly width?: number;
  readonly norm?: NormMode;
  readonly seed: number;
}

export interface TrainableSegmenter {
  readonly segmenter: Segmenter;
  readonly norm: NormMode;
  /** What a user should know about how the weights fitted. */
  readonly notices: readonly string[];
}

/**
 * @param classes background included
 * @throws UserError "usage", "weights"
 */
export async function openTrainable(config: TrainableConfig, classes: number): Promise<TrainableSegmenter> {
  const { model, weights: file, width, seed } = config;
  if (file === NONE) {
    const shape = shapeFromScratch(model, width ?? FULL_WIDTH, classes);
    const norm = hasNorms(buildNetwork(shape)) ? (config.norm ?? "batch") : "frozen";
    const source = { where: "weights from scratch", names: () => [], shape: () => [], read: neverRead };
    const segmenter = await Segmenter.load(source, shape, { trained: norm, initialSeed: seed, fromScratch: true });
    return { segmenter, norm, notices: [`from scratch, width ${shape.base} of ${FULL_WIDTH}: all layers are drawn`] };
  }
  if (width !== undefined)
    throw new UserError("usage", "--width goes with --weights none: weights have their own width");
  const weights = await openWeights(file);
  try {
    const whole = modelOf(weights);
    if (whole !== undefined && whole !== model)
      throw expected("weights", `weights of ${model}`, `those of ${whole}`, file);
    const all = renamed(weights, model);
    const { source, left } = withoutOtherClassifier(all, model, classes);
    const shape = shapeOf(source, model, classes);
    const usual = model.startsWith("deeplab") ? "frozen" : "batch";
    const norm = hasNorms(buildNetwork(shape)) ? (config.norm ?? usual) : "frozen";
    const segmenter = await Segmenter.load(source, shape, { trained: norm, initialSeed: seed });
    const { initialised, unused } = segmenter;
    const notices = [
      ...(left > 0 ? [`${file} is of ${left} classes, not ${classes}: its classifier is left out`] : []),
      ...(initialised.length > 0 ? [`new layers, initialised: ${layersOf(initialised)}`] : []),
      ...(unused.length > 0 ? [`${file} holds more than the network: ${layersOf(unused)}`] : []),
    ];
    return { segmenter, norm, notices };
  } finally {
    await weights.close();
  }
}

/**
 * A whole network, to segment with.
 * @param classes that it must have, background included
 * @throws UserError "weights" for anything else
 */
export async function openSegmenter(file: string, classes: number): Promise<Segmenter> {
  const weights = await openWeights(file);
  try {
    const model = modelOf(weights);
    if (model === undefined)
      throw expected("weights", "a whole segmentation network", `${weights.names().slice(0, 4).join(", ")}, …`, file);
    const source = renamed(weights, model);
    const shape = shapeOf(source, model, classes);
    if (shape.classes !== classes)
      throw expected("weights", `a network of ${classes} classes, background included`, `${shape.classes}`, file);
    return await Segmenter.load(source, shape);
  } finally {
    await weights.close();
  }
}

/** The published network, or a narrower one. */
export function shapeFromScratch(model: ModelName, base: number, classes: number): NetworkShape {
  const stem = model === "pspnet-resnet101" || model === "tree-fcn-resnet101" ? "deep" : "plain";
  return { model, base, classes, stem, blocks: RESNET101_BLOCKS, input: "imagenet" };
}

// --- internal ---

/** Of another number of classes the layers that give logits do not fit: they are drawn anew. */
function withoutOtherClassifier(
  source: RenamedSource,
  model: ModelName,
  classes: number,
): { source: RenamedSource; left: number } {
  const names = source.names();
  const classifier = classifierOf(model);
  if (!names.includes(classifier)) return { source, left: 0 };
  const [got] = source.shape(classifier);
  if (got === classes) return { source, left: 0 };
  return { source: { ...source, names: () => names.filter((name) => !givesLogits(name)) }, left: got };
}

function layersOf(names: readonly string[]): string {
  const layers = [...new Set(names.map((name) => name.slice(0, name.lastIndexOf("."))))];
  return layers.slice(0, 8).join(", ") + (layers.length > 8 ? ` and ${layers.length - 8} more` : "");
}

async function neverRead(name: string): Promise<never> {
  throw new Error(`"${name}" is drawn, not read`);
}
