/** Logarithm and softmax of point rows as WebAssembly SIMD, with the polynomials of Cephes' `logf` and `exp2f`: errors near 1e-7. */

import {
  advance,
  type Code,
  defineFunction,
  f32,
  f32x4,
  i32,
  i32x4,
  type Local,
  repeatWhile,
  times,
  v128,
  type WasmFunction,
} from "../wasm/assembler";
import { compile, VECTOR } from "../wasm/memory";
import { SMALLEST_PROBABILITY } from "./mean-field";

export interface RowKernels {
  /** x ← log(clip(x, 1e-5, 1)) for the vectors from `x` to `end`. */
  logarithm(x: number, end: number): void;
  /** The rows from `row` to `end` ← their softmax; largest ← max(largest, row), vector by vector. */
  softmax(row: number, end: number, largest: number): void;
}

/** @param rowBlocks vectors of a row */
export function rowKernels(rowBlocks: number): RowKernels {
  return compile(`row ${rowBlocks}`, () => [logarithmFunction(), softmaxFunction(rowBlocks)]);
}

/** Base-2 logarithm of the smallest term of a softmax, 1e-26: too small to matter, while subnormal numbers are slow. */
const SMALLEST_EXPONENT = -86;
/** Adding a float to this number rounds it: the integer is left in the lowest bits. */
const ROUNDER = 1.5 * 2 ** 23;
/** 2ˣ for |x| ≤ ½ (`exp2f`), highest power first. */
const POWER_OF_TWO = [1.535336188e-4, 1.33988744e-3, 9.618437357e-3, 5.550332471e-2, 2.402264791e-1, 6.931472029e-1, 1];
/** ln 2 as a sum of two parts; the first has few digits, so that its products are exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444e-4;
/** (log(1 + x) − x + x²/2) / x³ (`logf`). */
const LOGARITHM = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
];

/** Rows up to this long stay in registers, and their loops are written out. */
const MOST_UNROLLED = 8;

function softmaxFunction(rowBlocks: number): WasmFunction {
  return defineFunction("softmax", ["i32", "i32", "i32"], (parameters, variable) => {
    const [row, end, largest] = parameters;
    const [maximum, sum, value, x, bits] = times(5, () => variable("v128"));
    const [at, most] = times(2, () => variable("i32"));
    const rowEnd = i32.add(row.get, i32.const(rowBlocks * VECTOR));
    /** The body for each vector, at `at` + offset and `most` + offset. */
    const eachVector = (body: (offset: number) => Code): Code => [
      at.set(row.get),
      most.set(largest.get),
      rowBlocks <= MOST_UNROLLED
        ? times(rowBlocks, (b) => body(b * VECTOR))
        : repeatWhile(i32.below(at.get, rowEnd), [body(0), advance(most, VECTOR), advance(at, VECTOR)]),
    ];
    return repeatWhile(i32.below(row.get, end.get), [
      maximum.set(v128.load(row.get)),
      eachVector((offset) => maximum.set(f32x4.max(maximum.get, v128.load(at.get, offset)))),
      maximum.set(f32x4.splat(acrossLanes(maximum, f32.max))),
      sum.set(f32x4.const(0)),
      eachVector((offset) => [
        x.set(f32x4.sub(v128.load(at.get, offset), maximum.get)),
        exponential(value, x, bits),
        sum.set(f32x4.add(sum.get, value.get)),
        v128.store(at.get, value.get, offset),
      ]),
      sum.set(f32x4.div(f32x4.const(1), f32x4.splat(acrossLanes(sum, f32.add)))),
      eachVector((offset) => [
        value.set(f32x4.mul(v128.load(at.get, offset), sum.get)),
        v128.store(at.get, value.get, offset),
        v128.store(most.get, f32x4.max(v128.load(most.get, offset), value.get), offset),
      ]),
      advance(row, rowBlocks * VECTOR),
    ]);
  });
}

/** value ← eˣ for x ≤ 0: x / ln 2 = n + r, a polynomial of r, and n added to the exponent's bits. Overwrites the rest. */
function exponential(value: Local, x: Local, bits: Local): Code {
  return [
    x.set(f32x4.max(f32x4.mul(x.get, f32x4.const(Math.LOG2E)), f32x4.const(SMALLEST_EXPONENT))),
    bits.set(f32x4.add(x.get, f32x4.const(ROUNDER))),
    x.set(f32x4.sub(x.get, f32x4.sub(bits.get, f32x4.const(ROUNDER)))),
    value.set(i32x4.add(polynomial(POWER_OF_TWO, x), i32x4.shiftLeft(bits.get, 23))),
  ];
}

/** x = 2ⁿ m with m in [√½, √2), and a polynomial of m − 1. */
function logarithmFunction(): WasmFunction {
  return defineFunction("logarithm", ["i32", "i32"], (parameters, variable) => {
    const [x, end] = parameters;
    const [value, n, m, small] = times(4, () => variable("v128"));
    return repeatWhile(i32.below(x.get, end.get), [
      value.set(f32x4.min(f32x4.max(v128.load(x.get), f32x4.const(SMALLEST_PROBABILITY)), f32x4.const(1))),
      // exponent and mantissa, in [½, 1)
      n.set(i32x4.toFloat(i32x4.sub(i32x4.shiftRight(value.get, 23), i32x4.const(126)))),
      m.set(v128.or(v128.and(value.get, i32x4.const(0x7fffff)), i32x4.const(0x3f000000))),
      small.set(f32x4.lessThan(m.get, f32x4.const(Math.SQRT1_2))),
      n.set(f32x4.sub(n.get, v128.and(small.get, f32x4.const(1)))),
      m.set(f32x4.sub(f32x4.add(m.get, v128.and(small.get, m.get)), f32x4.const(1))),
      value.set(f32x4.mul(f32x4.mul(polynomial(LOGARITHM, m), m.get), f32x4.mul(m.get, m.get))),
      value.set(f32x4.add(value.get, f32x4.mul(n.get, f32x4.const(LN2_LOW)))),
      value.set(f32x4.sub(value.get, f32x4.mul(f32x4.const(0.5), f32x4.mul(m.get, m.get)))),
      value.set(f32x4.add(f32x4.add(value.get, m.get), f32x4.mul(n.get, f32x4.const(LN2_HIGH)))),
      v128.store(x.get, value.get),
      advance(x, VECTOR),
    ]);
  });
}

/** The first coefficient is that of the highest power. */
function polynomial(coefficients: readonly number[], x: Local): Code {
  const [first, ...rest] = coefficients.map((each) => f32x4.const(each));
  return rest.reduce((sum, each) => f32x4.add(f32x4.mul(sum, x.get), each), first);
}

function acrossLanes(vector: Local, combine: (a: Code, b: Code) => Code): Code {
  const [a, b, c, d] = times(4, (lane) => f32x4.lane(vector.get, lane));
  return combine(combine(a, b), combine(c, d));
}
