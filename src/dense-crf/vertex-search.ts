/**
 * Look-ups in the table of vertices: WebAssembly that the functions of `vertex-kernels.ts` inline. A key is a vector of
 * eight int16; a slot holds an id + 1, so that 0 is none.
 */

import { type Code, i16x8, i32, i32x4, ifTrue, type Local, repeatWhile, times, v128 } from "../wasm/assembler";
import { VECTOR, WORD } from "../wasm/memory";

/** Unrelated odd numbers for the hash: one per coordinate, and one per pair. */
const MULTIPLIERS = [0x2545, 0x1b87, 0x4c2d, 0x3a99, 0x5f0b, 0x16d3, 0x6e21, 0x0f75];
const PAIR_MULTIPLIERS = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f];

/** A search in the table: parameters and variables of the function it stands in. */
export interface Search {
  readonly dimension: number;
  readonly slots: Local;
  readonly shift: Local;
  readonly keys: Local;
  readonly wanted: Local;
  readonly pairs: Local;
  readonly slot: Local;
  readonly at: Local;
  readonly again: Local;
}

export function searchIn(
  dimension: number,
  slots: Local,
  shift: Local,
  keys: Local,
  variable: (type: "i32" | "v128") => Local,
): Search {
  const [wanted, pairs] = times(2, () => variable("v128"));
  const [slot, at, again] = times(3, () => variable("i32"));
  return { dimension, slots, shift, keys, wanted, pairs, slot, at, again };
}

/** result ← id of the vertex with the key `wanted`, else −1 and `ifAbsent`, with `at` the address of the slot where it belongs. */
export function find(search: Search, result: Local, ifAbsent: Code): Code {
  const { slots, shift, keys, wanted, slot, at, again } = search;
  const nextSlot = i32.and(i32.add(slot.get, i32.const(1)), i32.shiftRightUnsigned(i32.const(-1), shift.get));
  return [
    slot.set(i32.shiftRightUnsigned(hashOf(search), shift.get)),
    repeatWhile(again.get, [
      again.set(i32.const(0)),
      at.set(i32.add(slots.get, i32.mul(slot.get, i32.const(WORD)))),
      result.set(i32.sub(i32.load(at.get), i32.const(1))),
      ifTrue(
        i32.lessThan(result.get, i32.const(0)),
        ifAbsent,
        ifTrue(v128.anyTrue(v128.xor(keyOf(keys, result), wanted.get)), [slot.set(nextSlot), again.set(i32.const(1))]),
      ),
    ]),
  ];
}

/** A linear hash of `wanted`, whose upper bits say where its search begins. */
export function hashOf({ dimension, wanted, pairs }: Search): Code {
  const terms = times(Math.ceil(dimension / 2), (pair) =>
    i32.mul(i32x4.lane(pairs.get, pair), i32.const(PAIR_MULTIPLIERS[pair] | 0)),
  );
  const [first, ...rest] = terms;
  return [
    pairs.set(i16x8.dot(wanted.get, i16x8.const(MULTIPLIERS))),
    rest.reduce((sum, term) => i32.add(sum, term), first),
  ];
}

export function keyOf(keys: Local, id: Local): Code {
  return v128.load(i32.add(keys.get, i32.mul(id.get, i32.const(VECTOR))));
}
