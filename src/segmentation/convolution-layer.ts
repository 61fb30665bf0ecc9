/** Convolutions with or without a bias, and the row that most of every network is: convolution, batch normalisation, ReLU. */

import * as tf from "@tensorflow/tfjs";
import { type ConvolutionOptions, convolve } from "../network/convolution";
import { chain, type Layer } from "./layer";
import { normLayer } from "./norm-layer";

export interface ConvolutionLayerOptions extends ConvolutionOptions {
  /** Side of the kernel, odd. Default 1. */
  readonly side?: number;
  /** Default false. */
  readonly bias?: boolean;
}

/** [b, h, w, input] → [b, ⌈h/stride⌉, ⌈w/stride⌉, output], zeros around as in PyTorch with padding (side − 1) / 2 · dilation. */
export function convolution(
  name: string,
  input: number,
  output: number,
  { side = 1, bias = false, ...geometry }: ConvolutionLayerOptions = {},
): Layer {
  return {
    parameters: [
      { name: `${name}.weight`, shape: [output, input, side, side], kind: "kernel" },
      ...(bias ? [{ name: `${name}.bias`, shape: [output], kind: "bias" } as const] : []),
    ],
    apply: (x, pass) =>
      tf.tidy(() => {
        const y = convolve(x, pass.kernel(`${name}.weight`), geometry);
        return bias ? y.add<tf.Tensor4D>(pass.bias(`${name}.bias`)) : y;
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

/** ReLU by itself, for networks without normalisations. Its gradient needs the output alone. */
export const reluLayer: Layer = { parameters: [], apply: (x) => tf.relu(x) };
