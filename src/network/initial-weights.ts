/** What a training begins with: the backbone that `setup` has fetched, a weight file whose layers fit, with new layers drawn, or everything drawn. */

import { UserError } from "../errors";
import { findBackbone } from "../setup/backbone";
import { openWeights } from "../weights/checkpoint";
import { type ParameterSource, parameterSource, sourceWithout } from "./parameter-source";
import { layerOf, type ParameterStore } from "./parameter-store";

/** Channels of the first layer in the published networks. */
export const FULL_WIDTH = 64;

/** What EfficientNet-Lite classifies ImageNet by, which no other network needs. */
const CLASSIFIER = /^(_conv_head|_bn1|_fc)\./;

export interface InitialWeightsConfig {
  /** A file, "imagenet" for the backbone that `setup` has fetched, or "none". */
  readonly weights: string;
  /** Channels of the first layer of a network from scratch. */
  readonly width?: number;
}

export interface InitialWeights {
  /** Empty where every layer is drawn. */
  readonly source: ParameterSource;
  /** Channels of the first layer of a network from scratch; undefined where the weights tell. */
  readonly width?: number;
  /** What a user should know about how the weights fitted. */
  noticesOf(store: ParameterStore): string[];
  close(): Promise<void>;
}

/** `--weights none`. */
const NONE = "none";
/** `--weights imagenet`. */
const IMAGENET = "imagenet";

/** @throws UserError "environment" where the backbone is not set up, "usage" for a width beside weights, "weights" for an unusable file */
export async function openInitialWeights({ weights: given, width }: InitialWeightsConfig): Promise<InitialWeights> {
  if (given === NONE) return fromScratch(width ?? FULL_WIDTH);
  if (width !== undefined)
    throw new UserError("usage", "--width goes with --weights none: weights have their own width");
  const file = given === IMAGENET ? backboneFile() : given;
  const weights = await openWeights(file);
  const source = parameterSource(weights);
  return {
    source: given === IMAGENET ? sourceWithout(source, (name) => CLASSIFIER.test(name)) : source,
    noticesOf: ({ initialised, unused }) => [
      ...(initialised.length > 0 ? [`new layers, initialised: ${layersOf(initialised)}`] : []),
      ...(unused.length > 0 ? [`${file} holds more than the network: ${layersOf(unused)}`] : []),
    ],
    close: () => weights.close(),
  };
}

function fromScratch(width: number): InitialWeights {
  return {
    source: parameterSource(new Map()),
    width,
    noticesOf: () => [`from scratch, width ${width} of ${FULL_WIDTH}: all layers are drawn, and all are trained`],
    close: async () => {},
  };
}

function backboneFile(): string {
  const file = findBackbone();
  if (file !== undefined) return file;
  throw new UserError(
    "environment",
    "the ImageNet backbone is not set up: a2gnn setup fetches it (23 MB); or train from scratch with --weights none",
  );
}

function layersOf(names: readonly string[]): string {
  const layers = [...new Set(names.map(layerOf))];
  return layers.slice(0, 8).join(", ") + (layers.length > 8 ? ` and ${layers.length - 8} more` : "");
}
