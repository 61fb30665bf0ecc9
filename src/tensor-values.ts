/**
 * The values of a tensor that is computed only to be read. `tf.tidy(() => ….dataSync())` does the same, but tidy looks for
 * tensors in whatever its function returns, entry by entry with `for … in`: the probabilities of one photograph take it six
 * seconds and 400 MB.
 */

import * as tf from "@tensorflow/tfjs";

/** @param compute makes a tensor of its own, which is disposed with everything on the way to it */
export function valuesOf(compute: () => tf.Tensor): Float32Array {
  const tensor = tf.tidy(compute);
  try {
    return tensor.dataSync() as Float32Array;
  } finally {
    tensor.dispose();
  }
}
