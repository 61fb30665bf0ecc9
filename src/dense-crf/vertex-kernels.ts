/**
 * The vertices of a lattice as WebAssembly: the hash table of `vertex-table.ts`, with links between neighbours, which save most
 * of its look-ups, and the chains of the blur. A key is a vector of eight int16; an id is stored as id + 1, so that 0 is none.
 * Addresses are bytes.
 */

import {
  advance,
  type Code,
  defineFunction,
  i16x8,
  i32,
  ifTrue,
  type Local,
  repeatWhile,
  times,
  v128,
  type WasmFunction,
} from "../wasm/assembler";
import { compile, VECTOR, WORD } from "../wasm/memory";
import { AXIS_BITS } from "./simplex";
import { find, hashOf, keyOf, searchIn } from "./vertex-search";
import { KEY_LENGTH } from "./vertex-table";

export interface VertexKernels {
  /**
   * Adds the vertices of points until all are done or the table has `most` vertices (or up to d more).
   * @param state number of vertices, a word; the address of the next point's key is put into the word after it
   * @param key, end keys of the points' first corners; axes and ids go with them
   * @param slots hash table of 2^(32 − shift) words: ids
   * @param keys, links [vertex]: its key; its neighbours along each axis, as far as known
   * @param steps [axis]: what to add to a key
   */
  addVertices(
    state: number,
    most: number,
    key: number,
    end: number,
    axes: number,
    ids: number,
    slots: number,
    shift: number,
    keys: number,
    links: number,
    steps: number,
  ): void;
  /** Enters the vertices with the keys from `keys` to `end` into an empty table. */
  rehash(keys: number, end: number, slots: number, shift: number): void;
  /** Sets the bit of each vertex' hash in a filter of 2^(32 − filterShift) bits, which begin as 0. */
  fillFilter(keys: number, end: number, filter: number, filterShift: number): void;
  /**
   * next[vertex] ← id of the neighbour along an axis, or −1. `links` and `step` point at the axis. Most absent vertices
   * there are told by the filter, which is small enough for the cache.
   */
  neighbours(
    keys: number,
    end: number,
    slots: number,
    shift: number,
    filter: number,
    filterShift: number,
    links: number,
    step: number,
    next: number,
  ): void;
  /** `Lattice.chains` from `next` to `end`; `marks` is a byte of 0 for each vertex. Puts the chains' end into `state`. */
  chains(state: number, next: number, end: number, marks: number, chains: number): void;
}

export function vertexKernels(dimension: number): VertexKernels {
  return compile(`vertices ${dimension}`, () => [
    addVerticesFunction(dimension),
    rehashFunction(dimension),
    fillFilterFunction(dimension),
    neighboursFunction(dimension),
    chainsFunction(),
  ]);
}

function addVerticesFunction(dimension: number): WasmFunction {
  const corners = dimension + 1;
  return defineFunction(
    "addVertices",
    times(11, () => "i32"),
    (parameters, variable) => {
      const [state, most, key, end, axes, ids, slots, shift, keys, links, steps] = parameters;
      const search = searchIn(dimension, slots, shift, keys, variable);
      const { wanted, at } = search;
      const [size, first, vertex, next, link, axis] = times(6, () => variable("i32"));
      const findOrAdd = (result: Local): Code =>
        find(search, result, [
          result.set(size.get),
          v128.store(i32.add(keys.get, i32.mul(size.get, i32.const(VECTOR))), wanted.get),
          size.set(i32.add(size.get, i32.const(1))),
          i32.store(at.get, size.get),
        ]);
      const findLink = (rank: number): Code => [
        axis.set(
          i32.and(i32.shiftRight(i32.load(axes.get), i32.const(AXIS_BITS * rank)), i32.const((1 << AXIS_BITS) - 1)),
        ),
        link.set(
          i32.add(links.get, i32.mul(i32.add(i32.mul(vertex.get, i32.const(corners)), axis.get), i32.const(WORD))),
        ),
      ];
      const follow = [
        next.set(i32.sub(i32.load(link.get), i32.const(1))),
        ifTrue(i32.lessThan(next.get, i32.const(0)), [
          wanted.set(
            i16x8.add(keyOf(keys, vertex), v128.load(i32.add(steps.get, i32.mul(axis.get, i32.const(VECTOR))))),
          ),
          findOrAdd(next),
          i32.store(link.get, i32.add(next.get, i32.const(1))),
        ]),
        vertex.set(next.get),
      ];
      const more = i32.and(i32.below(key.get, end.get), i32.lessThan(size.get, most.get));
      return [
        size.set(i32.load(state.get)),
        repeatWhile(more, [
          wanted.set(v128.load(key.get)),
          findOrAdd(vertex),
          first.set(vertex.get),
          i32.store(ids.get, vertex.get),
          // From a corner to that of the next colour: along the axis of the highest rank not yet taken.
          times(dimension, (colour) => [
            findLink(dimension - colour),
            follow,
            i32.store(ids.get, vertex.get, (colour + 1) * WORD),
          ]),
          // and from the last one back to the first
          findLink(0),
          i32.store(link.get, i32.add(first.get, i32.const(1))),
          advance(key, KEY_LENGTH * 2),
          advance(axes, WORD),
          advance(ids, corners * WORD),
        ]),
        i32.store(state.get, size.get),
        i32.store(state.get, key.get, WORD),
      ];
    },
  );
}

