/**
 * The first half of the permutohedral lattice (Adams, Baek, Davis 2010): which simplex each point lies in, and its barycentric
 * weights there. The lattice lives in the hyperplane of d + 1 coordinates that sum to 0. A simplex has one corner of each
 * colour 0 … d; the corner of colour 0 and the order (rank) of the point's offsets from it determine the others.
 *
 * Which simplex it is jumps at its borders, so the arithmetic follows the reference (lucasb-eyer/pydensecrf, the SSE variant of
 * `Permutohedral::init`) operation by operation in float32: `f` marks each rounding. `simplex-kernel.ts` does the same with
 * WebAssembly, bit for bit.
 */

import { KEY_LENGTH } from "./vertex-table";

/** Points in groups of this size, the last one filled up with points at the origin, as the reference does. */
export const GROUP = 4;
/** Bits of one axis in `Simplices.axes`; a lattice has at most 8 axes. */
export const AXIS_BITS = 4;

export interface Simplices {
  /** d: the length of a feature vector. */
  readonly dimension: number;
  /** With those that fill up the last group. */
  readonly points: number;
  /** First d coordinates of each simplex' corner of colour 0, then zeros, [points, KEY_LENGTH]. */
  readonly keys: Int16Array;
  /** The axis (coordinate) of each rank, `AXIS_BITS` each, lowest rank in the lowest bits, [points]. */
  readonly axes: Int32Array;
  /** Barycentric weight of each corner, by colour, [points, dimension + 1]; a row sums to 1. */
  readonly weights: Float32Array;
}

const f = Math.fround;

/** What the embedding multiplies each feature with: the diagonal of E (page 5), in units of the blur's deviation (page 6). */
export function embeddingScale(dimension: number): Float32Array {
  const deviation = f(Math.sqrt(2 / 3) * (dimension + 1));
  return Float32Array.from({ length: dimension }, (_, i) => (1 / Math.sqrt((i + 2) * (i + 1))) * deviation);
}

/** The axis of a rank, from an element of `Simplices.axes`. */
export function axisOfRank(axes: number, rank: number): number {
  return (axes >> (AXIS_BITS * rank)) & ((1 << AXIS_BITS) - 1);
}

/**
 * The simplices of some points.
 * @param features [dimension, points] in units of the Gaussian's standard deviation, points a multiple of `GROUP`
 */
export function findSimplices(features: Float32Array, dimension: number): Simplices {
  const points = features.length / dimension;
  const corners = dimension + 1;
  const keys = new Int16Array(points * KEY_LENGTH);
  const axes = new Int32Array(points);
  const weights = new Float32Array(points * corners);
  const perCorner = f(1 / corners);
  const scale = embeddingScale(dimension);
  const elevated = new Float32Array(corners);
  const nearest = new Float32Array(corners); // the nearest lattice point of colour 0
  const offset = new Float32Array(corners); // elevated − nearest
  const rank = new Int32Array(corners); // how many offsets are larger
  const share = new Float32Array(corners + 1); // offsets by rank, in units of the cell

  for (let point = 0; point < points; point++) {
    let sum = 0;
    for (let j = dimension; j > 0; j--) {
      const scaled = f(features[(j - 1) * points + point] * scale[j - 1]);
      elevated[j] = sum - f(j * scaled);
      sum = f(sum + scaled);
    }
    elevated[0] = sum;

    let excess = 0;
    for (let i = 0; i < corners; i++) {
      const rounded = roundHalfEven(f(perCorner * elevated[i]));
      nearest[i] = rounded * corners;
      offset[i] = elevated[i] - nearest[i];
      excess += rounded;
    }
    rank.fill(excess);
    for (let i = 0; i < dimension; i++) {
      for (let j = i + 1; j < corners; j++) {
        if (offset[i] < offset[j]) rank[i]++;
        else rank[j]++;
      }
    }
    let order = 0;
    for (let i = 0; i < corners; i++) {
      // Rounding may have left the hyperplane: back to it along the coordinates that were rounded farthest.
      const correction = rank[i] < 0 ? corners : rank[i] > dimension ? -corners : 0;
      rank[i] += correction;
      nearest[i] += correction;
      share[rank[i]] = f(elevated[i] - nearest[i]) * perCorner;
      order |= i << (AXIS_BITS * rank[i]);
      if (i < dimension) keys[point * KEY_LENGTH + i] = nearest[i];
    }
    axes[point] = order;
    share[corners] = share[0] - 1; // the corner of colour 0 has what is left to 1
    for (let colour = 0; colour < corners; colour++) {
      weights[point * corners + colour] = share[dimension - colour] - share[colour === 0 ? corners : corners - colour];
    }
  }
  return { dimension, points, keys, axes, weights };
}

/** The nearest integer of a float32, halves to the even one. */
function roundHalfEven(value: number): number {
  const big = 1.5 * 2 ** 23;
  return Math.abs(value) < 2 ** 22 ? f(f(value + big) - big) : Math.round(value);
}
