/**
 * The two blocks of ResNet38, pre-activation: batch normalisation, ReLU, convolution. The shortcut is a 1×1 convolution
 * *of the activated input* where channels or stride change, else the raw input. docs/method.md, section 2.1; goldens
 * 01, 02.
 */

import * as tf from "@tensorflow/tfjs";
import { convolution } from "./convolution-layer";
import { chain, type Layer, type Parameter, type Pass, parametersOf } from "./layer";
import { normLayer } from "./norm-layer";

export interface BlockOptions {
  /** Two 3×3 convolutions, or 1×1, 3×3, 1×1 with channel dropout between them. */
  readonly kind: "basic" | "bottleneck";
  /** Channels in, inside and out. A bottleneck has twice as many inside after its 3×3 convolution. */
  readonly channels: readonly [input: number, middle: number, output: number];
  /** Default 1. */
  readonly stride?: number;
  /** Default 1. */
  readonly dilation?: number;
  /** Dilation of a basic block's first convolution. Default: that of the others. */
  readonly firstDilation?: number;
  /** Rate of the channel dropout on a bottleneck's inner activations. Default 0. */
  readonly dropout?: number;
}

export interface BlockResult {
  /** [b, h/stride, w/stride, out] */
  readonly output: tf.Tensor4D;
  /** The block's first activation, [b, h, w, in]: what the taps are. */
  readonly activated: tf.Tensor4D;
}

export interface ResidualBlock {
  readonly parameters: readonly Parameter[];
  apply(x: tf.Tensor4D, pass: Pass): BlockResult;
}

export function residualBlock(name: string, options: BlockOptions): ResidualBlock {
  const { kind, stride = 1, channels } = options;
  const [input, , output] = channels;
  const activation = normLayer(`${name}.bn_branch2a`, input, true);
  const branch = kind === "basic" ? basicBranch(name, options) : bottleneckBranch(name, options);
  const isIdentity = kind === "basic" && input === output && stride === 1;
  const shortcut = isIdentity ? undefined : convolution(`${name}.conv_branch1`, input, output, { stride });
  return {
    parameters: parametersOf([activation, branch, ...(shortcut === undefined ? [] : [shortcut])]),
    apply: (x, pass) =>
      tf.tidy(() => {
        const activated = activation.apply(x, pass);
        const inner = branch.apply(activated, pass);
        return { activated, output: sum(shortcut?.apply(activated, pass) ?? x, inner) };
      }),
  };
}

function basicBranch(
  name: string,
  { channels: [input, middle, output], stride, dilation = 1, firstDilation = dilation }: BlockOptions,
): Layer {
  return chain([
    convolution(`${name}.conv_branch2a`, input, middle, { side: 3, stride, dilation: firstDilation }),
    normLayer(`${name}.bn_branch2b1`, middle, true),
    convolution(`${name}.conv_branch2b1`, middle, output, { side: 3, dilation }),
  ]);
}

function bottleneckBranch(
  name: string,
  { channels: [input, middle, output], stride, dilation, dropout: rate = 0 }: BlockOptions,
): Layer {
  const dropout = (branch: string): { readonly name: string; readonly rate: number } | undefined =>
    rate > 0 ? { name: `${name}.dropout_${branch}`, rate } : undefined;
  return chain([
    convolution(`${name}.conv_branch2a`, input, middle, { stride }),
    normLayer(`${name}.bn_branch2b1`, middle, true, { dropout: dropout("2b1") }),
    convolution(`${name}.conv_branch2b1`, middle, 2 * middle, { side: 3, dilation }),
    normLayer(`${name}.bn_branch2b2`, 2 * middle, true, { dropout: dropout("2b2") }),
    convolution(`${name}.conv_branch2b2`, 2 * middle, output),
  ]);
}

/** a + b, keeping neither for the gradient. */
function sum(a: tf.Tensor4D, b: tf.Tensor4D): tf.Tensor4D {
  const add = tf.customGrad((x, y) => ({
    value: (x as tf.Tensor4D).add(y as tf.Tensor4D),
    gradFunc: (dy) => [dy.clone(), dy.clone()],
  }));
  return add(a, b) as tf.Tensor4D;
}
