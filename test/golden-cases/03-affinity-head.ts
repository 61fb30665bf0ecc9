/** Case 03: the head on given taps, and the windowed affinities, with all gradients. */

import * as tf from "@tensorflow/tfjs";
import { affinityHead } from "../../src/affinity/affinity-net";
import { affinityOf, windowDistance } from "../../src/window/distance";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { fromWindow, toHwio, toNchw, toNhwc, toOihw, toWindow } from "../nchw";
import { passOf } from "../pass-of";

const taps = ["conv4", "conv5", "conv6"];
const layers = ["f8_3", "f8_4", "f8_5", "f9"];

function run(golden: GoldenCase): Computed {
  const computed: Computed = {};
  const radius = golden.attr<number>("radius");
  tf.tidy(() => {
    const inputs = [
      ...taps.map((name) => toNhwc(golden.tensor(name))),
      ...layers.map((name) => toHwio(golden.tensor(`${name}__weight`))),
    ];
    const { apply } = affinityHead(golden.tensor("f8_3__weight").shape[0]);
    const head = ([conv4, conv5, conv6, ...kernels]: tf.Tensor4D[]) =>
      apply({ conv4, conv5, conv6 }, passOf(layers, kernels));
    const features = head(inputs);
    const distance = windowDistance(features, radius);
    computed.f9_elu = toNchw(features);
    computed.aff_crf = fromWindow(distance);
    computed.aff = fromWindow(affinityOf(distance));
    const gradients = tf.grads((...x) => affinityOf(windowDistance(head(x as tf.Tensor4D[]), radius)))(
      inputs,
      toWindow(golden.tensor("upstream")),
    );
    for (const [i, name] of taps.entries()) computed[`grad_${name}`] = toNchw(gradients[i]);
    for (const [i, name] of layers.entries()) computed[`grad_${name}`] = toOihw(gradients[taps.length + i]);
  });
  return computed;
}

export const handlers: GoldenHandler[] = [{ prefixes: ["03_"], run }];
