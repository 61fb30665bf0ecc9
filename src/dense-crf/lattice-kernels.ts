/**
 * Splat, blur and slice as WebAssembly SIMD, written out for a lattice's corners and for the vectors (blocks of four classes)
 * of a vertex row. Addresses are bytes. Point rows may be longer than vertex rows: a function then works on some vectors of
 * each row, the first of which its addresses point at.
 */

import {
  advance,
  type Code,
  defineFunction,
  f32x4,
  i32,
  type Local,
  repeatWhile,
  times,
  v128,
  type WasmFunction,
} from "../wasm/assembler";
import { compile, VECTOR, WORD } from "../wasm/memory";

export interface LatticeKernels {
  /** values[vertex] += weight · row[point] for the point rows from `row` to `end`; ids and weights begin at the first's. */
  splat(row: number, end: number, ids: number, weights: number, values: number): void;
  /** new = old + ½ (previous + next) along the chains from `chain` to `end`, in place. */
  blur(chain: number, end: number, values: number): void;
  /** to[point] = from[point] + scale · Σ weight · values[vertex] for the rows from `from` to `end`. */
  slice(from: number, end: number, to: number, ids: number, weights: number, values: number, scale: number): void;
}

/**
 * @param corners vertices of a simplex
 * @param blocks vectors of a vertex row
 * @param rowBlocks vectors from one point row to the next
 */
export function latticeKernels(corners: number, blocks: number, rowBlocks: number): LatticeKernels {
  return compile(`lattice ${corners} ${blocks} ${rowBlocks}`, () => [
    splatFunction(corners, blocks, rowBlocks),
    blurFunction(blocks),
    sliceFunction(corners, blocks, rowBlocks),
  ]);
}

function splatFunction(corners: number, blocks: number, rowBlocks: number): WasmFunction {
  return defineFunction("splat", ["i32", "i32", "i32", "i32", "i32"], (parameters, variable) => {
    const [row, end, ids, weights, values] = parameters;
    const point = times(blocks, () => variable("v128"));
    const weight = variable("v128");
    const vertex = variable("i32");
    const sum = (b: number): Code => f32x4.add(v128.load(vertex.get, b * VECTOR), f32x4.mul(weight.get, point[b].get));
    return repeatWhile(i32.below(row.get, end.get), [
      times(blocks, (b) => point[b].set(v128.load(row.get, b * VECTOR))),
      times(corners, (corner) => [
        vertex.set(vertexRow(values, i32.load(ids.get, corner * WORD), blocks)),
        weight.set(f32x4.loadSplat(weights.get, corner * WORD)),
        times(blocks, (b) => v128.store(vertex.get, sum(b), b * VECTOR)),
      ]),
      advance(ids, corners * WORD),
      advance(weights, corners * WORD),
      advance(row, rowBlocks * VECTOR),
    ]);
  });
}

function blurFunction(blocks: number): WasmFunction {
  return defineFunction("blur", ["i32", "i32", "i32"], (parameters, variable) => {
    const [chain, end, values] = parameters;
    const previous = times(blocks, () => variable("v128"));
    const current = times(blocks, () => variable("v128"));
    const following = variable("v128");
    const id = variable("i32");
    const at = variable("i32");
    const next = variable("i32");
    const storeBlurred = (b: number, neighbours: Code): Code =>
      v128.store(at.get, f32x4.add(current[b].get, f32x4.mul(f32x4.const(0.5), neighbours)), b * VECTOR);
    return repeatWhile(i32.below(chain.get, end.get), [
      at.set(vertexRow(values, i32.load(chain.get), blocks)),
      times(blocks, (b) => [previous[b].set(f32x4.const(0)), current[b].set(v128.load(at.get, b * VECTOR))]),
      // A chain has at least two vertices; the last one is stored as its complement, a negative number.
      repeatWhile(i32.lessThan(i32.const(-1), id.get), [
        advance(chain, WORD),
        id.set(i32.load(chain.get)),
        next.set(vertexRow(values, i32.xor(id.get, i32.shiftRight(id.get, i32.const(31))), blocks)),
        times(blocks, (b) => [
          following.set(v128.load(next.get, b * VECTOR)),
          storeBlurred(b, f32x4.add(previous[b].get, following.get)),
          previous[b].set(current[b].get),
          current[b].set(following.get),
        ]),
        at.set(next.get),
      ]),
      times(blocks, (b) => storeBlurred(b, previous[b].get)),
      advance(chain, WORD),
    ]);
  });
}

function sliceFunction(corners: number, blocks: number, rowBlocks: number): WasmFunction {
  return defineFunction("slice", ["i32", "i32", "i32", "i32", "i32", "i32", "f32"], (parameters, variable) => {
    const [from, end, to, ids, weights, values, scale] = parameters;
    const point = times(blocks, () => variable("v128"));
    const weight = variable("v128");
    const vertex = variable("i32");
    const sum = (b: number): Code => f32x4.add(point[b].get, f32x4.mul(weight.get, v128.load(vertex.get, b * VECTOR)));
    return repeatWhile(i32.below(from.get, end.get), [
      times(blocks, (b) => point[b].set(v128.load(from.get, b * VECTOR))),
      times(corners, (corner) => [
        vertex.set(vertexRow(values, i32.load(ids.get, corner * WORD), blocks)),
        weight.set(f32x4.mul(f32x4.splat(scale.get), f32x4.loadSplat(weights.get, corner * WORD))),
        times(blocks, (b) => point[b].set(sum(b))),
      ]),
      times(blocks, (b) => v128.store(to.get, point[b].get, b * VECTOR)),
      advance(ids, corners * WORD),
      advance(weights, corners * WORD),
      advance(to, rowBlocks * VECTOR),
      advance(from, rowBlocks * VECTOR),
    ]);
  });
}

function vertexRow(values: Local, id: Code, blocks: number): Code {
  return i32.add(values.get, i32.mul(id, i32.const(blocks * VECTOR)));
}
