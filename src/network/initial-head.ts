/** Initial weights of new layers, as the reference draws them (PyTorch's `kaiming_normal_` and `xavier_uniform_`). */

import { type NdArray, sizeOf } from "../nd-array";
import { deriveSeed, Random } from "../random";

/** Normal with variance 2 / fan-in; `shape` is [out, in, h, w]. */
export function kaimingNormal(shape: readonly number[], seed: number): NdArray<Float32Array> {
  const random = new Random(seed);
  const deviation = Math.sqrt(2 / sizeOf(shape.slice(1)));
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * deviation) };
}

/** Uniform in ±gain · √(6 / (fan-in + fan-out)). */
export function xavierUniform(shape: readonly number[], gain: number, seed: number): NdArray<Float32Array> {
  const random = new Random(seed);
  const area = sizeOf(shape.slice(2));
  const bound = gain * Math.sqrt(6 / ((shape[0] + shape[1]) * area));
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-bound, bound)) };
}

/** For `LoadOptions.initial`: the layers that the reference's networks add to the backbone; undefined for all others. */
export function initialHead(seed: number): (name: string, shape: readonly number[]) => NdArray | undefined {
  return (name, shape) => {
    const own = deriveSeed(seed, "initial", name);
    if (/^f8_[345]\.weight$/.test(name)) return kaimingNormal(shape, own);
    if (name === "f9.weight") return xavierUniform(shape, 4, own);
    if (name === "fc8.weight") return xavierUniform(shape, 1, own);
    return undefined;
  };
}

/** All layers from scratch, for networks trained without any weights: kaiming normal, normalisations that do nothing. */
export function initialNetwork(seed: number): (name: string, shape: readonly number[]) => NdArray {
  const head = initialHead(seed);
  return (name, shape) => {
    if (shape.length === 4) return head(name, shape) ?? kaimingNormal(shape, deriveSeed(seed, "initial", name));
    const value = name.endsWith(".weight") || name.endsWith(".running_var") ? 1 : 0;
    return { shape, data: new Float32Array(shape[0]).fill(value) };
  };
}
