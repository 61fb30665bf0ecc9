/** Average pooling to a fixed size. Reference: `nn.AdaptiveAvgPool2d`. */

import type * as tf from "@tensorflow/tfjs";
import { type AxisMatrix, applySeparable } from "./separable";

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
