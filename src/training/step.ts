/** One step of the training loop: this process's samples in parts, then the sum over all processes, then the update. */

import * as tf from "@tensorflow/tfjs";
import type { Communicator } from "../parallel/communicator";
import type { Optimizer, TrainingTask } from "./task";

/** What the whole batch holds, over all processes. */
export interface BatchTotals {
  readonly counts: readonly number[];
  readonly samples: number;
  /** True where any process was asked to stop: all stop before the same step. */
  readonly stop: boolean;
}

export function sumCounts(
  counts: readonly number[],
  samples: number,
  stop: boolean,
  communicator: Communicator,
): BatchTotals {
  const sums = Float64Array.from([...counts, samples, stop ? 1 : 0]);
  communicator.sum(sums);
  return {
    counts: [...sums.subarray(0, counts.length)],
    samples: sums[counts.length],
    stop: sums[counts.length + 1] > 0,
  };
}

/** @returns the losses of the whole batch, before the update */
export function trainStep<S>(
  task: TrainingTask<S>,
  optimizer: Optimizer,
  samples: readonly S[],
  counts: readonly number[],
  communicator: Communicator,
  microBatch: number = samples.length,
): number[] {
  const losses = new Float64Array(task.lossNames.length);
  let gradients: tf.Tensor[] | undefined;
  for (let start = 0; start < samples.length; start += microBatch) {
    const share = task.compute(samples.slice(start, start + microBatch), counts);
    for (const [i, loss] of share.losses.entries()) losses[i] += loss;
    gradients = gradients === undefined ? [...share.gradients] : addTo(gradients, share.gradients);
  }
  gradients ??= task.variables.map(({ variable }) => tf.zerosLike(variable));
  communicator.sum(losses);
  if (communicator.size > 1) gradients = gradients.map((gradient) => sumOver(communicator, gradient));
  optimizer.step(gradients);
  tf.dispose(gradients);
  return [...losses];
}

/** Sums pair by pair, freeing both sides as it goes. */
function addTo(sums: readonly tf.Tensor[], more: readonly tf.Tensor[]): tf.Tensor[] {
  return sums.map((sum, i) => {
    const added = sum.add(more[i]);
    tf.dispose([sum, more[i]]);
    return added;
  });
}

function sumOver(communicator: Communicator, gradient: tf.Tensor): tf.Tensor {
  const values = gradient.dataSync() as Float32Array;
  gradient.dispose();
  communicator.sum(values);
  return tf.tensor(values, gradient.shape);
}
