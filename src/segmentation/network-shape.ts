/** Which network a file of weights is of, read off its parameters' names and shapes. */

import type { ModelName } from "../config/segmentation-models";
import { expected } from "../errors";
import type { InputColours } from "../image-ops/normalise";
import { listed, type ParameterSource, parameterSource, type Weights } from "../network/parameter-source";
import { RESNET101_BLOCKS } from "../network/resnet";
import type { NetworkShape } from "./network";
import { inputColours, renaming } from "./weight-names";

/** A name that only whole networks of the model have: the layer that gives the logits. */
const CLASSIFIERS: Readonly<Record<ModelName, string>> = {
  "deeplab-v2-vgg16": "fc8_1.weight",
  "deeplab-v2-resnet101": "aspp.c0.weight",
  "deeplab-v3plus-efficientnet-lite2": "decoder.classifier.weight",
  "pspnet-resnet101": "cls.4.weight",
  "tree-fcn-resnet101": "predict_layer.head_layers.1.weight",
};

/** The first convolution by the stem's kind. */
const FIRST: Readonly<Record<ModelName, { readonly plain: string; readonly deep?: string }>> = {
  "deeplab-v2-vgg16": { plain: "features.0.weight" },
  "deeplab-v2-resnet101": { plain: "conv1.weight" },
  "deeplab-v3plus-efficientnet-lite2": { plain: "_conv_stem.weight" },
  "pspnet-resnet101": { plain: "layer0.0.weight", deep: "layer0.0.weight" },
  "tree-fcn-resnet101": { plain: "backbone.conv1.weight", deep: "backbone.conv1.0.weight" },
};

/** The layer whose first extent is the number of classes. */
export function classifierOf(model: ModelName): string {
  return CLASSIFIERS[model];
}

export interface RenamedSource extends ParameterSource {
  readonly input: InputColours;
}

/** The file's parameters by our names. */
export function renamed(weights: Weights, model: ModelName): RenamedSource {
  const source = parameterSource(weights);
  const rename = renaming(model, source.names());
  const original = new Map(source.names().map((name) => [rename(name), name]));
  const of = (name: string): string => original.get(name) ?? name;
  return {
    where: source.where,
    input: inputColours(model, source.names()),
    names: () => [...original.keys()],
    shape: (name) => source.shape(of(name)),
    read: (name) => source.read(of(name)),
  };
}

/** The model of a whole network's weights; undefined for a backbone's, and for anything else. */
export function modelOf(weights: Weights): ModelName | undefined {
  return (Object.keys(CLASSIFIERS) as ModelName[]).find((model) =>
    renamed(weights, model).names().includes(CLASSIFIERS[model]),
  );
}

/**
 * @param source of `renamed`
 * @param classes where the weights have no classifier; those of a whole network count otherwise
 * @throws UserError "weights" where there is no first layer
 */
export function shapeOf(source: RenamedSource, model: ModelName, classes: number): NetworkShape {
  const names = source.names();
  const first = [FIRST[model].deep, FIRST[model].plain].find((name) => name !== undefined && names.includes(name));
  if (first === undefined)
    throw expected(
      "weights",
      `weights of ${model} or its backbone, with "${FIRST[model].plain}"`,
      listed(names),
      source.where ?? "weights",
    );
  const [base, , side] = source.shape(first);
  const classifier = CLASSIFIERS[model];
  return {
    model,
    base,
    classes: names.includes(classifier) ? source.shape(classifier)[0] : classes,
    stem: FIRST[model].deep !== undefined && side === 3 ? "deep" : "plain",
    blocks: blocksOf(names),
    input: source.input,
  };
}

/** How many blocks each stage has. */
function blocksOf(names: readonly string[]): readonly number[] {
  return RESNET101_BLOCKS.map((usual, stage) => {
    const block = new RegExp(`^(?:backbone\\.)?layer${stage + 1}\\.(\\d+)\\.conv1\\.weight$`);
    const numbers = names.flatMap((name) => block.exec(name)?.[1] ?? []).map(Number);
    return numbers.length === 0 ? usual : Math.max(...numbers) + 1;
  });
}
