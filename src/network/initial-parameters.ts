/**
 * Initial values of parameters that the weights lack. Convolutions are kaiming normal, layers that give logits normal with
 * deviation 0.01, biases 0, and normalisations do nothing yet, unless a layer asks for something else: the heads on ResNet38
 * are drawn as their references draw them, and a residual block's last normalisation begins at 0, so that a hundred layers
 * from scratch begin as a shallow network (Goyal et al. 2017; torchvision's zero_init_residual).
 *
 * One rule for all segmentation networks makes them comparable. DeepLab v2's pyramid has it in the reference; Tree-FCN's new
 * layers are kaiming normal there throughout, and PSPNet's are PyTorch's default, uniform within 1 / √fan-in. With a deviation
 * of 0.01 logits begin near 0 and all classes alike.
 */

import { type NdArray, sizeOf } from "../nd-array";
import { deriveSeed, Random } from "../random";
import type { Parameter } from "./layer";

const LOGIT_DEVIATION = 0.01;

/** A pure function of the parameter and the run's seed. */
export function initialParameter(
  { name, shape, kind, initial, logits }: Parameter,
  seed: number,
): NdArray<Float32Array> {
  const own = deriveSeed(seed, "initial", name);
  if (initial !== undefined) {
    if ("normal" in initial) return normal(shape, initial.normal, own);
    if ("xavier" in initial) return xavierUniform(shape, initial.xavier, own);
    return constant(shape, initial.constant);
  }
  if (kind === "kernel") return logits ? normal(shape, LOGIT_DEVIATION, own) : kaimingNormal(shape, own);
  return constant(shape, kind === "norm weight" || kind === "running variance" ? 1 : 0);
}

/** PyTorch's `kaiming_normal_`: variance 2 / fan-in; `shape` is [out, in, h, w]. */
function kaimingNormal(shape: readonly number[], seed: number): NdArray<Float32Array> {
  return normal(shape, Math.sqrt(2 / sizeOf(shape.slice(1))), seed);
}

/** PyTorch's `xavier_uniform_`: uniform in ±gain · √(6 / (fan-in + fan-out)). */
function xavierUniform(shape: readonly number[], gain: number, seed: number): NdArray<Float32Array> {
  const random = new Random(seed);
  const area = sizeOf(shape.slice(2));
  const bound = gain * Math.sqrt(6 / ((shape[0] + shape[1]) * area));
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-bound, bound)) };
}

function normal(shape: readonly number[], deviation: number, seed: number): NdArray<Float32Array> {
  const random = new Random(seed);
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * deviation) };
}

function constant(shape: readonly number[], value: number): NdArray<Float32Array> {
  return { shape, data: new Float32Array(sizeOf(shape)).fill(value) };
}
