/** Weights of a Mask R-CNN or its backbone from anywhere, by our names; and what the network is, read off them. */

import type { VariantName } from "../config/mask-rcnn-options";
import { expected } from "../errors";
import type { InputColours } from "../image-ops/normalise";
import type { NdArray } from "../nd-array";
import { NORM_EPSILON } from "../network/batch-norm";
import { listed, type ParameterSource, placeOf } from "../network/parameter-source";
import type { MaskRcnnShape } from "./network";
import { backgroundFirst, namingOf, ourName, shapeWithBackground } from "./weight-names";

export interface MaskRcnnSource {
  /** Parameters by our names. */
  readonly source: ParameterSource;
  /** Whether it holds a whole network, not only a backbone. */
  readonly isWhole: boolean;
  /** Whose choices a whole network was trained with; undefined for a backbone. */
  readonly variant?: VariantName;
  readonly input: InputColours;
  readonly strideAt: MaskRcnnShape["strideAt"];
}

const LAST = "roi_heads.mask_predictor.mask_fcn_logits.weight";

/** @throws UserError "weights" for parameters that cannot be read */
export async function maskRcnnSource(file: ParameterSource): Promise<MaskRcnnSource> {
  const names = file.names();
  const naming = namingOf(names);
  const original = new Map(names.filter((name) => !isOfPixels(name)).map((name) => [ourName(name, naming), name]));
  const theirs = (name: string): string => original.get(name) ?? name;
  const movesBackground = naming === "detectron2";
  // before 0.13 torchvision's normalisations added no ε to the variance
  const exactVariance = names.includes("rpn.head.conv.weight");
  const missing = naming === "torchvision" ? [] : missingStatistics(original, file);
  const added = new Map(missing);
  const isWhole = original.has(LAST);
  const source: ParameterSource = {
    where: file.where,
    names: () => [...original.keys(), ...added.keys()],
    shape: (name) => {
      const shape = added.get(name)?.shape ?? file.shape(theirs(name));
      return movesBackground ? shapeWithBackground(name, shape) : shape;
    },
    read: async (name) => {
      const array = added.get(name) ?? (await file.read(theirs(name)));
      if (exactVariance && name.endsWith(".running_var"))
        return { shape: array.shape, data: Float32Array.from(array.data, (value) => Number(value) - NORM_EPSILON) };
      return movesBackground ? backgroundFirst(name, array) : array;
    },
  };
  const fromCaffe = naming !== "torchvision" && !(await seesImagenet(file));
  return {
    source,
    isWhole,
    variant: isWhole ? (naming === "torchvision" ? "torchvision" : "detectron2") : undefined,
    input: fromCaffe ? "detectron2" : "imagenet",
    strideAt: fromCaffe ? "1x1" : "3x3",
  };
}

/** @throws UserError "weights" where there is no ResNet */
export function shapeOfSource({ source, strideAt }: MaskRcnnSource, classes: number): MaskRcnnShape {
  const names = source.names();
  const first = "backbone.body.conv1.weight";
  if (!names.includes(first))
    throw expected("weights", "a Mask R-CNN, or the ResNet of one", listed(names), placeOf(source));
  const blocks = [1, 2, 3, 4].map((stage) => {
    const numbers = names.flatMap(
      (name) => new RegExp(`^backbone\\.body\\.layer${stage}\\.(\\d+)\\.conv1\\.weight$`).exec(name)?.[1] ?? [],
    );
    return Math.max(0, ...numbers.map(Number)) + 1;
  });
  return {
    base: source.shape(first)[0],
    classes: names.includes(LAST) ? source.shape(LAST)[0] : classes,
    kind: names.includes("backbone.body.layer1.0.conv3.weight") ? "bottleneck" : "basic",
    blocks,
    strideAt,
  };
}

/** `pixel_mean` and `pixel_std` are no parameters. */
function isOfPixels(name: string): boolean {
  return name.startsWith("pixel_");
}

/** Detectron2 writes what is taken off each colour and what that is divided by; networks from Caffe divide by 1. */
async function seesImagenet(file: ParameterSource): Promise<boolean> {
  if (!file.names().includes("pixel_std")) return false;
  const { data } = await file.read("pixel_std");
  return Number(data[0]) > 2;
}

/** Normalisations that were folded to a factor and an addend have no statistics: mean 0, and variance 1 with its ε. */
function missingStatistics(names: ReadonlyMap<string, string>, file: ParameterSource): [string, NdArray][] {
  return [...names.keys()].flatMap((name): [string, NdArray][] => {
    const layer = /^(backbone\.body\..*(?:bn\d|downsample\.1))\.weight$/.exec(name)?.[1];
    if (layer === undefined || names.has(`${layer}.running_var`)) return [];
    const shape = file.shape(names.get(name) as string);
    return [
      [`${layer}.running_mean`, { shape, data: new Float32Array(shape[0]) }],
      [`${layer}.running_var`, { shape, data: new Float32Array(shape[0]).fill(1 - NORM_EPSILON) }],
    ];
  });
}
