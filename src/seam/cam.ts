/**
 * Normalisations of class activation maps inside the network and its losses. Class 0 is background. docs/method.md,
 * section 1.1; reference: SEAM network/resnet38_SEAM.py (forward), tool/visualization.py (max_norm), train_SEAM.py.
 *
 * Letters: b images, h w grid, k classes (background included).
 */

import * as tf from "@tensorflow/tfjs";

const EPSILON = 1e-5;

/**
 * The map that PCM refines: ReLU, minus ε, over (its maximum per class + ε); background = 1 − strongest foreground; of
 * the foreground classes only the strongest of each pixel kept. No gradient: the reference computes it detached.
 *
 * @param cam [b, h, w, k], the classifier's output
 */
export function suppressedCam(cam: tf.Tensor4D): tf.Tensor4D {
  return detached(() => {
    const positive = cam.relu();
    const peak = positive.max([1, 2], true).add(EPSILON); // [b, 1, 1, k]
    return withBackground(keepStrongest(foregroundOf(positive.sub(EPSILON).relu().div(peak))));
  });
}

/** [b, h, w, k] → [b, h, w, k−1]: without class 0. */
export function foregroundOf(cam: tf.Tensor4D): tf.Tensor4D {
  const [b, h, w, k] = cam.shape;
  return cam.slice([0, 0, 0, 1], [b, h, w, k - 1]);
}

/** [b, h, w, k−1] → [b, h, w, k]: class 0 = 1 − strongest foreground. */
export function withBackground(foreground: tf.Tensor4D): tf.Tensor4D {
  const background = tf.sub(1, foreground.max(3, true));
  return tf.concat([background as tf.Tensor4D, foreground], 3);
}

/** Zero where another class is stronger; equals keep both. [b, h, w, k−1] → same. */
export function keepStrongest(foreground: tf.Tensor4D): tf.Tensor4D {
  return foreground.mul(foreground.equal(foreground.max(3, true)).cast("float32"));
}

/**
 * norm(x) = ReLU(r − min − ε) / (max − min + ε) of r = ReLU(x), per image and class. Its own gradient: the maximum's
 * and the minimum's parts go to one pixel each, the first, as in PyTorch; tf.max hands the whole of it to every tied
 * pixel.
 *
 * @param cam [b, h, w, k]
 */
export function normaliseCam(cam: tf.Tensor4D): tf.Tensor4D {
  const [b, h, w, k] = cam.shape;
  const normalise = tf.customGrad((x, save) => {
    const r = (x as tf.Tensor).relu().reshape([b, h * w, k]);
    const low = r.min(1, true); // [b, 1, k]
    const range = r.max(1, true).sub(low).add(EPSILON); // [b, 1, k]
    const y = r.sub(low).sub(EPSILON).relu().div(range); // [b, n, k]
    (save as tf.GradSaveFunc)([r, range, y]);
    return {
      value: y.reshape([b, h, w, k]),
      gradFunc: (dy, saved) => tf.tidy(() => normGradient(dy, saved).reshape([b, h, w, k])),
    };
  });
  return normalise(cam) as tf.Tensor4D;
}

/** Gradient of the quotient N / D, N = ReLU(r − min − ε), D = max − min + ε. [b, h, w, k] → [b, n, k] */
function normGradient(dy: tf.Tensor, [r, range, y]: tf.Tensor[]): tf.Tensor {
  const g = dy.reshape(r.shape).div(range); // ∂L/∂N where N > 0
  const inside = g.mul(y.step());
  const ofRange = g.mul(y).sum(1, true).neg(); // ∂L/∂D
  const ofLow = inside.sum(1, true).add(ofRange).neg(); // N and D both hold −min
  const places = tf.range(0, r.shape[1] as number, 1, "int32").reshape([1, -1, 1]);
  const at = (index: tf.Tensor): tf.Tensor => places.equal(index.expandDims(1)).cast("float32");
  const peak = at(r.argMax(1)).mul(ofRange);
  const trough = at(r.argMin(1)).mul(ofLow);
  return inside.add(peak).add(trough).mul(r.step());
}

/** `compute()` without recording it for a gradient; what it reads gets none. */
export function detached<T extends tf.Tensor>(compute: () => T): T {
  return tf.customGrad(() => ({ value: compute(), gradFunc: () => [] }))() as T;
}
