/**
 * Batch normalisation as a layer. While a network is trained with it, the batch's own mean and variance normalise
 * (trained-norm.ts); frozen or at inference the running ones do, and it is one factor and one addend a channel.
 */

import * as tf from "@tensorflow/tfjs";
import { type FrozenNorm, normRelu } from "./batch-norm";
import type { Initial, Layer, NormDropout } from "./layer";

export interface NormLayerOptions {
  /** Dropout of whole channels after the ReLU. Default: none. */
  readonly dropout?: NormDropout;
  /** Where the weight begins. Default 1. */
  readonly initialWeight?: Initial;
  /** Added to the variance. Default: PyTorch's 1e-5. */
  readonly epsilon?: number;
}

/** @param relu whether a ReLU follows */
export function normLayer(
  name: string,
  channels: number,
  relu: boolean,
  { dropout, initialWeight: initial, epsilon }: NormLayerOptions = {},
): Layer {
  const shape = [channels];
  return {
    parameters: [
      { name: `${name}.weight`, shape, kind: "norm weight", initial },
      { name: `${name}.bias`, shape, kind: "norm bias" },
      { name: `${name}.running_mean`, shape, kind: "running mean" },
      { name: `${name}.running_var`, shape, kind: "running variance", epsilon },
    ],
    apply: (x, pass) => pass.normalise(x, name, relu, dropout),
  };
}

/**
 * Normalises with running statistics. No gradient reaches them, nor weight and bias. [b, h, w, c]
 * @param dropout factors [b, c]; only with the ReLU
 */
export function normaliseFrozen(x: tf.Tensor4D, norm: FrozenNorm, relu: boolean, dropout?: tf.Tensor2D): tf.Tensor4D {
  return relu ? normRelu(x, norm, dropout) : scaled(x, norm);
}

/** x · scale + shift; keeps nothing of x. */
function scaled(x: tf.Tensor4D, { scale, shift }: FrozenNorm): tf.Tensor4D {
  const apply = tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([scale]);
    return {
      value: tf.tidy(() => (input as tf.Tensor4D).mul(scale).add(shift) as tf.Tensor4D),
      gradFunc: (dy, [factor]) => dy.mul(factor),
    };
  });
  return apply(x) as tf.Tensor4D;
}
