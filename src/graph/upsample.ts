/**
 * Bilinear resizing (half-pixel centres, edges clamped: PyTorch's align_corners=False) as two small matrix products:
 * Z = U_y·L·U_xᵀ. Its gradient is the same two products transposed, so nothing of image size is ever scattered.
 */

import * as tf from "@tensorflow/tfjs";

/** The matrix that resizes one axis, [to, from], row-major: two non-zero entries a row. */
export function bilinearMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const { lower, upper, weight } = bilinearTap(i, from, to);
    matrix[i * from + lower] += 1 - weight;
    matrix[i * from + upper] += weight;
  }
  return matrix;
}

/** The two source positions of one target position, and the weight of the upper one. */
export function bilinearTap(i: number, from: number, to: number): { lower: number; upper: number; weight: number } {
  const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
  const lower = Math.min(from - 1, Math.floor(position));
  return { lower, upper: Math.min(from - 1, lower + 1), weight: Math.fround(position - lower) };
}

/** Resizes [h·w, k] grids to [H·W, k] and takes gradients back. The owner disposes it. */
export interface Upsampler {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  /** [h·w, k] → [H·W, k] */
  up(grid: tf.Tensor2D): tf.Tensor2D;
  /** The transpose: [H·W, k] → [h·w, k] */
  down(pixels: tf.Tensor2D): tf.Tensor2D;
  dispose(): void;
}

export function createUpsampler(from: readonly [number, number], to: readonly [number, number]): Upsampler {
  const [h, w] = from;
  const [H, W] = to;
  const rows = tf.tensor2d(bilinearMatrix(h, H), [H, h]);
  const columns = tf.tensor3d(bilinearMatrix(w, W), [1, W, w]);
  return {
    from,
    to,
    up: (grid) =>
      tf.tidy(() => {
        const k = grid.shape[1];
        const wide = tf.matMul(columns, grid.reshape([h, w, k])); // [h, W, k]
        return tf.matMul(rows, wide.reshape([h, W * k]) as tf.Tensor2D).reshape([H * W, k]);
      }),
    down: (pixels) =>
      tf.tidy(() => {
        const k = pixels.shape[1];
        const wide = tf.matMul(rows, pixels.reshape([H, W * k]) as tf.Tensor2D, true); // [h, W·k]
        return tf.matMul(columns, wide.reshape([h, W, k]), true).reshape([h * w, k]);
      }),
    dispose: () => tf.dispose([rows, columns]),
  };
}
