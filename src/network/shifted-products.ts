/**
 * Gradients of a dilated convolution as sums of matrix products: each tap of the kernel reads the map shifted by a
 * multiple of the dilation, so its products run over the part where the shifted map overlaps the output, and a tap that
 * sees nothing but the zeros around the map costs nothing. With DeepLab's rates of 6 to 24 on maps of 41×41 and less
 * that is half the work of the whole kernel, and far less than that of the split images (convolution.ts), which pad
 * such maps to several times their size.
 */

import * as tf from "@tensorflow/tfjs";

/** A place in the kernel, and the part of the map that it reads for the part of the output that it reaches. */
export interface Tap {
  readonly row: number;
  readonly column: number;
  readonly from: readonly [top: number, left: number];
  readonly to: readonly [top: number, left: number];
  readonly size: readonly [height: number, width: number];
}

/** Those that see some of the map. */
export function tapsOf([, height, width]: readonly number[], side: number, dilation: number): Tap[] {
  const places = Array.from({ length: side * side }, (_, i) => [Math.floor(i / side), i % side] as const);
  return places.flatMap(([row, column]) => {
    const [down, right] = [row, column].map((place) => (place - (side - 1) / 2) * dilation);
    const size = [height - Math.abs(down), width - Math.abs(right)] as const;
    if (size[0] <= 0 || size[1] <= 0) return [];
    const from = [Math.max(0, down), Math.max(0, right)] as const;
    return { row, column, from, to: [Math.max(0, -down), Math.max(0, -right)] as const, size };
  });
}

/**
 * Gradients of `convolve` with that dilation and stride 1.
 * @param dy [b, h, w, out] @param x [b, h, w, in] @param kernel [k, k, in, out], k odd
 * @returns in x and in the kernel
 */
export function gradientsByShifts(
  dy: tf.Tensor4D,
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  dilation: number,
): [tf.Tensor4D, tf.Tensor4D] {
  const taps = tapsOf(x.shape, kernel.shape[0], dilation);
  return tf.tidy(() => [gradientOfMap(dy, kernel, taps), gradientOfKernel(dy, x, kernel.shape, taps)]);
}

// --- internal ---

/** Each tap's share where it was read, added up. [b, h, w, in] */
function gradientOfMap(dy: tf.Tensor4D, kernel: tf.Tensor4D, taps: readonly Tap[]): tf.Tensor4D {
  const [b, h, w] = dy.shape;
  const [, , input, output] = kernel.shape;
  let sum: tf.Tensor4D | undefined;
  for (const { row, column, from, to, size } of taps) {
    const before: tf.Tensor4D | undefined = sum;
    sum = tf.tidy(() => {
      const factors = kernel.slice([row, column, 0, 0], [1, 1, input, output]).reshape<tf.Tensor2D>([input, output]);
      const share = tf.matMul(rowsOf(dy, to, size), factors, false, true).reshape<tf.Tensor4D>([b, ...size, input]);
      const placed = tf.pad(share, [
        [0, 0],
        [from[0], h - size[0] - from[0]],
        [from[1], w - size[1] - from[1]],
        [0, 0],
      ]);
      return before === undefined ? placed : before.add<tf.Tensor4D>(placed);
    });
    before?.dispose();
  }
  return sum as tf.Tensor4D; // the middle tap always sees the map
}

/** 0 for the taps that see nothing. [k, k, in, out] */
function gradientOfKernel(
  dy: tf.Tensor4D,
  x: tf.Tensor4D,
  [side, , input, output]: readonly number[],
  taps: readonly Tap[],
): tf.Tensor4D {
  return tf.tidy(() => {
    const none: tf.Tensor2D = tf.zeros([input, output]);
    const gradients = Array.from({ length: side * side }, (_, place): tf.Tensor2D => {
      const tap = taps.find(({ row, column }) => row * side + column === place);
      if (tap === undefined) return none;
      return tf.tidy(() => tf.matMul(rowsOf(x, tap.from, tap.size), rowsOf(dy, tap.to, tap.size), true) as tf.Tensor2D);
    });
    return tf.concat2d(gradients, 0).reshape([side, side, input, output]);
  });
}

/** A part of a map as rows of channels: [b·height·width, c]. */
function rowsOf(map: tf.Tensor4D, [top, left]: Tap["from"], [height, width]: Tap["size"]): tf.Tensor2D {
  const [b, , , c] = map.shape;
  return map.slice([0, top, left, 0], [b, height, width, c]).reshape([b * height * width, c]);
}
