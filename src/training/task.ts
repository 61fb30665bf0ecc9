/**
 * What a network must offer to be trained by `trainer.ts`: the one training loop of the project, for the affinity
 * network, the classification network and the segmentation networks alike.
 *
 * Losses are means over the whole batch, whose parts lie on different processes and are computed sample by sample. So a
 * task first counts what its losses divide by (pairs, pixels, samples); the counts are summed over the whole batch;
 * each part of the batch then computes its share of every loss, divided by those sums. Shares and their gradients
 * simply add up: one process with four samples, two with two each, and four samples one after the other agree up to
 * float summation.
 */

import type * as tf from "@tensorflow/tfjs";
import type { NdArray } from "../nd-array";

/** One sample of one epoch: everything random about it is drawn from `seed`, whichever process or thread makes it. */
export interface SampleRequest {
  readonly id: string;
  readonly epoch: number;
  /** Derived from the run's seed, the epoch and the id. */
  readonly seed: number;
}

/** A variable that training changes, with its share in the schedule. */
export interface TrainedVariable {
  /** Its name in the state_dict. */
  readonly name: string;
  readonly variable: tf.Variable;
  /** Learning rate as a multiple of the run's: 1, 2 (biases), 10 (new layers), 20 (their biases). */
  readonly rate: number;
  /** Whether weight decay counts: weights yes, biases no. */
  readonly decays: boolean;
}

/** Shares of the losses and their gradients. */
export interface LossShare {
  /** In the order of `lossNames`. */
  readonly losses: readonly number[];
  /** In the order of `variables`; the trainer disposes them. */
  readonly gradients: readonly tf.Tensor[];
}

/** Running statistics and the like: no gradient changes them. */
export type StateVariable = Pick<TrainedVariable, "name" | "variable">;

export interface TrainingTask<S> {
  readonly variables: readonly TrainedVariable[];
  /** What `compute` itself changes: kept in checkpoints with the variables. Default: nothing. */
  readonly statistics?: readonly StateVariable[];
  /**
   * True where the images of a step depend on each other (batch statistics): `compute` then gets this process's share
   * of the batch at once, once in every process, even where the share is empty. Default false.
   */
  readonly wholeShare?: boolean;
  /** The first is the total that is minimised. */
  readonly lossNames: readonly string[];
  /** Length of what `count` returns. */
  readonly countNames: readonly string[];
  /** What the losses of these samples divide by; sums over the batch's parts. */
  count(samples: readonly S[]): readonly number[];
  /** Frees what \`count\` keeps of samples for \`compute\`, where no step follows. Default: it keeps nothing. */
  forget?(samples: readonly S[]): void;
  /**
   * Forward and backward of a part of the batch.
   * @param counts of the whole batch, over all processes
   */
  compute(samples: readonly S[], counts: readonly number[]): LossShare;
  /** All parameters by the reference's names, for files. */
  toStateDict(): Promise<Map<string, NdArray>>;
}

/** Makes samples ahead of the step, e.g. on worker threads (`sample-loader.ts`). */
export interface SampleLoader<S> {
  /** How many samples it can make at the same time. */
  readonly parallel: number;
  /** @throws UserError for a sample that cannot be used; the trainer names it and continues without it */
  load(request: SampleRequest): Promise<S>;
  close(): Promise<void>;
}

/** Changes the variables after each step. */
export interface Optimizer {
  /** @param gradients of the whole batch, in the variables' order; not disposed */
  step(gradients: readonly tf.Tensor[]): void;
  /** Learning rate of the step that comes next, of rate-1 variables. */
  readonly learningRate: number;
  /** What a checkpoint must hold besides the variables. */
  state(): Promise<Map<string, NdArray>>;
  restore(state: ReadonlyMap<string, NdArray>, steps: number): void;
  dispose(): void;
}
