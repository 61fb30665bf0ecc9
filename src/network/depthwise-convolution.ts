/**
 * Depthwise convolutions: each channel by a kernel of its own. They pad as TensorFlow's "same" does, which at stride 1 is as
 * PyTorch does. With a 1×1 convolution after it, one stands for a whole convolution at a fraction of the products (depthwise
 * separable; Chollet, CVPR 2017).
 */

import * as tf from "@tensorflow/tfjs";
import { convolution } from "./convolution-layer";
import { chain, type Layer } from "./layer";
import { type Tap, tapsOf } from "./shifted-products";

export interface DepthwiseOptions {
  /** Side of the kernel, odd. */
  readonly side: number;
  readonly stride?: number;
  /** Cells between the taps; only with stride 1. */
  readonly dilation?: number;
}

/** The kernel is [c, 1, k, k] in PyTorch, which the store turns to [k, k, 1, c]. [b, h, w, c] → [b, ⌈h/stride⌉, ⌈w/stride⌉, c] */
export function depthwiseConvolution(
  name: string,
  channels: number,
  { side, stride = 1, dilation = 1 }: DepthwiseOptions,
): Layer {
  return {
    parameters: [{ name: `${name}.weight`, shape: [channels, 1, side, side], kind: "kernel" }],
    apply: (x, pass) =>
      tf.tidy(() => {
        const kernel = pass.kernel(`${name}.weight`).reshape<tf.Tensor4D>([side, side, channels, 1]);
        return dilation === 1 ? tf.depthwiseConv2d(x, kernel, stride, "same") : convolveDilated(x, kernel, dilation);
      }),
  };
}

/** Depthwise, then 1×1 with bias and ReLU. [b, h, w, input] → [b, h, w, output] */
export function separableConvolution(
  name: string,
  input: number,
  output: number,
  options: Omit<DepthwiseOptions, "stride">,
): Layer {
  return chain([
    depthwiseConvolution(`${name}.depthwise`, input, options),
    convolution(`${name}.pointwise`, input, output, { bias: true, relu: true }),
  ]);
}

/**
 * TensorFlow.js has neither a gradient of it nor, on every backend, the convolution itself: it is the sum over the kernel's
 * taps of the map shifted by multiples of the dilation. Taps that see nothing but the zeros around the map cost nothing.
 * @param kernel [k, k, c, 1]
 */
function convolveDilated(x: tf.Tensor4D, kernel: tf.Tensor4D, dilation: number): tf.Tensor4D {
  const taps = tapsOf(x.shape, kernel.shape[0], dilation);
  const convolve = tf.customGrad((input, weights, save) => {
    (save as tf.GradSaveFunc)([input as tf.Tensor, weights as tf.Tensor]);
    return {
      value: sumOfTaps(input as tf.Tensor4D, weights as tf.Tensor4D, taps),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [map, factors] = saved as tf.Tensor4D[];
        const back = taps.map(({ row, column, from, to, size }) => ({ row, column, from: to, to: from, size }));
        return [
          sumOfTaps(dy as tf.Tensor4D, factors, back),
          gradientOfKernel(dy as tf.Tensor4D, map, factors.shape, taps),
        ];
      },
    };
  });
  return convolve(x, kernel) as tf.Tensor4D;
}

/** Each tap's factor times what it reads, where it reaches, added up. [b, h, w, c] */
function sumOfTaps(x: tf.Tensor4D, kernel: tf.Tensor4D, taps: readonly Tap[]): tf.Tensor4D {
  const [, h, w, c] = x.shape;
  let sum: tf.Tensor4D | undefined;
  for (const { row, column, from, to, size } of taps) {
    const before: tf.Tensor4D | undefined = sum;
    sum = tf.tidy(() => {
      const factors = kernel.slice([row, column, 0, 0], [1, 1, c, 1]).reshape([1, 1, 1, c]);
      const placed = partOf(x, from, size)
        .mul(factors)
        .pad<tf.Tensor4D>([[0, 0], [to[0], h - size[0] - to[0]], [to[1], w - size[1] - to[1]], [0, 0]]); // biome-ignore format: one row an axis
      return before === undefined ? placed : before.add<tf.Tensor4D>(placed);
    });
    before?.dispose();
  }
  return sum as tf.Tensor4D; // the middle tap always sees the map
}

/** 0 for the taps that see nothing. [k, k, c, 1] */
function gradientOfKernel(
  dy: tf.Tensor4D,
  x: tf.Tensor4D,
  [side, , channels]: readonly number[],
  taps: readonly Tap[],
): tf.Tensor4D {
  return tf.tidy(() => {
    const none: tf.Tensor1D = tf.zeros([channels]);
    const gradients = Array.from({ length: side * side }, (_, place): tf.Tensor1D => {
      const tap = taps.find(({ row, column }) => row * side + column === place);
      if (tap === undefined) return none;
      return tf.tidy(() =>
        partOf(x, tap.from, tap.size)
          .mul(partOf(dy, tap.to, tap.size))
          .sum<tf.Tensor1D>([0, 1, 2]),
      );
    });
    return tf.stack(gradients).reshape<tf.Tensor4D>([side, side, channels, 1]);
  });
}

function partOf(map: tf.Tensor4D, [top, left]: Tap["from"], [height, width]: Tap["size"]): tf.Tensor4D {
  const [b, , , c] = map.shape;
  return map.slice([0, top, left, 0], [b, height, width, c]);
}
