/**
 * The options of training one graph network, and what holds for those that are not given: the paper's scribble recipe.
 */

import type * as tf from "@tensorflow/tfjs";
import { backendInUse } from "../backend";
import { labelOptions } from "../config/label-photograph";
import { defaultsOf } from "../config/option";
import { expected } from "../errors";
import type { NdArray } from "../nd-array";
import type { Optimiser } from "./adam";
import type { Loss } from "./loss";
import type { NodeNetwork } from "./node-network";

export interface FitOptions {
  /** Hidden units. Default 256. */
  readonly hidden?: number;
  /** Affinity attention layers. Default 3. */
  readonly layers?: number;
  /** Dropout rate. Default 0.5. */
  readonly dropout?: number;
  /** Adam's learning rate. Default 0.03. */
  readonly learningRate?: number;
  /** L2 term of every parameter. Default 5e-4. */
  readonly weightDecay?: number;
  /** Steps without, then with the gated CRF loss. Default [50, 50]. */
  readonly steps?: readonly [number, number];
  /** Weight of the gated CRF loss. Default 0.3. */
  readonly crfWeight?: number;
  /** Multi-point loss and consistency checking: the box recipe. Default false. */
  readonly multiPoint?: boolean;
  /** Below this cosine a box's seed pixel becomes unknown. Default 0, which never happens, as in the reference. */
  readonly consistencyThreshold?: number;
  /** Weight of the affinity in the attention's scores. Default 10, the paper's. */
  readonly affinityWeight?: number;
  /** Seed of all random numbers. Default 0. */
  readonly seed?: number;
  /**
   * Losses are read after so many steps. A card would otherwise stand still at every step, until its loss was read. A loss
   * that is no number is noticed no later. Results do not depend on it. Default 1, on a card 10.
   */
  readonly lossEvery?: number;
  /** The terms of the loss, in place of those that `crfWeight`, `multiPoint` and `consistencyThreshold` describe. */
  readonly losses?: readonly Loss[];
  /** In place of the network that `hidden`, `layers`, `dropout` and `affinityWeight` describe. */
  readonly network?: NodeNetwork;
  /** In place of Adam with `learningRate` and `weightDecay`. It takes over the parameters that it is given. */
  readonly optimiser?: (parameters: tf.Tensor[]) => Optimiser;
  /** Starting parameters in place of random ones, such as the `parameters` of an earlier result on the same graph. */
  readonly initial?: readonly NdArray[];
  /** Also return the attention weights of every layer (for pictures). Default false. */
  readonly keepAttention?: boolean;
  readonly signal?: AbortSignal;
}

type Part = "losses" | "network" | "optimiser";

type FitDefaults = Required<Omit<FitOptions, Part | "initial" | "keepAttention" | "signal" | "lossEvery">>;

export type CompleteFitOptions = FitOptions & FitDefaults & { readonly lossEvery: number };

/** Steps between two readings of losses on a card. */
const CARD_LOSS_EVERY = 10;

const config = defaultsOf(labelOptions);

/** The defaults of `make-pseudo-labels`, which are the scribble case. */
export const FIT_DEFAULTS: FitDefaults = Object.freeze<FitDefaults>({
  hidden: config.hidden,
  layers: config.layers,
  dropout: config.dropout,
  learningRate: config.learningRate,
  weightDecay: config.weightDecay,
  steps: [config.epochs, config.epochs],
  crfWeight: config.crfWeight,
  multiPoint: config.multiPoint,
  consistencyThreshold: config.consistencyThreshold,
  affinityWeight: config.affinityWeight,
  seed: config.seed,
});

/** The options with the defaults of those that are absent or undefined. */
export function completeFitOptions(given: FitOptions): CompleteFitOptions {
  const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const lossEvery = backendInUse()?.usesGpu ? CARD_LOSS_EVERY : 1;
  const options = { lossEvery, ...FIT_DEFAULTS, ...stated };
  if (!Number.isInteger(options.lossEvery) || options.lossEvery < 1)
    throw expected("usage", "a whole number of steps, at least 1", `${options.lossEvery}`, "lossEvery");
  return options;
}
