/**
 * Cross-entropy of logits against a label with unknown pixels, as this process's share of the whole batch's mean (see
 * training/task.ts): plain, the mean over all labelled pixels; or balanced, the mean over those labelled background and the
 * mean over those labelled foreground, half of each (Kolesnikov and Lampert, ECCV 2016: seeding; A2GNN's losses do so too).
 */

import * as tf from "@tensorflow/tfjs";

/** Pixels of a batch that are labelled background, and foreground. */
export interface LabelCounts {
  readonly background: number;
  readonly foreground: number;
}

/** @param label class indices; what is `classes` or above is unknown */
export function countLabels(label: Uint8Array, classes: number): LabelCounts {
  let background = 0;
  let foreground = 0;
  for (const value of label) {
    if (value === 0) background++;
    else if (value < classes) foreground++;
  }
  return { background, foreground };
}

/** What each labelled pixel counts, by its kind. A kind without pixels counts nothing. */
export function pixelWeights({ background, foreground }: LabelCounts, balanced: boolean): LabelCounts {
  if (!balanced) {
    const weight = 1 / Math.max(1, background + foreground);
    return { background: weight, foreground: weight };
  }
  return { background: 0.5 / Math.max(1, background), foreground: 0.5 / Math.max(1, foreground) };
}

/**
 * Sum of weight · cross-entropy over the pixels; differentiable in the logits, keeping their softmax alone.
 * @param logits [b, h, w, K]
 * @param labels of each image, [h·w]
 */
export function labelLoss(logits: tf.Tensor4D, labels: readonly Uint8Array[], weights: LabelCounts): tf.Scalar {
  return tf.tidy(() => {
    const [b, h, w, classes] = logits.shape;
    const weightOf = (value: number): number =>
      value === 0 ? weights.background : value < classes ? weights.foreground : 0;
    const pixels = b * h * w;
    const flat = new Uint8Array(pixels);
    for (const [image, label] of labels.entries()) flat.set(label, image * h * w);
    const factors = tf.tensor2d(Float32Array.from(flat, weightOf), [pixels, 1]);
    const target = tf.oneHot(tf.tensor1d(Int32Array.from(flat)), classes).mul<tf.Tensor2D>(factors); // [pixels, K]
    const loss = tf.customGrad((input, save) => {
      const logProbability = tf.logSoftmax(input as tf.Tensor2D);
      (save as tf.GradSaveFunc)([logProbability.exp(), target, factors]);
      return {
        value: logProbability.mul(target).sum().neg() as tf.Tensor,
        gradFunc: (dy: tf.Tensor, [probability, wanted, factor]: tf.Tensor[]) =>
          tf.tidy(() => probability.mul(factor).sub(wanted).mul(dy)),
      };
    });
    return loss(logits.reshape([pixels, classes])) as tf.Scalar;
  });
}
