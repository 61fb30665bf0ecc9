/** Cases 23 and 26: the whole affinity network, at width/16 from a checkpoint and at full width with weights by formula. */

import fs from "node:fs";
import path from "node:path";
import * as tf from "@tensorflow/tfjs";
import { AffinityNet, affinityShapes } from "../../src/affinity/affinity-net";
import { FULL_WIDTH } from "../../src/network/initial-weights";
import type { Weights } from "../../src/network/parameter-source";
import { resnet38, type TapName } from "../../src/network/resnet38";
import { openWeights } from "../../src/weights/checkpoint";
import { formulaParameter } from "../../src/weights/formula";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { fromWindow, toArray, toNchw, toNhwc } from "../nchw";

const allTaps: readonly TapName[] = ["conv1", "conv2", "conv3", "conv4", "conv5", "conv6"];

function tapsOf({ store }: AffinityNet, image: tf.Tensor4D): Record<TapName, tf.Tensor4D> {
  const first = store.parameters.find(({ name }) => name === "conv1a.weight");
  return resnet38(first?.shape[0] ?? FULL_WIDTH).forward(image, store.pass(), allTaps);
}

async function runTiny(golden: GoldenCase): Promise<Computed> {
  const folder = path.join(golden.root, "checkpoints");
  const name = fs.readdirSync(folder).find((file) => /^aff_tiny.*\.pth$/.test(file)) ?? "aff_tiny_zip.pth";
  const file = await openWeights(path.join(folder, name));
  const net = await AffinityNet.load(file);
  await file.close();
  const computed: Computed = {};
  tf.tidy(() => {
    const image = toNhwc(golden.tensor("x"));
    const d = golden.tensor("aff").shape[1];
    const { features, affinity, distance } = net.forward(image, (d - 1) / 2);
    const taps = tapsOf(net, image);
    for (const tap of allTaps) computed[tap] = toNchw(taps[tap]);
    computed.features = toNchw(features);
    computed.aff = fromWindow(affinity);
    computed.aff_crf = fromWindow(distance);
  });
  net.dispose();
  return computed;
}

async function runFull(golden: GoldenCase): Promise<Computed> {
  const net = await AffinityNet.load(formulaWeights(golden.attr<number>("formula_seed")));
  const computed: Computed = {};
  tf.tidy(() => {
    const image = toNhwc(golden.tensor("x"));
    const taps = tapsOf(net, image);
    for (const name of golden.names("output")) {
      const tap = /^(conv\d)_c(\d+)_s(\d+)$/.exec(name);
      if (tap !== null)
        computed[name] = toNchw(everyNth(taps[tap[1] as TapName], Number(tap[3]), Number(tap[2])) as tf.Tensor4D);
      const radius = /^aff_r(\d+)$/.exec(name)?.[1];
      if (radius === undefined) continue;
      const { features, affinity } = net.forward(image, Number(radius));
      computed[name] = fromWindow(affinity);
      computed.features_channel_mean ??= toArray(features.mean([1, 2]));
      computed.features_pixel_sum ??= toArray(features.sum(3));
    }
  });
  net.dispose();
  return computed;
}

/** Every `space`-th row and column, every `depth`-th channel. */
function everyNth(x: tf.Tensor4D, space: number, depth: number): tf.Tensor {
  return x.stridedSlice([0, 0, 0, 0], x.shape, [1, space, space, depth]);
}

/** One parameter at a time: the full-width network has 105 million values. */
function formulaWeights(seed: number): Weights {
  const shapes = affinityShapes(FULL_WIDTH);
  const shape = (name: string): readonly number[] => shapes.get(name) ?? [];
  return {
    names: () => [...shapes.keys()],
    shape,
    read: async (name) => formulaParameter(name, shape(name), seed),
  };
}

export const handlers: GoldenHandler[] = [
  { prefixes: ["23_"], run: runTiny },
  { prefixes: ["26_"], run: runFull },
];
