/**
 * Batch normalisation by the batch's own statistics, over all processes (PyTorch's `SyncBatchNorm`), with a ReLU after
 * it or without; the gradient by hand, because its sums run over all processes as well.
 *
 *   x̂ = (x − mean) · i,  i = 1 / √(variance + ε),  y = x̂ · weight + bias,  and with g = ∂L/∂y before the ReLU
 *   ∂L/∂bias = Σ g,  ∂L/∂weight = Σ g x̂,  ∂L/∂x = weight · i · (g − mean of g − x̂ · mean of g x̂)
 *
 * where the means in ∂L/∂x are those of the whole batch. ∂L/∂weight and ∂L/∂bias stay this process's share: the trainer
 * sums them like all gradients.
 */

import * as tf from "@tensorflow/tfjs";
import { type Communicator, singleProcess } from "../parallel/communicator";
import { NORM_EPSILON } from "./batch-norm";

export interface BatchNormOptions {
  readonly relu: boolean;
  /** Default: PyTorch's. */
  readonly epsilon?: number;
  readonly communicator?: Communicator;
  /** False in a process that has no image of this batch: it takes part in the sums with nothing. Default true. */
  readonly counts?: boolean;
  /**
   * Called with the batch's statistics [c]: the biased variance, and the number of values that each is of.
   * The tensors are freed afterwards.
   */
  readonly onStatistics?: (mean: tf.Tensor1D, variance: tf.Tensor1D, count: number) => void;
}

/** [b, h, w, c]; differentiable in all three. */
export function normaliseBatch(
  x: tf.Tensor4D,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  { relu, epsilon = NORM_EPSILON, communicator = singleProcess, counts = true, onStatistics }: BatchNormOptions,
): tf.Tensor4D {
  const own = counts ? x.shape[0] * x.shape[1] * x.shape[2] : 0;
  const normalise = tf.customGrad((...values) => {
    const [input, gamma, beta] = values as unknown as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
    const save = values[3] as unknown as tf.GradSaveFunc;
    const { mean, variance, count } = statisticsOf(input, own, communicator);
    onStatistics?.(mean, variance, count);
    const inverse = variance.add<tf.Tensor1D>(epsilon).rsqrt();
    const scale = inverse.mul<tf.Tensor1D>(gamma);
    const normed = tf.tidy(() => input.mul(scale).add<tf.Tensor4D>(beta.sub(mean.mul(scale))));
    const output = relu ? tf.relu(normed) : normed;
    save(relu ? [input, mean, inverse, scale, output] : [input, mean, inverse, scale]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] =>
      gradients(dy as tf.Tensor4D, saved, count, counts, communicator);
    return { value: output, gradFunc };
  });
  return normalise(x, weight, bias) as tf.Tensor4D;
}

function gradients(
  dy: tf.Tensor4D,
  [x, mean, inverse, scale, output]: tf.Tensor[],
  count: number,
  counts: boolean,
  communicator: Communicator,
): tf.Tensor[] {
  return tf.tidy(() => {
    const g = output === undefined ? dy : dy.mul<tf.Tensor4D>(output.sign());
    const centred = x.sub<tf.Tensor4D>(mean);
    const ofBias = g.sum<tf.Tensor1D>([0, 1, 2]); // [c]
    const ofWeight = g.mul(centred).sum([0, 1, 2]).mul<tf.Tensor1D>(inverse);
    const [meanOfG, meanWith] = summed([ofBias, ofWeight], counts, communicator).map((sum) =>
      sum.div(Math.max(1, count)),
    );
    if (!counts) return [x.zerosLike(), ofWeight, ofBias]; // the whole batch's means are none of its blank's
    const ofInput = g
      .sub(meanOfG)
      .sub(centred.mul(meanWith.mul(inverse)))
      .mul(scale);
    return [ofInput, ofWeight, ofBias];
  });
}

interface Statistics {
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
  readonly count: number;
}

/** @param own number of this process's values a channel */
function statisticsOf(x: tf.Tensor4D, own: number, communicator: Communicator): Statistics {
  const { mean, variance } = tf.moments(x, [0, 1, 2]) as { mean: tf.Tensor1D; variance: tf.Tensor1D };
  if (communicator.size === 1) return { mean, variance, count: own };
  const channels = x.shape[3];
  const [means, variances] = [mean.dataSync(), variance.dataSync()];
  const sums = new Float64Array(2 * channels + 1); // Σ x, Σ x², how many
  for (let c = 0; c < channels; c++) {
    sums[c] = own * means[c];
    sums[channels + c] = own * (variances[c] + means[c] * means[c]);
  }
  sums[2 * channels] = own;
  communicator.sum(sums);
  const count = sums[2 * channels];
  const wholeMean = sums.slice(0, channels).map((sum) => sum / Math.max(1, count));
  const wholeVariance = wholeMean.map((m, c) => Math.max(0, sums[channels + c] / Math.max(1, count) - m * m));
  return { mean: tf.tensor1d([...wholeMean]), variance: tf.tensor1d([...wholeVariance]), count };
}

/** Sums over all processes. */
function summed(vectors: readonly tf.Tensor1D[], counts: boolean, communicator: Communicator): tf.Tensor[] {
  if (communicator.size === 1) return [...vectors];
  const values = tf.concat1d([...vectors]).dataSync<"float32">();
  const sums = counts ? Float64Array.from(values) : new Float64Array(values.length);
  communicator.sum(sums);
  return tf.split(tf.tensor1d([...sums]), vectors.length);
}
