/** Mask R-CNNs from files of weights: to train, or to find objects with. */

import type { VariantName } from "../config/mask-rcnn-options";
import type { InstanceModelName } from "../config/segmentation-models";
import { expected } from "../errors";
import { type InitialWeightsConfig, openInitialWeights } from "../network/initial-weights";
import { type ParameterSource, parameterSource, sourceWithout } from "../network/parameter-source";
import { openWeights } from "../weights/checkpoint";
import { InstanceSegmenter } from "./instance-segmenter";
import { BACKBONES, type MaskRcnnShape, maskRcnn } from "./network";
import { maskRcnnSource, shapeOfSource } from "./weight-source";

export interface TrainableInstanceConfig extends InitialWeightsConfig {
  readonly model: InstanceModelName;
  readonly variant: VariantName;
  readonly seed: number;
}

export interface TrainableInstanceSegmenter {
  readonly segmenter: InstanceSegmenter;
  /** What a user should know about how the weights fitted. */
  readonly notices: readonly string[];
}

/**
 * @param classes background included
 * @throws UserError "usage", "weights"
 */
export async function openTrainableInstances(
  config: TrainableInstanceConfig,
  classes: number,
): Promise<TrainableInstanceSegmenter> {
  const { model, weights: file, variant, seed } = config;
  const initial = await openInitialWeights(config);
  try {
    const { width: base } = initial;
    if (base !== undefined) {
      const shape: MaskRcnnShape = { ...BACKBONES[model], base, classes, strideAt: "3x3" };
      const options = { variant, trained: true, initialSeed: seed, fromScratch: true } as const;
      const segmenter = await InstanceSegmenter.load(initial.source, shape, options);
      return { segmenter, notices: initial.noticesOf(segmenter.store) };
    }
    const found = await maskRcnnSource(initial.source);
    const { source, left } = withoutOtherClasses(found.source, shapeOfSource(found, classes), classes);
    const shape = { ...shapeOfSource(found, classes), classes };
    const wanted = BACKBONES[model];
    if (shape.kind !== wanted.kind || shape.blocks.join() !== wanted.blocks.join())
      throw expected("weights", `weights of ${model} or its backbone`, `those of ${modelNameOf(shape)}`, file);
    const own = found.variant ?? variant;
    const segmenter = await InstanceSegmenter.load(source, shape, {
      variant: own,
      input: found.input,
      trained: true,
      initialSeed: seed,
    });
    const notices = [
      ...(own === variant ? [] : [`${file} is a network of ${own}: it is trained on as that library does`]),
      ...(left > 0 ? [`${file} is of ${left} classes, not ${classes}: layers that tell classes are left out`] : []),
      ...initial.noticesOf(segmenter.store),
    ];
    return { segmenter, notices };
  } finally {
    await initial.close();
  }
}

/**
 * A whole network, to find objects with.
 * @param classes that it must have, background included
 * @throws UserError "weights" for anything else
 */
export async function openInstanceSegmenter(file: string, classes: number): Promise<InstanceSegmenter> {
  const weights = await openWeights(file);
  try {
    const found = await maskRcnnSource(parameterSource(weights));
    if (!found.isWhole)
      throw expected("weights", "a whole Mask R-CNN", `${weights.names().slice(0, 4).join(", ")}, …`, file);
    const shape = shapeOfSource(found, classes);
    if (shape.classes !== classes)
      throw expected("weights", `a network of ${classes} classes, background included`, `${shape.classes}`, file);
    const { variant = "detectron2", input } = found;
    return await InstanceSegmenter.load(found.source, shape, { variant, input });
  } finally {
    await weights.close();
  }
}

/** The model by its backbone; what it has, where no model has it. */
export function modelNameOf({ kind, blocks }: Pick<MaskRcnnShape, "kind" | "blocks">): string {
  const names = Object.keys(BACKBONES) as InstanceModelName[];
  const name = names.find((each) => BACKBONES[each].kind === kind && BACKBONES[each].blocks.join() === blocks.join());
  return name ?? `a ResNet of ${blocks.join(", ")} ${kind} blocks`;
}

// --- internal ---

/** Layers of another number of classes do not fit: they are left out, and drawn. */
function withoutOtherClasses(
  source: ParameterSource,
  shape: MaskRcnnShape,
  classes: number,
): { source: ParameterSource; left: number } {
  if (shape.classes === classes) return { source, left: 0 };
  const logits = new Set(maskRcnn(shape).parameters.flatMap(({ name, logits }) => (logits ? [name] : [])));
  return { source: sourceWithout(source, (name) => logits.has(name)), left: shape.classes };
}
