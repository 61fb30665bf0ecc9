/**
 * The permutohedral lattice (Adams, Baek, Davis 2010): Gaussian filtering of values at scattered points of a d-dimensional
 * feature space, in time linear in the points. A point's value is spread over the d + 1 corners of its simplex with barycentric
 * weights (splat), the vertices are blurred with [½ 1 ½] along each of d + 1 axes, and the point reads its corners again with
 * the same weights (slice). The filtering here is the plain version; `lattice-kernels.ts` does it with WebAssembly.
 */

import { axisOfRank, type Simplices } from "./simplex";
import { createVertexTable, KEY_LENGTH } from "./vertex-table";

export interface Lattice {
  readonly points: number;
  /** d, the length of a feature vector. */
  readonly dimension: number;
  readonly vertices: number;
  /** Vertices of each point's simplex, [points, d + 1]. */
  readonly ids: Int32Array;
  /** Barycentric weights of the same, [points, d + 1]; a row sums to 1. */
  readonly weights: Float32Array;
  /**
   * For each of the d + 1 axes the chains of neighbouring vertices, one after the other; the last vertex of a chain is stored as
   * its complement (~id). A vertex without neighbours on an axis is not listed: the blur leaves it as it is.
   */
  readonly chains: readonly Int32Array[];
}

const f = Math.fround;

/**
 * The lattice of some simplices, of which the first `points` hold values.
 * reference: the points that fill up the last group leave their vertices in the lattice, and the blur reaches farther through
 * them; so here.
 */
export function buildLattice(simplices: Simplices, points: number): Lattice {
  const { dimension, keys, axes } = simplices;
  const corners = dimension + 1;
  const table = createVertexTable();
  const ids = new Int32Array(simplices.points * corners);
  for (let point = 0; point < simplices.points; point++) {
    const key = keys.slice(point * KEY_LENGTH, (point + 1) * KEY_LENGTH);
    ids[point * corners] = table.findOrAdd(key);
    // From a corner to that of the next colour: one step along the axis of the highest rank not yet taken.
    for (let colour = 1; colour < corners; colour++) {
      step(key, axisOfRank(axes[point], corners - colour), dimension);
      ids[point * corners + colour] = table.findOrAdd(key);
    }
  }
  const neighbours = Array.from({ length: corners }, (_, axis) => {
    const next = new Int32Array(table.size());
    for (let id = 0; id < next.length; id++) {
      const key = table.keys().slice(id * KEY_LENGTH, (id + 1) * KEY_LENGTH);
      step(key, axis, dimension);
      next[id] = table.find(key);
    }
    return next;
  });
  return {
    points,
    dimension,
    vertices: table.size(),
    ids: ids.slice(0, points * corners),
    weights: simplices.weights.slice(0, points * corners),
    chains: neighbours.map(chainsOf),
  };
}

/** To the next vertex along an axis: −d on its coordinate, +1 on the others. */
export function step(key: Int16Array, axis: number, dimension: number): void {
  for (let i = 0; i < dimension; i++) key[i] += i === axis ? -dimension : 1;
}

/**
 * The Gaussian filter: splat, blur, slice.
 * @param values [points, channels]
 * @returns [points, channels]
 */
export function filterPoints(lattice: Lattice, values: Float32Array, channels: number): Float32Array {
  const atVertices = new Float32Array(lattice.vertices * channels);
  splat(lattice, values, channels, atVertices);
  blur(lattice, channels, atVertices);
  return slice(lattice, channels, atVertices);
}

/** What brings splat, blur and slice together back to a kernel of height 1. */
export function sliceScale(dimension: number): number {
  return f(1 / (1 + 2 ** -dimension));
}

/** Adds the weighted values of the points to their vertices. */
function splat(lattice: Lattice, values: Float32Array, channels: number, atVertices: Float32Array): void {
  const corners = lattice.dimension + 1;
  for (let i = 0; i < lattice.ids.length; i++) {
    const from = Math.floor(i / corners) * channels;
    const to = lattice.ids[i] * channels;
    for (let c = 0; c < channels; c++) atVertices[to + c] += f(lattice.weights[i] * values[from + c]);
  }
}

/** new = old + ½ (previous + next) along each axis in turn. In place: a chain's old values are kept while it is walked. */
function blur(lattice: Lattice, channels: number, atVertices: Float32Array): void {
  for (const chain of lattice.chains) {
    for (let c = 0; c < channels; c++) {
      let previous = 0;
      for (let i = 0; i < chain.length; i++) {
        const last = chain[i] < 0;
        const at = (last ? ~chain[i] : chain[i]) * channels + c;
        const next = last ? 0 : atVertices[(chain[i + 1] < 0 ? ~chain[i + 1] : chain[i + 1]) * channels + c];
        const current = atVertices[at];
        atVertices[at] = current + 0.5 * f(previous + next);
        previous = last ? 0 : current;
      }
    }
  }
}

/** Each point reads its vertices. */
function slice(lattice: Lattice, channels: number, atVertices: Float32Array): Float32Array {
  const corners = lattice.dimension + 1;
  const scale = sliceScale(lattice.dimension);
  const values = new Float32Array(lattice.points * channels);
  for (let i = 0; i < lattice.ids.length; i++) {
    const from = lattice.ids[i] * channels;
    const to = Math.floor(i / corners) * channels;
    const weight = f(lattice.weights[i] * scale);
    for (let c = 0; c < channels; c++) values[to + c] += f(weight * atVertices[from + c]);
  }
  return values;
}

/** Chains of each vertex and its successor along an axis: see `Lattice.chains`. */
function chainsOf(next: Int32Array): Int32Array {
  const hasPrevious = new Uint8Array(next.length);
  let linked = 0;
  for (let vertex = 0; vertex < next.length; vertex++) {
    if (next[vertex] < 0) continue;
    hasPrevious[next[vertex]] = 1;
    linked++;
  }
  const chains = new Int32Array(2 * linked); // at most: chains of two
  let length = 0;
  for (let start = 0; start < next.length; start++) {
    if (next[start] < 0 || hasPrevious[start] === 1) continue;
    let vertex = start;
    for (; next[vertex] >= 0; vertex = next[vertex]) chains[length++] = vertex;
    chains[length++] = ~vertex;
  }
  return chains.slice(0, length);
}
