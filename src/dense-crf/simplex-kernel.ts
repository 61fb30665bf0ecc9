/** `findSimplices` as WebAssembly SIMD, four points at a time: the same float32 operations, so the same bits. */

import {
  advance,
  type Code,
  defineFunction,
  f32x4,
  i32,
  i32x4,
  type Local,
  repeatWhile,
  times,
  v128,
  type WasmFunction,
} from "../wasm/assembler";
import { compile, VECTOR, WORD } from "../wasm/memory";
import { AXIS_BITS, embeddingScale } from "./simplex";

export interface SimplexKernel {
  /**
   * Addresses of the arrays of `Simplices`, for the points whose first features stand from `features` to `end`.
   * @param stride bytes from one feature of a point to its next
   */
  simplices(features: number, end: number, keys: number, axes: number, weights: number, stride: number): void;
}

export function simplexKernel(dimension: number): SimplexKernel {
  return compile(`simplex ${dimension}`, () => [simplexFunction(dimension)]);
}

function simplexFunction(dimension: number): WasmFunction {
  const corners = dimension + 1;
  const scale = embeddingScale(dimension);
  const perCorner = f32x4.const(1 / corners);
  const perCell = f32x4.const(corners);
  return defineFunction("simplices", ["i32", "i32", "i32", "i32", "i32", "i32"], (parameters, variable) => {
    const [features, end, keys, axes, weights, stride] = parameters;
    const vectors = (): Local[] => times(corners, () => variable("v128"));
    const [elevated, nearest, offset, rank, share] = times(5, vectors);
    const [sum, scaled, excess, mask, order] = times(5, () => variable("v128"));
    const feature = (index: number): Code => i32.add(features.get, i32.mul(stride.get, i32.const(index)));

    const elevate = [
      sum.set(f32x4.const(0)),
      times(dimension, (reversed) => dimension - reversed).map((j) => [
        scaled.set(f32x4.mul(v128.load(feature(j - 1)), f32x4.const(scale[j - 1]))),
        elevated[j].set(f32x4.sub(sum.get, f32x4.mul(f32x4.const(j), scaled.get))),
        sum.set(f32x4.add(sum.get, scaled.get)),
      ]),
      elevated[0].set(sum.get),
    ];
    const round = [
      excess.set(f32x4.const(0)),
      times(corners, (i) => [
        scaled.set(f32x4.nearest(f32x4.mul(perCorner, elevated[i].get))),
        nearest[i].set(f32x4.mul(scaled.get, perCell)),
        offset[i].set(f32x4.sub(elevated[i].get, nearest[i].get)),
        excess.set(f32x4.add(excess.get, scaled.get)),
      ]),
      excess.set(i32x4.fromFloat(excess.get)),
    ];
    // A comparison that holds is −1. Each rank begins as if all before it were at least as large, and none after it larger.
    const sort = [
      times(corners, (i) => rank[i].set(i32x4.add(excess.get, i32x4.const(i)))),
      times(dimension, (i) =>
        times(dimension - i, (after) => i + 1 + after).map((j) => [
          mask.set(f32x4.lessThan(offset[i].get, offset[j].get)),
          rank[i].set(i32x4.sub(rank[i].get, mask.get)),
          rank[j].set(i32x4.add(rank[j].get, mask.get)),
        ]),
      ),
    ];
    const correct = times(corners, (i) => [
      mask.set(v128.and(i32x4.lessThan(rank[i].get, i32x4.const(0)), i32x4.const(corners))),
      mask.set(
        i32x4.sub(mask.get, v128.and(i32x4.lessThan(i32x4.const(dimension), rank[i].get), i32x4.const(corners))),
      ),
      rank[i].set(i32x4.add(rank[i].get, mask.get)),
      nearest[i].set(f32x4.add(nearest[i].get, i32x4.toFloat(mask.get))),
      offset[i].set(f32x4.mul(f32x4.sub(elevated[i].get, nearest[i].get), perCorner)),
    ]);
    const byRank = [
      order.set(i32x4.const(0)),
      times(corners, (r) => [
        share[r].set(f32x4.const(0)),
        times(corners, (i) => [
          mask.set(i32x4.equal(rank[i].get, i32x4.const(r))),
          share[r].set(v128.or(share[r].get, v128.and(mask.get, offset[i].get))),
          order.set(v128.or(order.get, v128.and(mask.get, i32x4.const(i << (AXIS_BITS * r))))),
        ]),
      ]),
    ];
    const weightOf = (colour: number): Code =>
      colour === 0
        ? f32x4.sub(share[dimension].get, f32x4.sub(share[0].get, f32x4.const(1)))
        : f32x4.sub(share[dimension - colour].get, share[corners - colour].get);
    const store = [
      times(4, (lane) => v128.store(keys.get, i32x4.const(0), lane * VECTOR)),
      times(dimension, (i) => [
        mask.set(i32x4.fromFloat(nearest[i].get)),
        times(4, (lane) => v128.storeHalfLane(keys.get, mask.get, 2 * lane, lane * VECTOR + 2 * i)),
      ]),
      v128.store(axes.get, order.get),
      times(corners, (colour) => [
        scaled.set(weightOf(colour)),
        times(4, (lane) => v128.storeLane(weights.get, scaled.get, lane, (lane * corners + colour) * WORD)),
      ]),
    ];
    return repeatWhile(i32.below(features.get, end.get), [
      [elevate, round, sort, correct, byRank, store],
      advance(keys, 4 * VECTOR),
      advance(axes, VECTOR),
      advance(weights, corners * VECTOR),
      advance(features, VECTOR),
    ]);
  });
}
