/**
 * The (2r+1)² window around every cell, zero outside the map: PyTorch's `F.unfold(kernel 2r+1, padding r)`. For few channels
 * (labels, masks, colours); features use `affinity-window.ts`, which never holds all windows at once.
 */

import * as tf from "@tensorflow/tfjs";
import type { RasterShape } from "./pad";

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

/** The same on a plain array of one image: [h·w·c] → [h·w·d·d·c]. */
export function unfoldArray<T extends Uint8Array | Float32Array>(
  data: T,
  { height, width, channels }: RasterShape,
  radius: number,
): T {
  const d = 2 * radius + 1;
  const out = new (data.constructor as new (length: number) => T)(height * width * d * d * channels);
  let to = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let ny = y - radius; ny <= y + radius; ny++)
        for (let nx = x - radius; nx <= x + radius; nx++, to += channels) {
          if (ny < 0 || nx < 0 || ny >= height || nx >= width) continue;
          const from = (ny * width + nx) * channels;
          for (let c = 0; c < channels; c++) out[to + c] = data[from + c];
        }
  return out;
}
