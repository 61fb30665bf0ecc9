/** Cases 01 and 02: one block, forward and backward. Its geometry is what the case's description says. */

import * as tf from "@tensorflow/tfjs";
import { foldNorm, normRelu } from "../../src/network/batch-norm";
import type { Pass } from "../../src/network/layer";
import { type BlockOptions, residualBlock } from "../../src/network/residual-block";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { toHwio, toNchw, toNhwc, toOihw } from "../nchw";

function run(golden: GoldenCase): Computed {
  const computed: Computed = {};
  tf.tidy(() => {
    const block = residualBlock("block", layoutOf(golden));
    const names = golden
      .names("param")
      .filter((name) => name.startsWith("conv_"))
      .map((name) => name.replace("__weight", ""));
    const kernels = names.map((name) => toHwio(golden.tensor(`${name}__weight`)));
    const normalise: Pass["normalise"] = (input, name) => {
      const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
        (part) => golden.floats(`${name.slice("block.".length)}__${part}`).data,
      );
      return normRelu(input, foldNorm(weight, bias, mean, variance));
    };
    const forward = ([x, ...weights]: tf.Tensor4D[]) => {
      const kernel: Pass["kernel"] = (name) => weights[names.findIndex((each) => name === `block.${each}.weight`)];
      return block.apply(x, { kernel, normalise, bias: () => tf.zeros([0]) });
    };

    const inputs = [toNhwc(golden.tensor("x")), ...kernels];
    const { output, activated } = forward(inputs);
    computed.y = toNchw(output);
    computed.x_bn_relu = toNchw(activated);
    const upstream = toNhwc(golden.tensor("upstream"));
    const [ofInput, ...ofKernels] = tf.grads((...x) => forward(x as tf.Tensor4D[]).output)(inputs, upstream);
    computed.grad_x = toNchw(ofInput);
    for (const [i, name] of names.entries()) computed[`grad_${name}__weight`] = toOihw(ofKernels[i]);
  });
  return computed;
}

/** Channels from the shapes; stride and dilations from e.g. "ResBlock(8,8,16,first_dilation=1,dilation=2)". */
function layoutOf(golden: GoldenCase): BlockOptions {
  const number = (option: string): number | undefined => {
    const value = new RegExp(`(?<!\\w)${option}[ =](\\d+)`).exec(golden.meaning)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const [, input, height, width] = golden.tensor("x").shape;
  const [, output, fewerRows, fewerColumns] = golden.tensor("y").shape;
  const dilation = number("dilation") ?? 1;
  return {
    kind: golden.has("conv_branch2b2__weight") ? "bottleneck" : "basic",
    channels: [input, golden.tensor("bn_branch2b1__weight").shape[0], output],
    stride: number("stride") ?? Math.max(Math.round(height / fewerRows), Math.round(width / fewerColumns)),
    firstDilation: number("first_dilation") ?? dilation,
    dilation,
  };
}

export const handlers: GoldenHandler[] = [{ prefixes: ["01_", "02_"], run }];
