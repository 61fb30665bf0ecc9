/**
 * Batch normalisation as a layer. While a network is trained with it, the batch's own mean and variance normalise
 * (batch-statistics.ts); frozen or at inference the running ones do, and it is one factor and one addend a channel.
 */

import * as tf from "@tensorflow/tfjs";
import { type FrozenNorm, normRelu } from "../network/batch-norm";
import type { Layer } from "./layer";

export const NORM_EPSILON = 1e-5;

/** @param relu whether a ReLU follows */
export function normLayer(name: string, channels: number, relu: boolean): Layer {
  const shape = [channels];
  return {
    parameters: [
      { name: `${name}.weight`, shape, kind: "norm weight" },
      { name: `${name}.bias`, shape, kind: "norm bias" },
      { name: `${name}.running_mean`, shape, kind: "running mean" },
      { name: `${name}.running_var`, shape, kind: "running variance" },
    ],
    apply: (x, pass) => pass.normalise(x, name, relu),
  };
}

export interface NormValues {
  readonly weight: tf.Tensor1D;
  readonly bias: tf.Tensor1D;
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
}

/** With the running statistics, which no gradient reaches; nor does it reach weight and bias. [b, h, w, c] */
export function normaliseFrozen(x: tf.Tensor4D, values: NormValues, relu: boolean): tf.Tensor4D {
  return tf.tidy(() => {
    const scale = values.weight.mul<tf.Tensor1D>(values.variance.add(NORM_EPSILON).rsqrt());
    const norm: FrozenNorm = { scale, shift: values.bias.sub(values.mean.mul(scale)) };
    return relu ? normRelu(x, norm) : scaled(x, norm);
  });
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