function rehashFunction(dimension: number): WasmFunction {
  return defineFunction(
    "rehash",
    times(4, () => "i32"),
    ([keys, end, slots, shift], variable) => {
      const search = searchIn(dimension, slots, shift, keys, variable);
      const [key, id, found] = times(3, () => variable("i32"));
      return [
        key.set(keys.get),
        repeatWhile(i32.below(key.get, end.get), [
          search.wanted.set(v128.load(key.get)),
          id.set(i32.add(id.get, i32.const(1))),
          find(search, found, i32.store(search.at.get, id.get)),
          advance(key, VECTOR),
        ]),
      ];
    },
  );
}

/** Address of the word of the filter that has a bit, and that bit in it. */
function filterWord(filter: Local, bit: Local): Code {
  return i32.add(filter.get, i32.mul(i32.shiftRightUnsigned(bit.get, i32.const(5)), i32.const(WORD)));
}
function filterBit(bit: Local): Code {
  return i32.shiftLeft(i32.const(1), bit.get); // the shift counts modulo 32
}

function fillFilterFunction(dimension: number): WasmFunction {
  return defineFunction(
    "fillFilter",
    times(4, () => "i32"),
    ([keys, end, filter, filterShift], variable) => {
      const search = searchIn(dimension, filter, filterShift, keys, variable);
      const [bit, word] = times(2, () => variable("i32"));
      return repeatWhile(i32.below(keys.get, end.get), [
        search.wanted.set(v128.load(keys.get)),
        bit.set(i32.shiftRightUnsigned(hashOf(search), filterShift.get)),
        word.set(filterWord(filter, bit)),
        i32.store(word.get, i32.or(i32.load(word.get), filterBit(bit))),
        advance(keys, VECTOR),
      ]);
    },
  );
}

function neighboursFunction(dimension: number): WasmFunction {
  return defineFunction(
    "neighbours",
    times(9, () => "i32"),
    (parameters, variable) => {
      const [keys, end, slots, shift, filter, filterShift, links, step, next] = parameters;
      const search = searchIn(dimension, slots, shift, keys, variable);
      const [key, found, bit] = times(3, () => variable("i32"));
      return [
        key.set(keys.get),
        repeatWhile(i32.below(key.get, end.get), [
          found.set(i32.sub(i32.load(links.get), i32.const(1))),
          ifTrue(i32.lessThan(found.get, i32.const(0)), [
            search.wanted.set(i16x8.add(v128.load(key.get), v128.load(step.get))),
            bit.set(i32.shiftRightUnsigned(hashOf(search), filterShift.get)),
            ifTrue(i32.and(i32.load(filterWord(filter, bit)), filterBit(bit)), find(search, found, [])),
          ]),
          i32.store(next.get, found.get),
          advance(key, VECTOR),
          advance(links, (dimension + 1) * WORD),
          advance(next, WORD),
        ]),
      ];
    },
  );
}

function chainsFunction(): WasmFunction {
  return defineFunction(
    "chains",
    times(5, () => "i32"),
    ([state, next, end, marks, chains], variable) => {
      const [at, start, vertex, following, mark] = times(5, () => variable("i32"));
      const nextOf = (id: Local): Code => i32.load(i32.add(next.get, i32.mul(id.get, i32.const(WORD))));
      const append = (entry: Code): Code => [i32.store(chains.get, entry), advance(chains, WORD)];
      return [
        at.set(next.get),
        repeatWhile(i32.below(at.get, end.get), [
          following.set(i32.load(at.get)),
          ifTrue(
            i32.lessThan(i32.const(-1), following.get),
            i32.storeByte(i32.add(marks.get, following.get), i32.const(1)),
          ),
          advance(at, WORD),
        ]),
        at.set(next.get),
        mark.set(marks.get),
        repeatWhile(i32.below(at.get, end.get), [
          following.set(i32.load(at.get)),
          ifTrue(i32.and(i32.isZero(i32.loadByte(mark.get)), i32.lessThan(i32.const(-1), following.get)), [
            vertex.set(start.get),
            repeatWhile(i32.lessThan(i32.const(-1), following.get), [
              append(vertex.get),
              vertex.set(following.get),
              following.set(nextOf(vertex)),
            ]),
            append(i32.xor(vertex.get, i32.const(-1))),
          ]),
          advance(at, WORD),
          advance(mark, 1),
          advance(start, 1),
        ]),
        i32.store(state.get, chains.get),
      ];
    },
  );
}
