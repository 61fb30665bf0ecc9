/**
 * The losses of the affinity network. docs/method.md, section 2.3; golden 05; reference train_gated_aff.py:112-166.
 *
 *   BG, FG = mean −log(a + ε) over background and foreground pairs;  NEG = mean −log(1 + ε − a);
 *   CRF = Σ kernel · d / Σ mask;  loss = BG/4 + FG/4 + NEG/2 + 3·CRF
 *
 * The means are over the whole batch: `counts` may be sums over other samples and processes too (training/task.ts).
 */

import * as tf from "@tensorflow/tfjs";
import type { AffinityTargets } from "./affinity-targets";
import { BACKGROUND_PAIR, FOREGROUND_PAIR, NEGATIVE_PAIR } from "./pair-labels";

const EPSILON = 1e-5;

export interface AffinityLossWeights {
  readonly background: number;
  readonly foreground: number;
  readonly negative: number;
  readonly crf: number;
}

export const AFFINITY_LOSS_WEIGHTS: AffinityLossWeights = { background: 0.25, foreground: 0.25, negative: 0.5, crf: 3 };

/** Scalars. `crf` is weighted already, the others are not. */
export interface AffinityLosses {
  readonly loss: tf.Scalar;
  readonly background: tf.Scalar;
  readonly foreground: tf.Scalar;
  readonly negative: tf.Scalar;
  readonly crf: tf.Scalar;
}

/**
 * Shares of the losses of the samples given; differentiable in both tensors. Call inside a `tf.tidy`.
 * @param affinity [b, h, w, d·d]
 * @param distance [b, h, w, d·d], for the CRF term
 * @param counts what the means divide by: background, foreground and negative pairs, pairs inside; of the whole batch
 */
export function affinityLosses(
  affinity: tf.Tensor4D,
  distance: tf.Tensor4D,
  targets: readonly AffinityTargets[],
  counts: readonly number[],
  weights: AffinityLossWeights = AFFINITY_LOSS_WEIGHTS,
): AffinityLosses {
  const pairs = stacked(targets, ({ pairs }) => pairs, affinity.shape, "int32");
  const attract = affinity.add(EPSILON).log().neg();
  const repel = tf
    .sub(1 + EPSILON, affinity)
    .log()
    .neg();
  const mean = (term: tf.Tensor, code: number): tf.Scalar =>
    term
      .mul(pairs.equal(code).cast("float32"))
      .sum()
      .div(counts[code - BACKGROUND_PAIR] + EPSILON);
  const background = mean(attract, BACKGROUND_PAIR);
  const foreground = mean(attract, FOREGROUND_PAIR);
  const negative = mean(repel, NEGATIVE_PAIR);
  const crf = crfTerm(distance, targets, counts[3]).mul<tf.Scalar>(weights.crf);
  const loss = background
    .mul(weights.background)
    .add(foreground.mul(weights.foreground))
    .add(negative.mul(weights.negative))
    .add<tf.Scalar>(crf);
  return { loss, background, foreground, negative, crf };
}

/** Σ kernel · d / Σ mask; 0 where no sample has kernels or nothing is inside. */
function crfTerm(distance: tf.Tensor4D, targets: readonly AffinityTargets[], inside: number): tf.Scalar {
  if (inside === 0 || targets.every(({ kernels }) => kernels === undefined)) return tf.scalar(0);
  const kernels = stacked(targets, (each) => each.kernels ?? new Float32Array(each.pairs.length), distance.shape);
  return distance.mul(kernels).sum().div(inside);
}

function stacked(
  targets: readonly AffinityTargets[],
  of: (target: AffinityTargets) => Uint8Array | Float32Array,
  shape: [number, number, number, number],
  dtype: "float32" | "int32" = "float32",
): tf.Tensor4D {
  const [b, h, w, area] = shape;
  const size = h * w * area;
  const values = dtype === "int32" ? new Int32Array(b * size) : new Float32Array(b * size);
  for (const [i, target] of targets.entries()) values.set(of(target), i * size);
  return tf.tensor4d(values, shape, dtype);
}
