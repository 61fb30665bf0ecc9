/**
 * A batch normalisation that training changes: its weight and bias by gradients, its running statistics by those of every
 * batch, which normalise while training (batch-statistics.ts). As PyTorch has it.
 */

import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors";
import type { Communicator } from "../parallel/communicator";
import type { NormValues } from "./batch-norm";
import { normaliseBatch } from "./batch-statistics";

/** Share of the batch's statistics in the running ones, PyTorch's default. */
const STATISTICS_MOMENTUM = 0.1;

export interface TrainedNorm extends NormValues {
  /** The layer's name in the weights. */
  readonly name: string;
  readonly mean: tf.Variable<tf.Rank.R1>;
  readonly variance: tf.Variable<tf.Rank.R1>;
}

/** A batch, of which this process has a share. */
export interface BatchPass {
  readonly communicator?: Communicator;
  /** False where this process has no image of the batch. Default true. */
  readonly counts?: boolean;
}

/**
 * Normalises by the batch's statistics, which go into the running ones; with a ReLU after it or without. [b, h, w, c]
 * @throws UserError "input" where there is one value a channel
 */
export function normaliseTrained(
  x: tf.Tensor4D,
  { name, weight, bias, mean, variance, epsilon }: TrainedNorm,
  relu: boolean,
  { communicator, counts }: BatchPass,
): tf.Tensor4D {
  return normaliseBatch(x, weight, bias, {
    relu,
    epsilon,
    communicator,
    counts,
    onStatistics: (batchMean, batchVariance, count) => {
      if (count === 0) return; // no image of this batch could be used
      if (count === 1) throw oneValue(name);
      moveTowards(mean, batchMean, 1);
      moveTowards(variance, batchVariance, count / (count - 1)); // the unbiased one
    },
  });
}

/** PyTorch refuses this too: the layer would put out its bias alone, whatever it sees. */
function oneValue(name: string): UserError {
  const found = `"${name}" had one value a channel to normalise`;
  return new UserError(
    "input",
    `--norm batch needs at least 2 images a step; ${found}: use --norm frozen, or leave out images that fail`,
  );
}

function moveTowards(running: tf.Variable<tf.Rank.R1>, batch: tf.Tensor1D, factor: number): void {
  const moved = tf.tidy(() =>
    running.mul(1 - STATISTICS_MOMENTUM).add<tf.Tensor1D>(batch.mul(STATISTICS_MOMENTUM * factor)),
  );
  running.assign(moved);
  moved.dispose();
}
