/**
 * Batch normalisation as a layer. While a network is trained with it, the batch's own mean and variance normalise
 * (network/trained-norm.ts); frozen or at inference the running ones do, and it is one factor and one addend a channel.
 */

import * as tf from "@tensorflow/tfjs";
import { type FrozenNorm, type NormValues, normRelu, runningNorm } from "../network/batch-norm";
import type { Layer } from "./layer";

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

/** With the running statistics, which no gradient reaches; nor does it reach weight and bias. [b, h, w, c] */
export function normaliseFrozen(x: tf.Tensor4D, values: NormValues, relu: boolean): tf.Tensor4D {
  return tf.tidy(() => {
    const norm = runningNorm(values);
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
