/**
 * Weights by formula: every value a pure function of the parameter's name, its place and a seed, in ranges that keep a
 * ResNet38's activations in bounds. Benchmarks and tests need no file of 500 MB with them, and anyone gets the same ones.
 */

import { type NdArray, sizeOf } from "../nd-array";
import { hashString } from "../random";

/** Lowest value, and the value above the highest. */
export type FormulaRange = readonly [low: number, high: number];

/**
 * Values in [low, high) of one tensor, C order.
 * @param name as in the reference's state_dict
 */
export function formulaTensor(
  name: string,
  shape: readonly number[],
  seed: number,
  low: number,
  high: number,
): Float32Array {
  const base = (hashString(name) + Math.imul(seed, 0x9e3779b1)) >>> 0;
  const scale = (high - low) / 2 ** 32;
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) {
    let h = (base + Math.imul(i, 0x85ebca77)) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    values[i] = low + scale * ((h ^ (h >>> 16)) >>> 0);
  }
  return values;
}

/**
 * The range of a parameter of the ResNet38 networks, or null for batch norm's step count, which is 0.
 * @param shape a convolution's is [out, in, h, w]
 */
export function formulaRange(name: string, shape: readonly number[]): FormulaRange | null {
  const [layer = "", parameter] = name.split(".").slice(-2);
  if (parameter === "num_batches_tracked") return null;
  if (parameter === "running_var" || (parameter === "weight" && /^bn/.test(layer))) return [0.8, 1.2];
  if (parameter === "running_mean" || parameter === "bias") return [-0.1, 0.1];
  const bound = gainOf(name, layer) * Math.sqrt(6 / sizeOf(shape.slice(1)));
  return [-bound, bound];
}

/** Residual branches are damped so that their sum stays small. */
function gainOf(name: string, layer: string): number {
  if (layer === "conv_branch2b2") return 0.5;
  if (layer === "conv_branch2b1") return /^b[67]\./.test(name) ? 1 : 0.5;
  if (layer === "conv_branch1") return 0.7;
  if (layer === "f9") return 1.5;
  return layer === "fc8" ? 2 : 1;
}

/** One parameter by its name and shape. */
export function formulaParameter(name: string, shape: readonly number[], seed: number): NdArray<Float32Array> {
  const range = formulaRange(name, shape);
  return { shape, data: range === null ? new Float32Array(sizeOf(shape)) : formulaTensor(name, shape, seed, ...range) };
}

/** All parameters of a network. */
export function formulaParameters(
  shapes: ReadonlyMap<string, readonly number[]>,
  seed: number,
): Map<string, NdArray<Float32Array>> {
  return new Map([...shapes].map(([name, shape]) => [name, formulaParameter(name, shape, seed)]));
}
