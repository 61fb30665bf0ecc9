/**
 * Initial values of layers that the weights lack: convolutions kaiming normal, the layers that give the logits normal with
 * deviation 0.01 as in the references, biases 0, normalisations that do nothing yet.
 */

import { type NdArray, sizeOf } from "../nd-array";
import { kaimingNormal } from "../network/initial-head";
import { deriveSeed, Random } from "../random";
import type { Parameter } from "./layer";

const LOGITS = /^(aspp\.c\d|fc8_\d|cls\.4|aux\.4|predict_layer\.head_layers\.1)\.weight$/;
const LOGIT_DEVIATION = 0.01;

export function initialParameter({ name, shape, kind }: Parameter, seed: number): NdArray<Float32Array> {
  const own = deriveSeed(seed, "initial", name);
  if (kind === "kernel") return LOGITS.test(name) ? normal(shape, LOGIT_DEVIATION, own) : kaimingNormal(shape, own);
  const value = kind === "norm weight" || kind === "running variance" ? 1 : 0;
  return { shape, data: new Float32Array(sizeOf(shape)).fill(value) };
}

function normal(shape: readonly number[], deviation: number, seed: number): NdArray<Float32Array> {
  const random = new Random(seed);
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * deviation) };
}
