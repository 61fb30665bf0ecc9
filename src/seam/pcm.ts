/**
 * Pixel correlation module of SEAM: a class activation map refined by how alike the pixels' features are.
 * docs/method.md, section 1.1; reference: SEAM network/resnet38_SEAM.py (PCM). With u = f / (|f| + ε):
 *
 *   A = ReLU(u uᵀ)                       [n, n]
 *   out_j = Σ_i A_ij cam_i / (Σ_i A_ij + ε)
 *
 * Every normaliser belongs to one column j, so columns are computed in strips and A is never held as a whole: exact,
 * with memory linear in n. The gradient recomputes each strip; automatic differentiation would keep all of them.
 *
 * Letters: b images, h w grid, n = h·w nodes, c feature channels, k classes, m nodes of a strip.
 */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";

const EPSILON = 1e-5;
/** Elements of one strip of A: 16 MB of float32. */
const STRIP_ELEMENTS = 1 << 22;

/**
 * Refines maps by the affinities of their features.
 * The gradient flows to `features` alone: the reference hands the map over detached.
 *
 * @param features [b, h, w, c], not normalised
 * @param cam [b, h, w, k]; any k, since every class is refined alone
 * @param stripElements most elements of A held at a time
 * @returns [b, h, w, k]
 */
export function refineCam(
  features: tf.Tensor4D,
  cam: tf.Tensor4D,
  stripElements: number = STRIP_ELEMENTS,
): tf.Tensor4D {
  const [b, h, w] = features.shape;
  const k = cam.shape[3];
  if (cam.shape[0] !== b || cam.shape[1] !== h || cam.shape[2] !== w)
    throw expected("input", `a map of [${b}, ${h}, ${w}, k]`, `[${cam.shape.join(", ")}]`, "refineCam");
  return tf.tidy(() => {
    // Slices, not tf.unstack: its gradient fails for one image.
    const nodesOf = (x: tf.Tensor4D, image: number): tf.Tensor2D =>
      x.slice([image, 0, 0, 0], [1, h, w, x.shape[3]]).reshape([h * w, x.shape[3]]);
    const refined = Array.from({ length: b }, (_, image) =>
      refineNodes(nodesOf(features, image), nodesOf(cam, image), stripElements),
    );
    return tf.stack(refined).reshape([b, h, w, k]);
  });
}

/** One image: features [n, c], cam [n, k] → [n, k]. */
function refineNodes(features: tf.Tensor2D, cam: tf.Tensor2D, stripElements: number): tf.Tensor2D {
  const [n, k] = cam.shape;
  const rows = Math.max(1, Math.min(n, Math.floor(stripElements / n)));
  const refine = tf.customGrad((f, save) => {
    const unit = unitFeatures(f as tf.Tensor2D);
    const camAndOne = tf.concat([cam, tf.ones([n, 1])], 1) as tf.Tensor2D; // [n, k+1]
    const strips: tf.Tensor2D[] = [];
    for (let start = 0; start < n; start += rows)
      strips.push(tf.tidy(() => affinityStrip(unit, start, rows).matMul(camAndOne) as tf.Tensor2D)); // [m, k+1]
    const sums = tf.concat(strips, 0);
    const degree = sums.slice([0, k], [n, 1]).add(EPSILON); // [n, 1]
    const value = sums.slice([0, 0], [n, k]).div(degree) as tf.Tensor2D; // [n, k]
    (save as tf.GradSaveFunc)([f as tf.Tensor, camAndOne, degree, value]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => [
      tf.tidy(() => featureGradient(dy as tf.Tensor2D, saved as tf.Tensor2D[], rows)),
    ];
    return { value, gradFunc };
  });
  return refine(features);
}

/** Columns [start, start + rows) of A, as rows (A is symmetric): [m, n]. */
function affinityStrip(unit: tf.Tensor2D, start: number, rows: number): tf.Tensor2D {
  const [n, c] = unit.shape;
  const strip = unit.slice([start, 0], [Math.min(rows, n - start), c]);
  return strip.matMul(unit, false, true).relu() as tf.Tensor2D;
}

/**
 * With g = ∂L/∂out: ∂L/∂A_ji = g_j · (cam_i − out_j) / degree_j = ĝ_j · [cam_i, 1], ĝ_j = [g_j, −g_j · out_j] / degree_j;
 * M = that where A > 0; ∂L/∂u = M u + Mᵀ u; ∂L/∂f = (∂u − f (u·∂u) / |f|) / (|f| + ε).
 */
function featureGradient(dy: tf.Tensor2D, [f, camAndOne, degree, value]: tf.Tensor2D[], rows: number): tf.Tensor2D {
  const [n, c] = f.shape;
  const k = value.shape[1];
  const unit = unitFeatures(f);
  const weighted = tf.concat([dy, dy.mul(value).sum(1, true).neg()], 1).div(degree) as tf.Tensor2D; // [n, k+1]
  const own: tf.Tensor2D[] = [];
  let others: tf.Tensor2D = tf.zeros([n, c]);
  for (let start = 0; start < n; start += rows) {
    const m = Math.min(rows, n - start);
    const [ownStrip, sum] = tf.tidy(() => {
      const gate = affinityStrip(unit, start, rows).step(); // [m, n], 1 where A > 0
      const slope = weighted
        .slice([start, 0], [m, k + 1])
        .matMul(camAndOne, false, true)
        .mul(gate) as tf.Tensor2D;
      const strip = unit.slice([start, 0], [m, c]);
      return [slope.matMul(unit), others.add(slope.matMul(strip, true, false)) as tf.Tensor2D];
    });
    own.push(ownStrip as tf.Tensor2D);
    others.dispose();
    others = sum as tf.Tensor2D;
  }
  const du = tf.concat(own, 0).add(others); // [n, c]
  const length = lengths(f); // [n, 1]
  const along = unit.mul(du).sum(1, true).divNoNan(length); // 0 where |f| = 0, as in PyTorch
  return du.sub(f.mul(along)).div(length.add(EPSILON));
}

function unitFeatures(f: tf.Tensor2D): tf.Tensor2D {
  return f.div(lengths(f).add(EPSILON));
}

function lengths(f: tf.Tensor2D): tf.Tensor2D {
  return f.square().sum<tf.Tensor2D>(1, true).sqrt();
}
