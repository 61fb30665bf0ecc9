/**
 * Convolutions as PyTorch pads them: (kernel − 1) / 2 · dilation zeros on every side, whatever the stride.
 * (TensorFlow's "same" pads otherwise where the stride is above 1.)
 */

import * as tf from "@tensorflow/tfjs";
import { gradientsByShifts } from "./shifted-products";

export interface ConvolutionOptions {
  readonly stride?: number;
  readonly dilation?: number;
}

/** [b, h, w, in] · [k, k, in, out] → [b, ⌈h/stride⌉, ⌈w/stride⌉, out], k odd; differentiable in both. */
export function convolve(
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  { stride = 1, dilation = 1 }: ConvolutionOptions = {},
): tf.Tensor4D {
  const side = kernel.shape[0];
  if (side === 1) return tf.tidy(() => tf.conv2d(everyNth(x, stride), kernel, 1, "valid"));
  if (dilation > 1) return tf.tidy(() => everyNth(convolveDilated(x, kernel, dilation), stride));
  if (stride === 1) return tf.conv2d(x, kernel, 1, "same");
  const margin = (side - 1) / 2;
  return tf.tidy(() => {
    const padded = tf.pad(x, [
      [0, 0],
      [margin, margin],
      [margin, margin],
      [0, 0],
    ]);
    return tf.conv2d(padded, kernel, stride, "valid");
  });
}

/**
 * Every n-th row and column: what a 1×1 convolution of that stride reads, and what any other keeps. Apart from it,
 * because TensorFlow's (oneDNN's) gradient of such a kernel writes beyond its buffers at some sizes and ends the
 * process. [b, h, w, c] → [b, ⌈h/n⌉, ⌈w/n⌉, c]
 */
export function everyNth(x: tf.Tensor4D, n: number): tf.Tensor4D {
  if (n === 1) return x;
  const [b, h, w, c] = x.shape;
  const [rows, columns] = [Math.ceil(h / n), Math.ceil(w / n)];
  const select = tf.customGrad((input) => ({
    value: (input as tf.Tensor4D).stridedSlice([0, 0, 0, 0], [b, h, w, c], [1, n, n, 1]),
    gradFunc: (dy) =>
      tf.tidy(() => {
        const apart = tf.pad(dy.reshape([b, rows, 1, columns, 1, c]), [[0, 0], [0, 0], [0, n - 1], [0, 0], [0, n - 1], [0, 0]]); // biome-ignore format: one row an axis
        return apart.reshape<tf.Tensor4D>([b, rows * n, columns * n, c]).slice([0, 0, 0, 0], [b, h, w, c]);
      }),
  }));
  return select(x) as tf.Tensor4D;
}

/** From this dilation on shifted products are the faster gradient, by measurement on maps of 13×13 to 41×41. */
const WIDE = 6;

/**
 * TensorFlow.js has no gradient for dilated convolutions. Pixels a dilation apart see only one another, so the image
 * falls into dilation² images of neighbours (space to batch) on which the convolution is a plain one: exact, and as
 * fast. Where the dilation is wide for the map, these images are mostly zeros around it, and shifted products take
 * their place.
 */
function convolveDilated(x: tf.Tensor4D, kernel: tf.Tensor4D, dilation: number): tf.Tensor4D {
  const convolution = tf.customGrad((input, weights, save) => {
    (save as tf.GradSaveFunc)([input as tf.Tensor, weights as tf.Tensor]);
    const value = tf.conv2d(input as tf.Tensor4D, weights as tf.Tensor4D, 1, "same", "NHWC", dilation);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [map, factors] = saved as tf.Tensor4D[];
      if (dilation >= WIDE) return gradientsByShifts(dy as tf.Tensor4D, map, factors, dilation);
      return gradientsBySplitting(dy, map, factors, splitting(map.shape, factors.shape[0], dilation));
    };
    return { value, gradFunc };
  });
  return convolution(x, kernel) as tf.Tensor4D;
}

/**
 * Gradients of the plain convolution of the split images; the gradient of splitting is joining, and the other way
 * round. By kernel names: a gradient inside a gradient would end the outer tape.
 */
function gradientsBySplitting(
  dy: tf.Tensor,
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  { block, margins, crops }: Splitting,
): tf.Tensor[] {
  return tf.tidy(() => {
    const plain = { strides: 1, pad: "valid", dataFormat: "NHWC" };
    const engine = tf.engine();
    const input = tf.spaceToBatchND(x, block, margins);
    const outer = tf.spaceToBatchND(dy, block, crops);
    const ofInput = engine.runKernel(
      tf.Conv2DBackpropInput,
      { dy: outer, filter: kernel },
      { ...plain, inputShape: input.shape },
    ) as tf.Tensor;
    const ofKernel = engine.runKernel(
      tf.Conv2DBackpropFilter,
      { x: input, dy: outer },
      { ...plain, filterShape: kernel.shape },
    ) as tf.Tensor;
    return [tf.batchToSpaceND(ofInput, block, margins), ofKernel];
  });
}

/** How to split: zeros around the image up to a multiple of the dilation, and how much of the result is beyond it. */
interface Splitting {
  readonly block: number[];
  readonly margins: number[][];
  readonly crops: number[][];
}

function splitting([, height, width]: readonly number[], side: number, dilation: number): Splitting {
  const margin = ((side - 1) / 2) * dilation;
  const rest = (extent: number): number => Math.ceil(extent / dilation) * dilation - extent;
  return {
    block: [dilation, dilation],
    margins: [
      [margin, margin + rest(height)],
      [margin, margin + rest(width)],
    ],
    crops: [
      [0, rest(height)],
      [0, rest(width)],
    ],
  };
}
