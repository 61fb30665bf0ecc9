/**
 * Mean-field inference of the fully connected CRF (Krähenbühl and Koltun 2011), as the reference's `DenseCRF::inference`:
 * Q ← softmax(log p + Σ compat · N K N Q), with a lattice K and its normalisation N for each kernel, and the Potts model, whose
 * constant part the softmax cancels. This is the plain version; `mean-field-simd.ts` computes the same, faster.
 */

import { filterPoints, type Lattice } from "./permutohedral";

/** One pairwise term over the points. */
export interface PairwiseKernel {
  readonly lattice: Lattice;
  /** Potts weight. */
  readonly compat: number;
}

/** Probabilities are clipped here before their logarithm is taken. */
export const SMALLEST_PROBABILITY = 1e-5;

/**
 * @param probabilities [pixels, classes]
 * @param order pixel of each point of the lattices: all pixels, in any order
 * @returns Q after the iterations, [pixels, classes]
 */
export function meanField(
  probabilities: Float32Array,
  order: Int32Array,
  kernels: readonly PairwiseKernel[],
  iterations: number,
): Float32Array {
  const classes = probabilities.length / order.length;
  const inOrder = new Float32Array(probabilities.length);
  order.forEach((pixel, point) => {
    inOrder.set(probabilities.subarray(pixel * classes, (pixel + 1) * classes), point * classes);
  });
  const logarithms = inOrder.map((p) => Math.log(Math.min(Math.max(p, SMALLEST_PROBABILITY), 1)));
  const terms = kernels.map((kernel) => ({ ...kernel, normalisation: symmetricNormalisation(kernel.lattice) }));
  let q = softmaxRows(logarithms, classes);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const energies = logarithms.slice();
    for (const { lattice, normalisation, compat } of terms) {
      const message = filterPoints(lattice, scaleRows(q, normalisation, classes), classes);
      const normalised = scaleRows(message, normalisation, classes);
      for (let i = 0; i < energies.length; i++) energies[i] += Math.fround(compat * normalised[i]);
    }
    q = softmaxRows(energies, classes);
  }
  order.forEach((pixel, point) => {
    inOrder.set(q.subarray(point * classes, (point + 1) * classes), pixel * classes);
  });
  return inOrder;
}

/** Diagonal of N = (diag K 1)^−½, from the filtered ones. */
export function normalisationOf(filteredOne: number): number {
  return 1 / Math.sqrt(filteredOne + 1e-20);
}

function symmetricNormalisation(lattice: Lattice): Float32Array {
  return filterPoints(lattice, new Float32Array(lattice.points).fill(1), 1).map(normalisationOf);
}

function scaleRows(values: Float32Array, factors: Float32Array, channels: number): Float32Array {
  return values.map((value, i) => value * factors[Math.floor(i / channels)]);
}

function softmaxRows(energies: Float32Array, classes: number): Float32Array {
  const q = new Float32Array(energies.length);
  for (let row = 0; row < energies.length; row += classes) {
    let maximum = Number.NEGATIVE_INFINITY;
    for (let i = row; i < row + classes; i++) maximum = Math.max(maximum, energies[i]);
    let sum = 0;
    for (let i = row; i < row + classes; i++) {
      q[i] = Math.exp(Math.fround(energies[i] - maximum));
      sum = Math.fround(sum + q[i]);
    }
    for (let i = row; i < row + classes; i++) q[i] /= sum;
  }
  return q;
}
