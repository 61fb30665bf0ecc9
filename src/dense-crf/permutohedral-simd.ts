/** `buildLattice(findSimplices(…))` with WebAssembly: the same lattice, number for number. */

import { type MemoryPlan, planMemory, VECTOR, WORD } from "../wasm/memory";
import { type Lattice, step } from "./permutohedral";
import { simplexKernel } from "./simplex-kernel";
import { type VertexKernels, vertexKernels } from "./vertex-kernels";
import { KEY_LENGTH } from "./vertex-table";

/** Base-2 logarithm of the bits per table slot in the filter of absent neighbours. */
const FILTER_BITS = 3;

/** The table of vertices in memory. */
interface PlacedTable {
  /** Capacity in vertices; the hash table has twice as many slots. */
  readonly room: number;
  readonly shift: number;
  readonly slots: number;
  readonly keys: number;
  readonly links: number;
}

/**
 * @param points with those that fill up the last group
 * @param used points that hold values: the first ones
 * @param fill writes the features, [dimension, points], into an array of zeros
 */
export function buildLatticeSimd(
  points: number,
  used: number,
  dimension: number,
  fill: (features: Float32Array) => void,
): Lattice {
  const corners = dimension + 1;
  const plan = planMemory();
  const state = plan.reserve(VECTOR);
  const steps = plan.reserve(corners * VECTOR);
  const ids = plan.reserve(points * corners * WORD);
  const weights = plan.reserve(points * corners * WORD);
  const axes = plan.reserve(points * WORD);
  const keys = plan.reserve(points * KEY_LENGTH * 2);
  const features = plan.reserve(points * dimension * WORD);
  const buffer = plan.claim();
  fill(new Float32Array(buffer, features, points * dimension).fill(0));
  simplexKernel(dimension).simplices(features, features + points * WORD, keys, axes, weights, points * WORD);

  const functions = vertexKernels(dimension);
  for (let axis = 0; axis < corners; axis++)
    step(new Int16Array(buffer, steps + axis * VECTOR, KEY_LENGTH).fill(0), axis, dimension);
  new Int32Array(buffer, state, 1).fill(0);
  let table = placeTable(Math.max(64, points / 2), corners, plan);
  const end = keys + points * KEY_LENGTH * 2;
  for (let key = keys; ; ) {
    const point = (key - keys) / (KEY_LENGTH * 2);
    functions.addVertices(
      state,
      table.room - corners,
      key,
      end,
      axes + point * WORD,
      ids + point * corners * WORD,
      table.slots,
      table.shift,
      table.keys,
      table.links,
      steps,
    );
    const [size, next] = new Int32Array(plan.claim(), state, 2);
    key = next >>> 0;
    if (key >= end) break;
    table = grow(table, size, corners, plan, functions);
  }
  const vertices = new Int32Array(plan.claim(), state, 1)[0];
  const chains = chainsOf(table, vertices, corners, state, steps, plan, functions);
  const memory = plan.claim();
  return {
    points: used,
    dimension,
    vertices,
    ids: new Int32Array(memory, ids, used * corners).slice(),
    weights: new Float32Array(memory, weights, used * corners).slice(),
    chains,
  };
}

/** An empty table with room for at least that many vertices. */
function placeTable(wanted: number, corners: number, plan: MemoryPlan): PlacedTable {
  const bits = Math.ceil(Math.log2(wanted)) + 1;
  const room = 2 ** (bits - 1);
  const slots = plan.reserve(2 * room * WORD);
  const links = plan.reserve(room * corners * WORD);
  const keys = plan.reserve(room * KEY_LENGTH * 2);
  new Uint8Array(plan.claim(), slots, keys - slots).fill(0);
  return { room, shift: 32 - bits, slots, keys, links };
}

function grow(
  old: PlacedTable,
  size: number,
  corners: number,
  plan: MemoryPlan,
  functions: VertexKernels,
): PlacedTable {
  const table = placeTable(2 * old.room, corners, plan);
  const bytes = new Uint8Array(plan.claim());
  bytes.copyWithin(table.links, old.links, old.links + size * corners * WORD);
  bytes.copyWithin(table.keys, old.keys, old.keys + size * KEY_LENGTH * 2);
  functions.rehash(table.keys, table.keys + size * KEY_LENGTH * 2, table.slots, table.shift);
  return table;
}

function chainsOf(
  table: PlacedTable,
  vertices: number,
  corners: number,
  state: number,
  steps: number,
  plan: MemoryPlan,
  functions: VertexKernels,
): Int32Array[] {
  const { keys, slots, shift, links } = table;
  const filterShift = shift - FILTER_BITS;
  const filterBytes = 2 ** (32 - filterShift) / 8;
  const filter = plan.reserve(filterBytes);
  const next = plan.reserve(vertices * WORD);
  const marks = plan.reserve(vertices);
  const chains = plan.reserve(2 * vertices * WORD);
  const buffer = plan.claim();
  const end = keys + vertices * KEY_LENGTH * 2;
  new Uint8Array(buffer, filter, filterBytes).fill(0);
  functions.fillFilter(keys, end, filter, filterShift);
  return Array.from({ length: corners }, (_, axis) => {
    const [link, step] = [links + axis * WORD, steps + axis * VECTOR];
    functions.neighbours(keys, end, slots, shift, filter, filterShift, link, step, next);
    new Uint8Array(buffer, marks, vertices).fill(0);
    functions.chains(state, next, next + vertices * WORD, marks, chains);
    const chainsEnd = new Int32Array(buffer, state, 1)[0] >>> 0;
    return new Int32Array(buffer, chains, (chainsEnd - chains) / WORD).slice();
  });
}
