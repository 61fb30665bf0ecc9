/**
 * Batch normalisation that uses its running statistics (docs/method.md, section 2.1: also while training), so that it
 * is one scale and one shift per channel; with the ReLU that follows it everywhere in the network.
 */

import * as tf from "@tensorflow/tfjs";

/** PyTorch's default. */
export const NORM_EPSILON = 1e-5;

/** y = x · scale + shift, per channel. */
export interface FrozenNorm {
  readonly scale: tf.Tensor1D;
  readonly shift: tf.Tensor1D;
}

/** [c] each. */
export interface NormValues {
  readonly weight: tf.Tensor1D;
  readonly bias: tf.Tensor1D;
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
  /** Default: PyTorch's. */
  readonly epsilon?: number;
}

/** (x − mean) / √(variance + ε) · weight + bias as scale and shift. */
export function foldNorm(
  weight: Float32Array,
  bias: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  epsilon: number = NORM_EPSILON,
): FrozenNorm {
  const scale = weight.map((w, c) => w / Math.sqrt(variance[c] + epsilon));
  const shift = bias.map((b, c) => b - mean[c] * scale[c]);
  return { scale: tf.tensor1d(scale), shift: tf.tensor1d(shift) };
}

/** The same of tensors, [c] each; the caller frees it. */
export function runningNorm({ weight, bias, mean, variance, epsilon = NORM_EPSILON }: NormValues): FrozenNorm {
  return tf.tidy(() => {
    const scale = weight.mul<tf.Tensor1D>(variance.add(epsilon).rsqrt());
    return { scale, shift: bias.sub<tf.Tensor1D>(mean.mul(scale)) };
  });
}

/**
 * ReLU(x · scale + shift), [b, h, w, c]. Its own gradient needs the output alone, so a training keeps neither `x` nor
 * the sum before the ReLU.
 * @param dropout factors ≥ 0 per sample and channel, [b, c]: they pass through the ReLU, so they cost nothing
 */
export function normRelu(x: tf.Tensor4D, norm: FrozenNorm, dropout?: tf.Tensor2D): tf.Tensor4D {
  return tf.tidy(() => {
    const [b, , , c] = x.shape;
    const factors = dropout?.reshape([b, 1, 1, c]);
    const scale = factors === undefined ? norm.scale : norm.scale.mul(factors);
    const shift = factors === undefined ? norm.shift : norm.shift.mul(factors);
    const apply = tf.customGrad((input, save) => {
      const y = scaleShiftRelu(input as tf.Tensor4D, scale, shift);
      (save as tf.GradSaveFunc)([y, scale]);
      return {
        value: y,
        gradFunc: (dy, [output, factor]) => tf.tidy(() => output.sign().mul(dy).mul(factor)),
      };
    });
    return apply(x) as tf.Tensor4D;
  });
}

/** Each product is freed once the next exists, so that two exist at a time beside the input, not three. */
function scaleShiftRelu(x: tf.Tensor4D, scale: tf.Tensor, shift: tf.Tensor): tf.Tensor4D {
  const scaled = tf.mul(x, scale);
  const shifted = tf.add(scaled, shift);
  scaled.dispose();
  const y = tf.relu(shifted) as tf.Tensor4D;
  shifted.dispose();
  return y;
}
