/** One step of the random walk as WebAssembly SIMD, written out for a window and a row's length. Addresses are bytes. */

import {
  advance,
  type Code,
  defineFunction,
  f32x4,
  i32,
  repeatWhile,
  times,
  v128,
  type WasmFunction,
} from "../wasm/assembler";
import { compile, VECTOR, WORD } from "../wasm/memory";

export interface WalkKernel {
  /**
   * The cells (vectors) from `target` to `end` ← the sums of their windows' cells times weights. `source` is the first
   * window's upper left cell, `weights` its first weight.
   */
  stepRow(target: number, end: number, source: number, weights: number): void;
}

/** Sums side by side, so that an addition need not wait for the one before. */
const CHAINS = 4;

/** @param stride cells of a row, its borders included */
export function walkKernel(radius: number, stride: number): WalkKernel {
  return compile(`walk ${radius} ${stride}`, () => [stepRowFunction(radius, stride)]);
}

function stepRowFunction(radius: number, stride: number): WasmFunction {
  return defineFunction("stepRow", ["i32", "i32", "i32", "i32"], (parameters, variable) => {
    const [target, end, source, weights] = parameters;
    const sums = times(CHAINS, () => variable("v128"));
    const d = 2 * radius + 1;
    const term = (offset: number): Code => {
      const cell = Math.floor(offset / d) * stride + (offset % d);
      return f32x4.mul(f32x4.loadSplat(weights.get, offset * WORD), v128.load(source.get, cell * VECTOR));
    };
    return repeatWhile(i32.below(target.get, end.get), [
      sums.map((sum) => sum.set(f32x4.const(0))),
      times(d * d, (offset) => {
        const sum = sums[offset % CHAINS];
        return sum.set(f32x4.add(sum.get, term(offset)));
      }),
      v128.store(
        target.get,
        sums.map((sum) => sum.get).reduce((a, b) => f32x4.add(a, b)),
      ),
      advance(weights, d * d * WORD),
      advance(source, VECTOR),
      advance(target, VECTOR),
    ]);
  });
}
