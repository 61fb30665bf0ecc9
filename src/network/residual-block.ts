/**
 * The two blocks of ResNet38, pre-activation: batch normalisation, ReLU, convolution. The shortcut is a 1×1 convolution
 * *of the activated input* where channels or stride change, else the raw input. docs/method.md, section 2.1; goldens
 * 01, 02.
 */

import * as tf from "@tensorflow/tfjs";
import type { ChannelDropout } from "./channel-dropout";
import { convolve } from "./convolution";
import { type BlockLayout, hasIdentityShortcut } from "./layout";

/** A block's layers by the name inside it, e.g. `conv_branch2a`. */
export interface BlockLayers {
  kernel(name: string): tf.Tensor4D;
  /**
   * ReLU of the normalised input, [b, h, w, c].
   * @param dropout factors per sample and channel, [b, c]
   */
  activate(name: string, input: tf.Tensor4D, dropout?: tf.Tensor2D): tf.Tensor4D;
}

export interface BlockResult {
  /** [b, h/stride, w/stride, out] */
  readonly output: tf.Tensor4D;
  /** The block's first activation, [b, h, w, in]: what the taps are. */
  readonly activated: tf.Tensor4D;
}

/** @param dropout only bottlenecks have any; without it none is dropped */
export function residualBlock(
  x: tf.Tensor4D,
  layout: Pick<BlockLayout, "name" | "kind" | "channels" | "stride" | "firstDilation" | "dilation" | "dropout">,
  layers: BlockLayers,
  dropout?: ChannelDropout,
): BlockResult {
  const { name, stride, dilation, firstDilation } = layout;
  const convolution = (input: tf.Tensor4D, layer: string, options = {}): tf.Tensor4D =>
    convolve(input, layers.kernel(layer), options);
  return tf.tidy(() => {
    const drop = (layer: string, channels: number): tf.Tensor2D | undefined =>
      layout.dropout > 0 ? dropout?.(`${name}.${layer}`, channels, layout.dropout) : undefined;
    const next = (input: tf.Tensor4D, branch: "2b1" | "2b2"): tf.Tensor4D =>
      layers.activate(`bn_branch${branch}`, input, drop(`dropout_${branch}`, input.shape[3]));

    const activated = layers.activate("bn_branch2a", x);
    let inner = convolution(activated, "conv_branch2a", { stride, dilation: firstDilation });
    inner = using(inner, (input) => next(input, "2b1"));
    inner = using(inner, (input) => convolution(input, "conv_branch2b1", { dilation }));
    if (layout.kind === "bottleneck") {
      inner = using(inner, (input) => next(input, "2b2"));
      inner = using(inner, (input) => convolution(input, "conv_branch2b2"));
    }
    const shortcut = hasIdentityShortcut(layout) ? x : convolution(activated, "conv_branch1", { stride });
    return { activated, output: sum(shortcut, inner) };
  });
}

/** What is computed of an input that nothing else needs: freed at once, not when the block ends. */
function using(input: tf.Tensor4D, compute: (input: tf.Tensor4D) => tf.Tensor4D): tf.Tensor4D {
  const output = compute(input);
  input.dispose();
  return output;
}

/** a + b, keeping neither for the gradient. */
function sum(a: tf.Tensor4D, b: tf.Tensor4D): tf.Tensor4D {
  const add = tf.customGrad((x, y) => ({
    value: (x as tf.Tensor4D).add(y as tf.Tensor4D),
    gradFunc: (dy) => [dy.clone(), dy.clone()],
  }));
  return add(a, b) as tf.Tensor4D;
}
