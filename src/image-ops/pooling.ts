/** Average pooling, by a fixed block or to a fixed size. Reference: `F.avg_pool2d`, `nn.AdaptiveAvgPool2d`. */

import * as tf from "@tensorflow/tfjs";
import type { RasterShape } from "./pad";
import { type AxisMatrix, applySeparable } from "./separable";

/** Means of size×size blocks; rows and columns that fill no block are left out. [b, h, w, c] → [b, ⌊h/size⌋, ⌊w/size⌋, c] */
export function averagePool(x: tf.Tensor4D, size: number): tf.Tensor4D {
  return tf.avgPool(x, size, size, "valid");
}

/** The same on plain arrays. */
export function averagePoolArray(
  data: ArrayLike<number>,
  { height, width, channels }: RasterShape,
  size: number,
): Float32Array {
  const rows = Math.floor(height / size);
  const columns = Math.floor(width / size);
  const sums = new Float64Array(rows * columns * channels);
  for (let y = 0; y < rows * size; y++)
    for (let x = 0; x < columns * size; x++) {
      const to = (Math.floor(y / size) * columns + Math.floor(x / size)) * channels;
      const from = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) sums[to + c] += data[from + c];
    }
  return Float32Array.from(sums, (sum) => sum / (size * size));
}

/** Means over windows that divide the map as evenly as they can, overlapping where they must. → [b, H, W, c] */
export function adaptiveAveragePool(x: tf.Tensor4D, [height, width]: readonly [number, number]): tf.Tensor4D {
  return applySeparable(x, adaptiveMatrix(x.shape[1], height), adaptiveMatrix(x.shape[2], width));
}

function adaptiveMatrix(from: number, to: number): AxisMatrix {
  const data = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const start = Math.floor((i * from) / to);
    const end = Math.ceil(((i + 1) * from) / to);
    data.fill(1 / (end - start), i * from + start, i * from + end);
  }
  return { from, to, data };
}
