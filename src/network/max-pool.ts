/** Maximum pooling over 3×3 with a margin of one, as PyTorch's `MaxPool2d(3, stride, 1)` counts its windows. */

import * as tf from "@tensorflow/tfjs";
import { type Layer, plainLayer } from "./layer";

const SIDE = 3;
const MARGIN = 1;

export interface MaxPoolOptions {
  readonly stride: number;
  /** A last window that is only part inside counts as well (Caffe; PyTorch's `ceil_mode`). Default false. */
  readonly ceil?: boolean;
}

/** Pools maps without negative values, as a ReLU leaves them: the margin's zeros then change no maximum. */
export function maxPool({ stride, ceil = false }: MaxPoolOptions): Layer {
  return plainLayer((x) =>
    tf.tidy(() => {
      const [, height, width] = x.shape;
      const after = (extent: number): number =>
        Math.max(0, (pooledExtent(extent, stride, ceil) - 1) * stride + SIDE - extent - MARGIN);
      const padded = tf.pad(x, [
        [0, 0],
        [MARGIN, after(height)],
        [MARGIN, after(width)],
        [0, 0],
      ]);
      return tf.maxPool(padded, SIDE, stride, "valid");
    }),
  );
}

/** Rows or columns that come out. */
export function pooledExtent(extent: number, stride: number, ceil: boolean): number {
  const steps = (extent + 2 * MARGIN - SIDE) / stride;
  if (!ceil) return Math.floor(steps) + 1;
  const count = Math.ceil(steps) + 1;
  return (count - 1) * stride >= extent + MARGIN ? count - 1 : count; // no window begins beyond the map
}
