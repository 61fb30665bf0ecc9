/**
 * What networks are made of. A layer is a value: the parameters that it has, and how it is applied to a map [b, h, w,
 * c]. Layers in a row are a layer again, so a network is one expression, and its list of parameters follows from it.
 */

import type * as tf from "@tensorflow/tfjs";

export type ParameterKind = "kernel" | "bias" | "norm weight" | "norm bias" | "running mean" | "running variance";

/** How a parameter is drawn where the weights lack it: see initial-parameters.ts. */
export type Initial = { readonly normal: number } | { readonly xavier: number } | { readonly constant: number };

/** One parameter by its name in the state_dict. */
export interface Parameter {
  readonly name: string;
  /** As PyTorch has it: a kernel's is [out, in, h, w]. */
  readonly shape: readonly number[];
  readonly kind: ParameterKind;
  /** Default: by the kind. */
  readonly initial?: Initial;
  /** True where the layer gives logits, so that its size depends on the number of classes. */
  readonly logits?: boolean;
  /** What a normalisation adds to this running variance. Default: PyTorch's 1e-5. */
  readonly epsilon?: number;
}

/** Channel dropout on what a normalisation puts out. */
export interface NormDropout {
  /** What the draws depend on besides the image's seed. */
  readonly name: string;
  readonly rate: number;
}

/** Values of the parameters, and how this pass through the network treats what training treats in its own way. */
export interface Pass {
  /** [h, w, in, out] */
  kernel(name: string): tf.Tensor4D;
  /** [c] */
  bias(name: string): tf.Tensor1D;
  /**
   * Batch normalisation by the layer's name, with a ReLU after it or without; only with a ReLU there may be dropout.
   */
  normalise(x: tf.Tensor4D, name: string, relu: boolean, dropout?: NormDropout): tf.Tensor4D;
  /** Changes what a convolution with a bias gives, before the bias is added. Absent: nothing changes. */
  calibrate?(response: tf.Tensor4D, name: string): tf.Tensor4D;
  /** Seed of each image's dropout; absent: nothing is dropped. */
  readonly dropoutSeeds?: readonly number[];
}

export interface Layer {
  readonly parameters: readonly Parameter[];
  apply(x: tf.Tensor4D, pass: Pass): tf.Tensor4D;
}

/** One after the other; what lies between them is freed at once. */
export function chain(layers: readonly Layer[]): Layer {
  return {
    parameters: parametersOf(layers),
    apply(x, pass) {
      let y = x;
      for (const layer of layers) {
        const next = layer.apply(y, pass);
        if (y !== x && y !== next) y.dispose();
        y = next;
      }
      return y;
    },
  };
}

/** A layer without parameters. */
export function plainLayer(apply: (x: tf.Tensor4D) => tf.Tensor4D): Layer {
  return { parameters: [], apply };
}

/** The parameters of several parts of a network, in their order. */
export function parametersOf(parts: readonly Pick<Layer, "parameters">[]): readonly Parameter[] {
  return parts.flatMap(({ parameters }) => parameters);
}

/** Shapes by name: what makers of weights ask for. */
export function shapesOf(parameters: readonly Parameter[]): Map<string, readonly number[]> {
  return new Map(parameters.map(({ name, shape }) => [name, shape]));
}
