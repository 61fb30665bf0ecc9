/**
 * Cross-entropy on the seeds (docs/method.md, section 3.3; reference mytool.py, train_with_nocrf): logits upsampled to
 * the padded image, mean over background seeds + mean over foreground seeds; a kind without seeds gives 0, not NaN.
 *
 * With p the softmax at a pixel, w its weight (1/number of seeds of its kind, 0 for unknown pixels) and Y the one-hot
 * labels, the gradient is Uᵀ(p·w) − Uᵀ(Y·w). The second term is constant during training and computed once; the loss
 * itself is Σ w·logsumexp − ⟨logits, Uᵀ(Y·w)⟩.
 */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";
import { bilinearTaps } from "../image-ops/bilinear";
import type { Upsampler } from "../image-ops/upsampler";
import type { Loss, LossState } from "./loss";

/** The term of every recipe. Its targets are built once, and rebuilt whenever another loss has edited the seed. */
export function seedCrossEntropy(): Loss {
  const owner = {};
  return function seeds(state) {
    const targets = state.keep(owner, () => new CurrentTargets(state)).at(state);
    const { value, gradient } = crossEntropyOnSeeds(state.logits, state.planes, targets, state.upsampler);
    return { value, dLogits: gradient };
  };
}

/**
 * The same of `input.drawn` alone: strokes and clicks that correct other seeds. A few of their pixels among ten thousand
 * background seeds would weigh nothing in one mean; in a mean of their own they decide. Ours (docs/method.md, section 6.8).
 */
export function drawnCrossEntropy(): Loss {
  const owner = {};
  return function drawn(state) {
    const { drawn: labels, classes, ignore } = state.input;
    if (labels === undefined) return undefined;
    const targets = state.keep(owner, () => createSeedTargets(labels, classes, ignore, state.upsampler));
    const { value, gradient } = crossEntropyOnSeeds(state.logits, state.planes, targets, state.upsampler);
    return { value, dLogits: gradient };
  };
}

class CurrentTargets {
  private targets: SeedTargets;
  private edited: number;

  constructor(state: LossState) {
    this.targets = targetsOf(state);
    this.edited = state.seed.edited;
  }

  at(state: LossState): SeedTargets {
    if (this.edited !== state.seed.edited) {
      this.targets.dispose();
      this.targets = targetsOf(state);
      this.edited = state.seed.edited;
    }
    return this.targets;
  }

  dispose(): void {
    this.targets.dispose();
  }
}

function targetsOf({ seed, input, upsampler }: LossState): SeedTargets {
  return createSeedTargets(seed.labels, input.classes, input.ignore, upsampler);
}

/** The seeds of one image, ready for the loss. */
export interface SeedTargets {
  /** The pixels' weights, 0 for unknown ones: [1, H·W] */
  readonly weights: tf.Tensor2D;
  /** Uᵀ(Y·w), [h·w, K] */
  readonly attraction: tf.Tensor2D;
  dispose(): void;
}

/**
 * @param seed class per pixel of the padded image, row-major [H·W]; `ignore` where unknown
 * @throws UserError "input" for a label that is neither a class nor `ignore`
 */
export function createSeedTargets(
  seed: Uint8Array,
  classes: number,
  ignore: number,
  upsampler: Upsampler,
): SeedTargets {
  const { from, to } = upsampler;
  const [h, w] = from;
  const [H, W] = to;
  if (seed.length !== H * W) throw expected("input", `${H}×${W} seed labels`, `${seed.length} values`, "seed label");
  let background = 0;
  let foreground = 0;
  for (const label of seed) {
    if (label === ignore) continue;
    if (label >= classes) throw expected("input", `labels below ${classes} or ${ignore}`, `${label}`, "seed label");
    if (label === 0) background++;
    else foreground++;
  }
  const weights = new Float32Array(H * W);
  const attraction = new Float64Array(h * w * classes);
  const rows = bilinearTaps(h, H, { exact: true });
  const columns = bilinearTaps(w, W, { exact: true });
  for (let y = 0; y < H; y++) {
    const [top, bottom, down] = [rows.lower[y] * w, rows.upper[y] * w, rows.weight[y]];
    for (let x = 0; x < W; x++) {
      const label = seed[y * W + x];
      if (label === ignore) continue;
      const weight = 1 / (label === 0 ? background : foreground);
      weights[y * W + x] = weight;
      const [left, right, across] = [columns.lower[x], columns.upper[x], columns.weight[x]];
      attraction[(top + left) * classes + label] += weight * (1 - down) * (1 - across);
      attraction[(top + right) * classes + label] += weight * (1 - down) * across;
      attraction[(bottom + left) * classes + label] += weight * down * (1 - across);
      attraction[(bottom + right) * classes + label] += weight * down * across;
    }
  }
  const tensors = [tf.tensor2d(weights, [1, H * W]), tf.tensor2d(Float32Array.from(attraction), [h * w, classes])].map(
    (tensor) => tf.keep(tensor),
  ); // they outlive the step that builds them
  return {
    weights: tensors[0],
    attraction: tensors[1],
    dispose: () => tf.dispose(tensors),
  };
}

/**
 * @param logits grid logits [h·w, K]
 * @param planes the same upsampled, class by class, [K, H·W]
 * @returns loss (scalar) and dL/dlogits [h·w, K]; call inside a `tf.tidy`
 */
export function crossEntropyOnSeeds(
  logits: tf.Tensor2D,
  planes: tf.Tensor2D,
  targets: SeedTargets,
  upsampler: Upsampler,
): { readonly value: tf.Scalar; readonly gradient: tf.Tensor2D } {
  const largest = tf.max(planes, 0, true); // [1, H·W]
  const powers = tf.tidy(() => tf.exp(tf.sub(planes, largest))); // [K, H·W]
  const sums = tf.sum(powers, 0, true); // [1, H·W]
  const logSumExp = tf.add(tf.log(sums), largest);
  const value = tf.sub(
    tf.sum(tf.mul(targets.weights, logSumExp)),
    tf.sum(tf.mul(logits, targets.attraction)),
  ) as tf.Scalar;
  const weighted = tf.mul(powers, tf.div(targets.weights, sums)) as tf.Tensor2D; // p·w
  powers.dispose();
  const gradient = tf.sub(upsampler.downFromPlanes(weighted), targets.attraction) as tf.Tensor2D;
  return { value, gradient };
}
