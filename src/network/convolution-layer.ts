/** Convolutions with or without a bias, and the row that most of every network is: convolution, batch normalisation, ReLU. */

import * as tf from "@tensorflow/tfjs";
import { type ConvolutionOptions, convolve } from "./convolution";
import { chain, type Initial, type Layer } from "./layer";
import { normLayer } from "./norm-layer";

export interface ConvolutionLayerOptions extends ConvolutionOptions {
  /** Side of the kernel, odd. Default 1. */
  readonly side?: number;
  /** Default false. */
  readonly bias?: boolean;
  /** Whether a ReLU follows the bias, for networks without normalisations. Default false. */
  readonly relu?: boolean;
  /** Whether it gives logits, of which there are as many as classes. Default false. */
  readonly logits?: boolean;
  /** How the kernel is drawn where the weights lack it. Default: see initial-parameters.ts. */
  readonly initial?: Initial;
}

/** [b, h, w, input] → [b, ⌈h/stride⌉, ⌈w/stride⌉, output], zeros around as in PyTorch with padding (side − 1) / 2 · dilation. */
export function convolution(
  name: string,
  input: number,
  output: number,
  { side = 1, bias = false, relu = false, logits = false, initial, ...geometry }: ConvolutionLayerOptions = {},
): Layer {
  return {
    parameters: [
      { name: `${name}.weight`, shape: [output, input, side, side], kind: "kernel", initial, logits },
      ...(bias ? [{ name: `${name}.bias`, shape: [output], kind: "bias", logits } as const] : []),
    ],
    apply: (x, pass) =>
      tf.tidy(() => {
        const y = convolve(x, pass.kernel(`${name}.weight`), geometry);
        if (!bias) return y;
        return addBias(pass.calibrate?.(y, name) ?? y, pass.bias(`${name}.bias`), relu);
      }),
  };
}

/**
 * A layer of which every output sees every input, with a bias: [n, 1, 1, input] → [n, 1, 1, output]. A product of matrices: as a
 * convolution its kernel's gradient would be summed row by row.
 */
export function fullyConnected(
  name: string,
  input: number,
  output: number,
  { relu = false, logits = false, initial }: Pick<ConvolutionLayerOptions, "relu" | "logits" | "initial"> = {},
): Layer {
  return {
    parameters: [
      { name: `${name}.weight`, shape: [output, input], kind: "kernel", initial, logits },
      { name: `${name}.bias`, shape: [output], kind: "bias", logits },
    ],
    apply: (x, pass) =>
      tf.tidy(() => {
        const kernel = pass.kernel(`${name}.weight`).reshape<tf.Tensor2D>([input, output]);
        const y = x.reshape<tf.Tensor2D>([-1, input]).matMul(kernel).reshape<tf.Tensor4D>([-1, 1, 1, output]);
        return addBias(pass.calibrate?.(y, name) ?? y, pass.bias(`${name}.bias`), relu);
      }),
  };
}

/** PyTorch's `ConvTranspose2d(input, output, 2, 2)` and a ReLU: each cell becomes 2×2. [b, h, w, input] → [b, 2h, 2w, output] */
export function doublingConvolution(name: string, input: number, output: number): Layer {
  return {
    parameters: [
      {
        name: `${name}.weight`,
        shape: [input, output, 2, 2],
        kind: "kernel",
        initial: { normal: Math.sqrt(2 / input) },
      },
      { name: `${name}.bias`, shape: [output], kind: "bias" },
    ],
    apply: (x, pass) =>
      tf.tidy(() => {
        const [b, h, w] = x.shape;
        const kernel = pass.kernel(`${name}.weight`).transpose([3, 0, 1, 2]); // [2, 2, out, in] before
        const parts = convolve(x, kernel.reshape<tf.Tensor4D>([1, 1, input, 4 * output]));
        const apart = parts.reshape([b, h, w, 2, 2, output]).transpose([0, 1, 3, 2, 4, 5]);
        return addBias(apart.reshape<tf.Tensor4D>([b, 2 * h, 2 * w, output]), pass.bias(`${name}.bias`), true);
      }),
  };
}

/** Convolution, batch normalisation, and a ReLU. @param names of the two layers that have parameters */
export function convolutionNormRelu(
  names: readonly [convolution: string, norm: string],
  input: number,
  output: number,
  options?: ConvolutionLayerOptions,
): Layer {
  return chain([convolution(names[0], input, output, options), normLayer(names[1], output, true)]);
}

/** Keeps the result alone for the gradient, and nothing without a ReLU; TensorFlow.js would keep the map before each of the two. */
function addBias(x: tf.Tensor4D, bias: tf.Tensor1D, relu: boolean): tf.Tensor4D {
  const add = tf.customGrad((...values) => {
    const [map, addend] = values as unknown as [tf.Tensor4D, tf.Tensor1D];
    const y = tf.tidy(() => (relu ? map.add(addend).relu() : map.add(addend)) as tf.Tensor4D);
    (values[2] as unknown as tf.GradSaveFunc)(relu ? [y] : []);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, [output]: tf.Tensor[]) =>
        tf.tidy(() => {
          const g = output === undefined ? dy.clone() : dy.mul(output.sign());
          return [g, g.sum([0, 1, 2])];
        }),
    };
  });
  return add(x, bias) as tf.Tensor4D;
}
