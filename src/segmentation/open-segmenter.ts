/** Segmentation networks from files of weights: to train, or to segment with. */

import type { NormMode } from "../config/norm-mode";
import type { ModelName } from "../config/segmentation-models";
import { expected } from "../errors";
import { type InitialWeightsConfig, openInitialWeights } from "../network/initial-weights";
import { sourceWithout } from "../network/parameter-source";
import { RESNET101_BLOCKS } from "../network/resnet";
import { openWeights } from "../weights/checkpoint";
import { buildNetwork } from "./models";
import { hasNorms, type NetworkShape } from "./network";
import { classifierOf, modelOf, type RenamedSource, renamed, shapeOf } from "./network-shape";
import { Segmenter } from "./segmenter";
import { inputColours } from "./weight-names";

export interface TrainableConfig extends InitialWeightsConfig {
  readonly model: ModelName;
  readonly norm?: NormMode;
  /** Only what the backbone's weights lack learns. Default false. */
  readonly freezeBackbone?: boolean;
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
  const { model, weights: file, seed } = config;
  const initial = await openInitialWeights(config);
  try {
    const fromScratch = initial.width !== undefined;
    const whole = fromScratch ? undefined : modelOf(initial.source);
    if (whole !== undefined && whole !== model)
      throw expected("weights", `weights of ${model}`, `those of ${whole}`, file);
    const { source, left } = withoutOtherClassifier(renamed(initial.source, model), model, classes);
    const shape =
      initial.width === undefined ? shapeOf(source, model, classes) : shapeFromScratch(model, initial.width, classes);
    const usual = !fromScratch && model.startsWith("deeplab") ? "frozen" : "batch";
    const norm = hasNorms(buildNetwork(shape)) ? (config.norm ?? usual) : "frozen";
    const { freezeBackbone } = config;
    const loading = { trained: norm, initialSeed: seed, fromScratch, freezeBackbone };
    const segmenter = await Segmenter.load(source, shape, loading);
    const notices = [
      ...(left > 0 ? [`${file} is of ${left} classes, not ${classes}: its classifier is left out`] : []),
      ...initial.noticesOf(segmenter.store),
    ];
    return { segmenter, norm, notices };
  } finally {
    await initial.close();
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
    if (model === undefined) {
      const isMaskRcnn = weights.names().some((name) => name.startsWith("roi_heads."));
      const found = isMaskRcnn
        ? "a Mask R-CNN, which is for --instances"
        : `${weights.names().slice(0, 4).join(", ")}, …`;
      throw expected("weights", "a whole segmentation network", found, file);
    }
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
  return { model, base, classes, stem, blocks: RESNET101_BLOCKS, input: inputColours(model, []) };
}

// --- internal ---

/** The layers that give logits do not fit another number of classes: they are left out, and drawn. */
function withoutOtherClassifier(
  source: RenamedSource,
  model: ModelName,
  classes: number,
): { source: RenamedSource; left: number } {
  const classifier = classifierOf(model);
  if (!source.names().includes(classifier)) return { source, left: 0 };
  const [got] = source.shape(classifier);
  if (got === classes) return { source, left: 0 };
  const { parameters } = buildNetwork(shapeOf(source, model, classes));
  const logits = new Set(parameters.flatMap(({ name, logits }) => (logits ? [name] : [])));
  return { source: { ...source, ...sourceWithout(source, (name) => logits.has(name)) }, left: got };
}
