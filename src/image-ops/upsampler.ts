/**
 * Bilinear resizing of node features (half-pixel centres, edges clamped) as two small matrix products: Z = U_y·L·U_xᵀ. Its
 * gradient is the same two products transposed, so nothing of image size is ever scattered.
 */

import * as tf from "@tensorflow/tfjs";
import { type BilinearTaps, bilinearMatrix, bilinearTaps } from "./bilinear";

/** Resizes [h·w, k] grids to [H·W, k] and takes gradients back. The owner disposes it. */
export interface Upsampler {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  /** [h·w, k] → [H·W, k] */
  up(grid: tf.Tensor2D): tf.Tensor2D;
  /** The transpose: [H·W, k] → [h·w, k] */
  down(pixels: tf.Tensor2D): tf.Tensor2D;
  /** The same map after map, which TensorFlow sums over k in half the time: [h·w, k] → [k, H·W] */
  upToPlanes(grid: tf.Tensor2D): tf.Tensor2D;
  /** The transpose: [k, H·W] → [h·w, k] */
  downFromPlanes(planes: tf.Tensor2D): tf.Tensor2D;
  dispose(): void;
}

export function createUpsampler(from: readonly [number, number], to: readonly [number, number]): Upsampler {
  const [h, w] = from;
  const [H, W] = to;
  const rows = tf.tensor2d(bilinearMatrix(h, H, { exact: true }).data, [H, h]);
  const columns = tf.tensor3d(bilinearMatrix(w, W, { exact: true }).data, [1, W, w]);
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
    upToPlanes: (grid) =>
      tf.tidy(() => {
        const k = grid.shape[1];
        const planes = tf.transpose(grid).reshape([k * h, w]) as tf.Tensor2D;
        const wide = tf.matMul(planes, columns.reshape([W, w]) as tf.Tensor2D, false, true); // [k·h, W]
        return tf.matMul(rows.reshape([1, H, h]), wide.reshape([k, h, W])).reshape([k, H * W]) as tf.Tensor2D;
      }),
    downFromPlanes: (planes) =>
      tf.tidy(() => {
        const k = planes.shape[0];
        const wide = tf.matMul(rows.reshape([1, H, h]), planes.reshape([k, H, W]), true); // [k, h, W]
        const narrow = tf.matMul(wide.reshape([k * h, W]) as tf.Tensor2D, columns.reshape([W, w]) as tf.Tensor2D);
        return tf.transpose(narrow.reshape([k, h * w])) as tf.Tensor2D;
      }),
    dispose: () => tf.dispose([rows, columns]),
  };
}

/** The four cells that a pixel of the resized map is mixed from, and their weights. */
export interface PixelMix {
  /** Upper left, upper right, lower left, lower right. */
  readonly cells: readonly [number, number, number, number];
  readonly weights: readonly [number, number, number, number];
}

/** The mix of each pixel (y, x) of a resizing, for those who need only a few pixels of the resized map. */
export function pixelMixes({ from, to }: Pick<Upsampler, "from" | "to">): (y: number, x: number) => PixelMix {
  const [rows, columns] = [0, 1].map((axis) => bilinearTaps(from[axis], to[axis], { exact: true }));
  const width = from[1];
  return (y, x) => mixOf(rows, columns, width, y, x);
}

function mixOf(rows: BilinearTaps, columns: BilinearTaps, width: number, y: number, x: number): PixelMix {
  const [upper, lower] = [rows.lower[y] * width, rows.upper[y] * width];
  const [left, right] = [columns.lower[x], columns.upper[x]];
  const [down, across] = [rows.weight[y], columns.weight[x]];
  return {
    cells: [upper + left, upper + right, lower + left, lower + right],
    weights: [(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across],
  };
}
