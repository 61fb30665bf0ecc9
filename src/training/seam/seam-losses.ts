/**
 * The losses of SEAM's siamese training: an image and its 0.3× copy must agree.
 * docs/method.md, section 1.1; reference: SEAM train_SEAM.py:104-142.
 *
 * Letters: b images, H W the network input, k classes (background = 0), h w the small copy's input.
 */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../../errors";
import { detached, foregroundOf, keepStrongest, normaliseCam, withBackground } from "../../seam/cam";
import type { SeamMaps } from "../../seam/seam-net";

/** Scalars. `loss` = classification + rvmin + er + ecr. */
export interface SeamLosses {
  readonly loss: tf.Scalar;
  readonly classification: readonly [tf.Scalar, tf.Scalar];
  readonly rvmin: readonly [tf.Scalar, tf.Scalar];
  readonly er: tf.Scalar;
  readonly ecr: readonly [tf.Scalar, tf.Scalar];
}

/** Share of the pixels and classes that the equivariant cross regularisation looks at. */
const HARDEST = 0.2;

/** Scale of the small copy. */
const COPY_SCALE = 0.3;

/** The siamese partner of a network input: 0.3 of its size (rounded down), corners aligned. [b, H, W, c] → [b, h, w, c] */
export function shrunken(image: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = image.shape;
  return tf.image.resizeBilinear(image, [Math.floor(height * COPY_SCALE), Math.floor(width * COPY_SCALE)], true);
}

/**
 * @param image the maps of the image
 * @param copy the maps of its small copy
 * @param tags [b, k−1], 1 where the image carries the class
 */
export function seamLosses(image: SeamMaps, copy: SeamMaps, tags: tf.Tensor2D): SeamLosses {
  const [b, h, w, k] = copy.cam.shape;
  if (tags.shape[0] !== b || tags.shape[1] !== k - 1)
    throw expected("input", `tags of [${b}, ${k - 1}]`, `[${tags.shape.join(", ")}]`, "seamLosses");
  const mask = tf.concat([tf.ones([b, 1]), tags], 1).reshape([b, 1, 1, k]) as tf.Tensor4D;
  const masked = (cam: tf.Tensor4D): tf.Tensor4D => cam.mul(mask);
  const shrink = (cam: tf.Tensor4D): tf.Tensor4D => tf.image.resizeBilinear(cam, [h, w], true);

  const classification = [multilabelLoss(image.cam, tags), multilabelLoss(copy.cam, tags)] as const;
  const rvmin = [minimumLoss(masked(image.refined)), minimumLoss(masked(copy.refined))] as const;

  const cam1 = masked(shrink(normaliseCam(image.cam))); // [b, h, w, k]
  const cam2 = masked(normaliseCam(copy.cam));
  const refined1 = masked(shrink(normaliseCam(image.refined)));
  const refined2 = masked(normaliseCam(copy.refined));
  const er = magnitude(foregroundOf(cam1).sub(foregroundOf(cam2))).mean() as tf.Scalar;
  const ecr = [crossLoss(cam2, refined1), crossLoss(cam1, refined2)] as const;

  const half = (pair: readonly [tf.Scalar, tf.Scalar]): tf.Scalar => pair[0].add(pair[1]).mul(0.5);
  const loss = half(classification).add(half(rvmin)).add(er).add(ecr[0]).add(ecr[1]) as tf.Scalar;
  return { loss, classification, rvmin, er, ecr };
}

/**
 * Soft margin of the global average of every foreground map: mean of −y log σ(s) − (1 − y) log σ(−s).
 * @param cam [b, h, w, k]
 * @param tags [b, k−1], 1 where the image carries the class
 */
export function multilabelLoss(cam: tf.Tensor4D, tags: tf.Tensor2D): tf.Scalar {
  const score = foregroundOf(cam).mean([1, 2]); // [b, k−1]
  return tf
    .softplus(score.neg())
    .mul(tags)
    .add(tf.softplus(score).mul(tf.sub(1, tags)))
    .mean();
}

/** The weakest quarter of the pixels of the strongest tagged class must go to zero. [b, H, W, k] → scalar */
function minimumLoss(refined: tf.Tensor4D): tf.Scalar {
  const [b, h, w] = refined.shape;
  const strongest = foregroundOf(refined)
    .max(3)
    .reshape([b, h * w]) as tf.Tensor2D;
  const weakest = largest(strongest.neg(), Math.floor((h * w) / 4)); // negated
  return weakest.neg().relu().mean();
}

/** Mean of the largest 20 % of |onehot(cam) − refined|; `cam` is a target and gets no gradient. */
function crossLoss(cam: tf.Tensor4D, refined: tf.Tensor4D): tf.Scalar {
  const [b, h, w, k] = refined.shape;
  const target = detached(() => withBackground(keepStrongest(foregroundOf(cam))));
  const difference = magnitude(target.sub(refined)).reshape([b, h * w * k]) as tf.Tensor2D;
  return largest(difference, Math.floor(k * h * w * HARDEST)).mean();
}

/** |x| with gradient 0 at 0, as in PyTorch; tf.abs has −1 there. */
function magnitude(x: tf.Tensor4D): tf.Tensor4D {
  return x.relu().add(x.neg().relu());
}

/** The `count` largest of each row, in no order: [b, n] → [b, count]. tfjs has no gradient for topk. */
function largest(x: tf.Tensor2D, count: number): tf.Tensor2D {
  const [b, n] = x.shape;
  const select = tf.customGrad((rows, save) => {
    const { values, indices } = tf.topk(rows as tf.Tensor2D, count, false);
    (save as tf.GradSaveFunc)([indices]);
    const gradFunc = (dy: tf.Tensor, [places]: tf.Tensor[]): tf.Tensor => {
      const first = tf.range(0, b, 1, "int32").mul(tf.scalar(n, "int32")).reshape([b, 1]);
      const flat = places.add(first).reshape([b * count, 1]);
      return tf.scatterND(flat as tf.Tensor2D, dy.reshape([b * count]), [b * n]).reshape([b, n]);
    };
    return { value: values, gradFunc };
  });
  return select(x) as tf.Tensor2D;
}
