/** The (2r+1)² window around every cell, zero outside the map, as PyTorch's `F.unfold(kernel 2r+1, padding r)`: the plain form that windowed code is compared with. */

import * as tf from "@tensorflow/tfjs";

/** [b, h, w, c] → [b, h, w, d·d, c], d = 2·radius + 1, offset (dy + r)·d + (dx + r); differentiable. */
export function unfoldWindow(x: tf.Tensor4D, radius: number): tf.Tensor5D {
  return tf.tidy(() => {
    const [b, h, w, c] = x.shape;
    const padded = tf.pad(x, [
      [0, 0],
      [radius, radius],
      [radius, radius],
      [0, 0],
    ]);
    const d = 2 * radius + 1;
    const shifted = Array.from({ length: d * d }, (_, offset) =>
      padded.slice([0, Math.floor(offset / d), offset % d, 0], [b, h, w, c]),
    );
    return tf.stack(shifted, 3) as tf.Tensor5D;
  });
}
