/** A lattice in the kernels' memory, and the filtering of point rows there. */

import { type MemoryPlan, VECTOR, WORD } from "../wasm/memory";
import { type LatticeKernels, latticeKernels } from "./lattice-kernels";
import { type Lattice, sliceScale } from "./permutohedral";

/** Addresses, but for the counts. */
export interface PlacedLattice {
  readonly corners: number;
  readonly vertices: number;
  readonly ids: number;
  readonly weights: number;
  /** Begin and end for each axis. */
  readonly chains: readonly (readonly [number, number])[];
  /** Room for all vectors of all vertices. */
  readonly values: number;
}

/** Point rows in memory, [points, blocks] vectors. */
export interface PointRows {
  readonly begin: number;
  readonly points: number;
  readonly blocks: number;
}

/** Vectors of the rows that are filtered together: the first, and how many. */
export interface Pass {
  readonly first: number;
  readonly blocks: number;
}

/** Number of points that pass through all functions together, so that their rows stay in the cache. */
const RANGE = 2048;

/** @param blocks vectors of a vertex row over all passes */
export function placeLattice(lattice: Lattice, blocks: number, plan: MemoryPlan): PlacedLattice {
  const { dimension, vertices, ids, weights, chains } = lattice;
  return {
    corners: dimension + 1,
    vertices,
    ids: plan.reserve(ids.byteLength),
    weights: plan.reserve(weights.byteLength),
    chains: chains.map(({ byteLength }) => {
      const begin = plan.reserve(byteLength);
      return [begin, begin + byteLength] as const;
    }),
    values: plan.reserve(vertices * blocks * VECTOR),
  };
}

/**
 * Copies a lattice to its place. Each weight is multiplied by its point's symmetric normalisation (K 1)^−½, which then counts
 * once in the splat and once in the slice.
 * @param scratch rows to work in
 */
export function writeNormalised(
  lattice: Lattice,
  placed: PlacedLattice,
  scratch: number,
  normalisationOf: (filteredOne: number) => number,
  buffer: ArrayBuffer,
): void {
  const { points, ids, chains } = lattice;
  new Int32Array(buffer, placed.ids, ids.length).set(ids);
  const weights = new Float32Array(buffer, placed.weights, lattice.weights.length);
  weights.set(lattice.weights);
  chains.forEach((chain, axis) => {
    new Int32Array(buffer, placed.chains[axis][0], chain.length).set(chain);
  });

  const rows = { begin: scratch, points, blocks: 1 };
  const pass = { first: 0, blocks: 1 };
  const sums = new Float32Array(buffer, scratch, points * 4).fill(1);
  splatAndBlur(placed, pass, rows, buffer);
  sums.fill(0);
  forRanges(0, points, (from, to) => {
    addSlice(placed, pass, rows, rows, 1, from, to);
  });
  for (let point = 0, i = 0; point < points; point++) {
    const normalisation = Math.fround(normalisationOf(sums[point * 4]));
    for (let corner = 0; corner < placed.corners; corner++, i++) weights[i] *= normalisation;
  }
}

/** The values at the vertices ← the rows, splatted and blurred. */
export function splatAndBlur(lattice: PlacedLattice, pass: Pass, rows: PointRows, buffer: ArrayBuffer): void {
  const { corners, vertices, ids, weights, chains } = lattice;
  const { splat, blur } = functionsOf(lattice, pass, rows);
  const values = valuesOf(lattice, pass);
  new Uint8Array(buffer, values, vertices * pass.blocks * VECTOR).fill(0);
  forRanges(0, rows.points, (from, to) => {
    const skipped = from * corners * WORD;
    splat(rowAddress(rows, pass, from), rowAddress(rows, pass, to), ids + skipped, weights + skipped, values);
  });
  for (const [begin, end] of chains) if (begin < end) blur(begin, end, values);
}

/** result ← rows + compat · slice, for the points `from` to `to`. */
export function addSlice(
  lattice: PlacedLattice,
  pass: Pass,
  rows: PointRows,
  result: PointRows,
  compat: number,
  from: number,
  to: number,
): void {
  const { corners, ids, weights } = lattice;
  const skipped = from * corners * WORD;
  functionsOf(lattice, pass, rows).slice(
    rowAddress(rows, pass, from),
    rowAddress(rows, pass, to),
    rowAddress(result, pass, from),
    ids + skipped,
    weights + skipped,
    valuesOf(lattice, pass),
    compat * sliceScale(corners - 1),
  );
}

/** Short stretches of points, one after the other. */
export function forRanges(begin: number, end: number, visit: (from: number, to: number) => void): void {
  for (let from = begin; from < end; from += RANGE) visit(from, Math.min(from + RANGE, end));
}

/** Address of a point's row, at the pass' first vector. */
function rowAddress({ begin, blocks }: PointRows, { first }: Pass, point: number): number {
  return begin + (point * blocks + first) * VECTOR;
}

function functionsOf({ corners }: PlacedLattice, pass: Pass, rows: PointRows): LatticeKernels {
  return latticeKernels(corners, pass.blocks, rows.blocks);
}

/** The values of one pass follow those of the one before. */
function valuesOf({ values, vertices }: PlacedLattice, { first }: Pass): number {
  return values + vertices * first * VECTOR;
}
