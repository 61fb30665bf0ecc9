/** A batch as one tensor, and the losses and gradients of a function of variables, in the form that the trainer takes. */

import * as tf from "@tensorflow/tfjs";
import { freeTapeAsItGoes } from "./tape";
import type { LossShare, TrainedVariable } from "./task";

/**
 * @param compute the losses, scalars, the total first; called once, inside the gradient
 * @returns their values and the total's gradients, zeros for variables it does not depend on; the caller disposes them
 */
export function lossShare(variables: readonly TrainedVariable[], compute: () => readonly tf.Scalar[]): LossShare {
  let losses: tf.Scalar[] = [];
  const tensors = variables.map(({ variable }) => variable);
  const gradients = tf.tidy(() => {
    const { grads } = tf.variableGrads(() => {
      const computed = compute();
      losses = computed.map((loss) => tf.keep(loss.clone()));
      freeTapeAsItGoes();
      return computed[0];
    }, tensors);
    return tensors.map((tensor) => grads[tensor.name] ?? tf.zerosLike(tensor));
  });
  const values = losses.map((loss) => loss.dataSync()[0]);
  tf.dispose(losses);
  return { losses: values, gradients };
}

/** Square images [size·size·3] → [b, size, size, 3]; the caller disposes it. */
export function stackImages(samples: readonly { readonly image: Float32Array }[], size: number): tf.Tensor4D {
  return tf.tidy(() => tf.stack(samples.map(({ image }) => tf.tensor3d(image, [size, size, 3]))) as tf.Tensor4D);
}
