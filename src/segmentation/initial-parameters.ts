/**
 * Initial values of layers that the weights lack: convolutions kaiming normal, the layers that give the logits normal with
 * deviation 0.01, biases 0, normalisations that do nothing yet; but a residual block's last one begins at
 * 0, so that a hundred layers from scratch begin as a shallow network (Goyal et al. 2017; torchvision's zero_init_residual).
 *
 * One rule for all models, so that they can be compared. DeepLab v2's pyramid has it so in the reference; Tree-FCN's new layers
 * are kaiming normal there throughout, the logits' too, and PSPNet's are PyTorch's default, uniform within 1 / √fan-in. With a
 * deviation of 0.01 logits begin near 0 and all classes alike. Residual blocks are drawn from scratch alone.
 */

import { type NdArray, sizeOf } from "../nd-array";
import { kaimingNormal } from "../network/initial-head";
import { deriveSeed, Random } from "../random";
import type { Parameter } from "./layer";

const LOGITS = /^(aspp\.c\d|fc8_\d|cls\.4|aux\.4|predict_layer\.head_layers\.1)\./;
const LOGIT_DEVIATION = 0.01;
const BLOCK_END = /layer\d\.\d+\.bn3\.weight$/;

/** Whether a parameter is of a layer that gives logits, so that its size depends on the number of classes. */
export function givesLogits(name: string): boolean {
  return LOGITS.test(name);
}

export function initialParameter({ name, shape, kind }: Parameter, seed: number): NdArray<Float32Array> {
  const own = deriveSeed(seed, "initial", name);
  if (kind === "kernel") return givesLogits(name) ? normal(shape, LOGIT_DEVIATION, own) : kaimingNormal(shape, own);
  if (BLOCK_END.test(name)) return { shape, data: new Float32Array(sizeOf(shape)) };
  const value = kind === "norm weight" || kind === "running variance" ? 1 : 0;
  return { shape, data: new Float32Array(sizeOf(shape)).fill(value) };
}

function normal(shape: readonly number[], deviation: number, seed: number): NdArray<Float32Array> {
  const random = new Random(seed);
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * deviation) };
}
