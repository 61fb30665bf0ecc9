/**
 * The five losses of Mask R-CNN on one image, each a sum that the caller divides by what the whole batch holds: whether an
 * anchor holds an object, how the object's box differs from the anchor, which class a proposal is, how its box differs, and
 * which pixels are the object's.
 */

import * as tf from "@tensorflow/tfjs";
import type { BoxOutputs, Proposals } from "../../mask-rcnn/network";
import { MASK_SIDE } from "../../mask-rcnn/network";
import { labelLoss } from "../segmentation/label-loss";
import type { AnchorSamples, RegionSamples } from "./region-samples";

/** @returns sums over the drawn anchors */
export function proposalLosses(
  { objectness, deltas }: Omit<Proposals, "grids">,
  { indices, positives, deltas: wanted }: AnchorSamples,
  beta: number,
): [objectness: tf.Scalar, boxes: tf.Scalar] {
  return tf.tidy(() => {
    const target = Float32Array.from(indices, (_, i) => (i < positives ? 1 : 0));
    const logits = tf.gather(objectness, tf.tensor1d(indices, "int32"));
    const score = sigmoidCrossEntropy(logits, tf.tensor1d(target));
    if (positives === 0) return [score, tf.scalar(0)];
    const own = tf.gather(deltas, tf.tensor1d(indices.subarray(0, positives), "int32"));
    return [score, smoothL1(own, tf.tensor2d(wanted, [positives, 4]), beta)];
  });
}

/** @returns sums over the drawn proposals */
export function boxLosses(
  { logits, deltas }: BoxOutputs,
  { classes, positives, deltas: wanted }: RegionSamples,
  beta: number,
): [classes: tf.Scalar, boxes: tf.Scalar] {
  return tf.tidy(() => {
    const [n, k] = logits.shape;
    const weights = { background: 1, foreground: 1 };
    const score = labelLoss(logits.reshape<tf.Tensor4D>([1, n, 1, k]), [classes], weights);
    if (positives === 0) return [score, tf.scalar(0)];
    const rows = Int32Array.from({ length: positives }, (_, i) => i * k + classes[i]); // each by its own class
    const own = tf.gather(deltas.reshape<tf.Tensor2D>([n * k, 4]), tf.tensor1d(rows, "int32"));
    return [score, smoothL1(own, tf.tensor2d(wanted, [positives, 4]), beta)];
  });
}

/**
 * @param logits [positives, 28, 28, k]
 * @param targets of each positive, [28·28]
 * @returns the sum over the positives of the mean over the mask of their class
 */
export function maskLoss(logits: tf.Tensor4D, classes: Uint8Array, targets: readonly Float32Array[]): tf.Scalar {
  return tf.tidy(() => {
    const [positives, , , k] = logits.shape;
    const cells = MASK_SIDE * MASK_SIDE;
    const own = tf.oneHot(tf.tensor1d(Int32Array.from(classes.subarray(0, positives)), "int32"), k);
    const chosen = logits
      .reshape([positives, cells, k])
      .mul(own.reshape([positives, 1, k]))
      .sum<tf.Tensor2D>(2);
    const values = new Float32Array(positives * cells);
    for (const [i, target] of targets.entries()) values.set(target, i * cells);
    return sigmoidCrossEntropy(chosen, tf.tensor2d(values, [positives, cells])).div(cells);
  });
}

// --- internal ---

/** Sum of −t log σ(x) − (1 − t) log(1 − σ(x)); differentiable in the logits. */
function sigmoidCrossEntropy(logits: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  const loss = tf.customGrad((x, save) => {
    const input = x as tf.Tensor;
    (save as tf.GradSaveFunc)([input, targets]);
    const value = input.relu().sub(input.mul(targets)).add(input.abs().neg().exp().log1p()).sum();
    return {
      value,
      gradFunc: (dy: tf.Tensor, [saved, wanted]: tf.Tensor[]) => tf.tidy(() => saved.sigmoid().sub(wanted).mul(dy)),
    };
  });
  return loss(logits) as tf.Scalar;
}

/** Sum of d² / 2β where |d| < β, else |d| − β / 2; of |d|, where β is 0. Differentiable in the first. */
function smoothL1(values: tf.Tensor, wanted: tf.Tensor, beta: number): tf.Scalar {
  const loss = tf.customGrad((x, save) => {
    const difference = (x as tf.Tensor).sub(wanted);
    (save as tf.GradSaveFunc)([difference]);
    const size = difference.abs();
    const inner = size.minimum(beta); // quadratic up to β, linear beyond
    const value = beta === 0 ? size.sum() : inner.square().div(2 * beta).add(size.sub(inner)).sum(); // biome-ignore format: one formula
    return {
      value: value as tf.Tensor,
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) =>
        tf.tidy(() => (beta === 0 ? saved.sign() : saved.div(beta).clipByValue(-1, 1)).mul(dy)),
    };
  });
  return loss(values) as tf.Scalar;
}
