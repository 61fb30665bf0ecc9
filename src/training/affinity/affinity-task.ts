/** Training of the affinity network as the training loop wants it. docs/method.md, section 2.3; golden 24. */

import * as tf from "@tensorflow/tfjs";
import type { AffinityNet } from "../../affinity/affinity-net";
import type { NdArray } from "../../nd-array";
import { layerOf } from "../../network/parameter-store";
import { affinityOf } from "../../window/distance";
import { lossShare, stackImages } from "../gradients";
import type { LossShare, TrainedVariable, TrainingTask } from "../task";
import { AFFINITY_LOSS_WEIGHTS, type AffinityLossWeights, affinityLosses } from "./affinity-loss";
import type { AffinitySample } from "./affinity-sample";
import { COUNT_NAMES } from "./affinity-targets";

/** Layers that no published weights have: they learn ten times as fast, where the others have learned before. */
const NEW_LAYERS: readonly string[] = ["f8_3", "f8_4", "f8_5", "f9"];

export interface AffinityTaskOptions {
  readonly weights?: AffinityLossWeights;
  /** Channel dropout in b6 and b7. Default true. */
  readonly dropout?: boolean;
  /** No layer has learned anything yet: all learn equally fast. Default false. */
  readonly fromScratch?: boolean;
}

/** What a training computes with: an image, its targets, and the seed of its dropout. */
export type AffinityInput = Pick<AffinitySample, "image" | "targets" | "seed">;

/** @param net loaded with `trained`; the caller disposes it */
export function affinityTask(net: AffinityNet, options: AffinityTaskOptions = {}): TrainingTask<AffinityInput> {
  const { weights = AFFINITY_LOSS_WEIGHTS, dropout = true, fromScratch = false } = options;
  const variables: TrainedVariable[] = net.store.variables().map(({ parameter: { name }, variable }) => ({
    name,
    variable,
    rate: !fromScratch && NEW_LAYERS.includes(layerOf(name)) ? 10 : 1,
    decays: true,
  }));
  return {
    variables,
    lossNames: ["loss", "background", "foreground", "negative", "crf"],
    countNames: COUNT_NAMES,
    count: (samples) => COUNT_NAMES.map((_, i) => samples.reduce((sum, { targets }) => sum + targets.counts[i], 0)),
    compute: (samples, counts) => {
      const dropoutSeeds = dropout ? samples.map(({ seed }) => seed) : undefined;
      return computeShare(net, variables, samples, counts, weights, dropoutSeeds);
    },
    toStateDict: (): Promise<Map<string, NdArray>> => net.toStateDict(),
  };
}

function computeShare(
  net: AffinityNet,
  variables: readonly TrainedVariable[],
  samples: readonly AffinityInput[],
  counts: readonly number[],
  weights: AffinityLossWeights,
  dropoutSeeds: readonly number[] | undefined,
): LossShare {
  const targets = samples.map((sample) => sample.targets);
  const { height, radius } = targets[0]; // square
  const stem = tf.tidy(() => net.stem(stackImages(samples, height * 8)));
  const share = lossShare(variables, () => {
    const distance = net.trainingDistance(stem, radius, dropoutSeeds);
    const losses = affinityLosses(affinityOf(distance), distance, targets, counts, weights);
    return [losses.loss, losses.background, losses.foreground, losses.negative, losses.crf];
  });
  stem.dispose();
  return share;
}
