/**
 * What the affinity network and SEAM's classification network stand on: a backbone three of whose activations are a grid
 * cell's feature. docs/method.md, section 2.1. ResNet38 is the reference's; EfficientNet-Lite2 (efficientnet/lite-taps.ts)
 * offers activations of as many depths.
 */

import type * as tf from "@tensorflow/tfjs";
import type { Parameter, Pass } from "./layer";

/** The taps whose concatenation is a node's feature, by ResNet38's names, from detail to meaning. */
export const FEATURE_TAPS = ["conv4", "conv5", "conv6"] as const;

export type FeatureTap = (typeof FEATURE_TAPS)[number];

export type Taps = Record<FeatureTap, tf.Tensor4D>;

export interface TappedBackbone {
  readonly parameters: readonly Parameter[];
  /** Of each tap. */
  readonly channels: Readonly<Record<FeatureTap, number>>;
  /** Channels of the narrowest layer of a head on it. */
  readonly headWidth: number;
  /** Whether a parameter is of a layer that no training changes. */
  isFrozen(name: string): boolean;
  /** @param image [b, H, W, 3], normalised; any size @returns the taps, [b, ⌈H/8⌉, ⌈W/8⌉, c] */
  forward(image: tf.Tensor4D, pass: Pass): Taps;
  /**
   * The leading layers that training leaves alone. A training step computes them outside its gradient: no backward pass,
   * and nothing of them is kept. [b, H, W, 3] → what `trunk` takes
   */
  stem(image: tf.Tensor4D, pass: Pass): tf.Tensor4D;
  /** What the graph's nodes are told apart by, [1, h, w, c], of the taps of one image. */
  nodeFeatures(taps: Taps): tf.Tensor4D;
  /** The rest, from `stem`'s output. */
  trunk(stem: tf.Tensor4D, pass: Pass, taps?: readonly FeatureTap[]): Taps;
}
