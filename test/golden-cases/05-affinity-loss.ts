/** Case 05: pairs, kernels and losses of affinity training on given affinities, with both gradients. */

import * as tf from "@tensorflow/tfjs";
import { gatedCrfKernels } from "../../src/graph/gated-crf";
import { resizeBilinear } from "../../src/image-ops/bilinear";
import type { NdArray } from "../../src/nd-array";
import { type AffinityLosses, affinityLosses } from "../../src/training/affinity/affinity-loss";
import { AFFINITY_KERNELS, affinityTargets } from "../../src/training/affinity/affinity-targets";
import { BACKGROUND_PAIR, FOREGROUND_PAIR, NEGATIVE_PAIR } from "../../src/training/affinity/pair-labels";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { fromWindow, toNhwc, toWindow } from "../nchw";

const codes = {
  bg_pos_label_need: BACKGROUND_PAIR,
  fg_pos_label_need: FOREGROUND_PAIR,
  neg_label_need: NEGATIVE_PAIR,
};

function run(golden: GoldenCase): Computed {
  const computed: Computed = {};
  const radius = golden.attr<number>("radius");
  const label = golden.tensor("label");
  const [b, height, width] = label.shape;
  const n = height * width;
  const geometry = { height, width, radius, shape: "window" as const };
  tf.tidy(() => {
    const colours = resizeBilinear(toNhwc(golden.tensor("image")), [height, width]).dataSync() as Float32Array;
    const part = <T extends ArrayLike<number>>(array: T, i: number, size: number): number[] =>
      Array.from(array).slice(i * size, (i + 1) * size);
    const samples = Array.from({ length: b }, (_, i) => ({
      label: Uint8Array.from(part(label.data, i, n)),
      inside: Uint8Array.from(part(golden.tensor("croppings").data, i, n)),
      colour: Float32Array.from(part(colours, i, n * 3)),
    }));
    const targets = samples.map((each) => affinityTargets(each.label, each.inside, each.colour, 255, geometry));
    const counts = [0, 1, 2, 3].map((i) => targets.reduce((sum, target) => sum + target.counts[i], 0));

    const window = (parts: readonly ArrayLike<number>[]): NdArray => {
      const values = parts.flatMap((values) => Array.from(values));
      return fromWindow(tf.tensor4d(values, [b, height, width, (2 * radius + 1) ** 2]));
    };
    for (const [name, code] of Object.entries(codes))
      computed[name] = window(targets.map(({ pairs }) => pairs.map((pair) => (pair === code ? 1 : 0))));
    computed.crf_kernel = window(
      samples.map(({ colour }) => gatedCrfKernels(colour, geometry, AFFINITY_KERNELS).values),
    );
    for (const [i, name] of ["bg_count", "fg_count", "neg_count"].entries()) computed[name] = [counts[i] + 1e-5];

    const inputs = [toWindow(golden.tensor("aff")), toWindow(golden.tensor("aff_crf"))];
    const losses = ([affinity, distance]: tf.Tensor[]): AffinityLosses =>
      affinityLosses(affinity as tf.Tensor4D, distance as tf.Tensor4D, targets, counts);
    const { loss, background, foreground, negative, crf } = losses(inputs);
    const values = { loss, bg_loss: background, fg_loss: foreground, neg_loss: negative, crf_loss: crf };
    for (const [name, value] of Object.entries(values)) computed[name] = value.dataSync();
    const [ofAffinity, ofDistance] = tf.grads((...x) => losses(x).loss)(inputs);
    computed.grad_aff = fromWindow(ofAffinity);
    computed.grad_aff_crf = fromWindow(ofDistance);
  });
  return computed;
}

export const handlers: GoldenHandler[] = [{ prefixes: ["05_"], run }];
