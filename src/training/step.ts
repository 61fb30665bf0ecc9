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
  const sums = new PairwiseSum();
  for (const part of task.wholeShare === true ? [samples] : partsOf(samples, microBatch)) {
    const share = task.compute(part, counts);
    for (const [i, loss] of share.losses.entries()) losses[i] += loss;
    sums.add(share.gradients);
  }
  let gradients = sums.total() ?? task.variables.map(({ variable }) => tf.zerosLike(variable));
  communicator.sum(losses);
  if (communicator.size > 1) gradients = gradients.map((gradient) => sumOver(communicator, gradient));
  optimizer.step(gradients);
  tf.dispose([...gradients]);
  return [...losses];
}

function partsOf<S>(samples: readonly S[], size: number): (readonly S[])[] {
  const starts = Array.from({ length: Math.ceil(samples.length / Math.max(1, size)) }, (_, part) => part * size);
  return starts.map((start) => samples.slice(start, start + size));
}

/**
 * Sums gradients two by two, then the sums two by two: (a + b) + (c + d). So a batch in one process adds up in the order in
 * which two or four processes with a half or a quarter of it would, and the weights come out the same to the last bit.
 */
class PairwiseSum {
  /** Sums of 1, 2, 4, … parts, the largest first. */
  private readonly partial: { parts: number; tensors: readonly tf.Tensor[] }[] = [];

  add(tensors: readonly tf.Tensor[]): void {
    this.partial.push({ parts: 1, tensors });
    while (this.partial.length > 1 && this.partial.at(-1)?.parts === this.partial.at(-2)?.parts) this.joinLast();
  }

  /** Undefined where nothing was added. */
  total(): readonly tf.Tensor[] | undefined {
    while (this.partial.length > 1) this.joinLast();
    return this.partial[0]?.tensors;
  }

  /** Frees both sides as it goes. */
  private joinLast(): void {
    const [left, right] = this.partial.splice(-2);
    const tensors = left.tensors.map((tensor, i) => {
      const sum = tensor.add(right.tensors[i]);
      tf.dispose([tensor, right.tensors[i]]);
      return sum;
    });
    this.partial.push({ parts: left.parts + right.parts, tensors });
  }
}

function sumOver(communicator: Communicator, gradient: tf.Tensor): tf.Tensor {
  const values = gradient.dataSync() as Float32Array;
  gradient.dispose();
  communicator.sum(values);
  return tf.tensor(values, gradient.shape);
}
