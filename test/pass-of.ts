/** A pass through layers that have kernels alone, given by hand. */

import * as tf from "@tensorflow/tfjs";
import type { Pass } from "../src/network/layer";

/** @param layers whose kernels they are, in the same order */
export function passOf(layers: readonly string[], kernels: readonly tf.Tensor4D[]): Pass {
  return {
    kernel: (name) => kernels[layers.findIndex((layer) => name === `${layer}.weight`)],
    bias: () => tf.zeros([0]),
    normalise: (x) => x,
  };
}
