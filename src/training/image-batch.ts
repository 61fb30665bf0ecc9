/** The images of samples as one tensor. */

import * as tf from "@tensorflow/tfjs";

/** Square images [size·size·3] → [b, size, size, 3]; the caller disposes it. */
export function stackImages(samples: readonly { readonly image: Float32Array }[], size: number): tf.Tensor4D {
  return tf.tidy(() => tf.stack(samples.map(({ image }) => tf.tensor3d(image, [size, size, 3]))) as tf.Tensor4D);
}
