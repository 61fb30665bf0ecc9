/**
 * Bilinear resizing as PyTorch's `F.interpolate(mode="bilinear")`: half-pixel centres with clamped edges, or aligned
 * corners; no antialiasing. Positions are computed in float32, as there; the graph's resizing computes them in float64.
 */

import type * as tf from "@tensorflow/tfjs";
import type { RasterShape } from "./pad";
import { type AxisMatrix, applySeparable } from "./separable";

export interface BilinearOptions {
  /** Corner pixels meet corner pixels. Default false: half-pixel centres. */
  readonly alignCorners?: boolean;
  /** PyTorch's `scale_factor`: steps are exactly 1 / factor, whatever the rounded size. Only without aligned corners. */
  readonly scaleFactor?: number;
  /** Half-pixel centres in full precision. Default false: rounded to float32 as in PyTorch. */
  readonly exact?: boolean;
}

/** For each target position the two source positions, and the weight of the upper one. */
export interface BilinearTaps {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly weight: Float32Array;
}

/** Taps of one axis. */
export function bilinearTaps(from: number, to: number, options: BilinearOptions = {}): BilinearTaps {
  const { fround } = Math;
  const { alignCorners = false, scaleFactor, exact = false } = options;
  const halfPixel = (i: number): number =>
    exact ? ((i + 0.5) * from) / to - 0.5 : fround(fround(step * (i + 0.5)) - 0.5);
  const step = alignCorners
    ? fround(to > 1 ? (from - 1) / (to - 1) : 0)
    : fround(scaleFactor === undefined ? from / to : 1 / scaleFactor);
  const taps = { lower: new Int32Array(to), upper: new Int32Array(to), weight: new Float32Array(to) };
  for (let i = 0; i < to; i++) {
    const position = alignCorners ? fround(step * i) : Math.max(0, halfPixel(i));
    const lower = Math.min(from - 1, Math.floor(position));
    taps.lower[i] = lower;
    taps.upper[i] = Math.min(from - 1, lower + 1);
    taps.weight[i] = Math.min(1, Math.max(0, position - lower));
  }
  return taps;
}

/** [b, h, w, c] → [b, H, W, c]; differentiable. */
export function resizeBilinear(
  x: tf.Tensor4D,
  [height, width]: readonly [number, number],
  options: BilinearOptions = {},
): tf.Tensor4D {
  return applySeparable(x, bilinearMatrix(x.shape[1], height, options), bilinearMatrix(x.shape[2], width, options));
}

/** The same on plain arrays: [h·w·c] → [H·W·c]. */
export function resizeBilinearArray(
  data: ArrayLike<number>,
  { height, width, channels }: RasterShape,
  [toHeight, toWidth]: readonly [number, number],
  options: BilinearOptions = {},
): Float32Array {
  const rows = bilinearTaps(height, toHeight, options);
  const columns = bilinearTaps(width, toWidth, options);
  const out = new Float32Array(toHeight * toWidth * channels);
  for (let y = 0, to = 0; y < toHeight; y++) {
    const above = rows.lower[y] * width;
    const below = rows.upper[y] * width;
    const down = rows.weight[y];
    for (let x = 0; x < toWidth; x++) {
      const left = columns.lower[x];
      const right = columns.upper[x];
      const across = columns.weight[x];
      for (let c = 0; c < channels; c++, to++) {
        const top = lerp(data[(above + left) * channels + c], data[(above + right) * channels + c], across);
        const bottom = lerp(data[(below + left) * channels + c], data[(below + right) * channels + c], across);
        out[to] = lerp(top, bottom, down);
      }
    }
  }
  return out;
}

function lerp(a: number, b: number, weight: number): number {
  return (1 - weight) * a + weight * b;
}

/** The matrix that resizes one axis: two entries a row. */
export function bilinearMatrix(from: number, to: number, options: BilinearOptions = {}): AxisMatrix {
  const { lower, upper, weight } = bilinearTaps(from, to, options);
  const data = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    data[i * from + lower[i]] += 1 - weight[i];
    data[i * from + upper[i]] += weight[i];
  }
  return { from, to, data };
}
