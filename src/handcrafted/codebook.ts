/**
 * Soft codes: a cloud of vectors gets a few prototypes (k-means), and each vector its memberships in them, which are
 * non-negative and sum to 1. The image's own codebook keeps the channels few and all of them in use.
 */

export interface Codebook {
  readonly count: number;
  readonly dimensions: number;
  /** [count, dimensions] */
  readonly prototypes: Float32Array;
  /** Mean squared distance of the vectors to their prototype. */
  readonly spread: number;
}

const ROUNDS = 8;

/**
 * k-means. The first prototypes are chosen one after the other, each the vector farthest from those before (weighted
 * against outliers by working on `vectors` that were averaged over pixels): deterministic, and nothing rare is lost.
 * @param vectors [n, dimensions], n ≥ 1
 */
export function makeCodebook(vectors: Float32Array, dimensions: number, count: number): Codebook {
  const n = vectors.length / dimensions;
  const prototypes = spreadOut(vectors, dimensions, count);
  const assigned = new Int32Array(n);
  let spread = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const sums = new Float64Array(count * dimensions);
    const members = new Int32Array(count);
    spread = 0;
    for (let i = 0; i < n; i++) {
      let best = Infinity;
      for (let k = 0; k < count; k++) {
        let distance = 0;
        for (let d = 0; d < dimensions && distance < best; d++)
          distance += (vectors[i * dimensions + d] - prototypes[k * dimensions + d]) ** 2;
        if (distance < best) {
          best = distance;
          assigned[i] = k;
        }
      }
      spread += best;
      members[assigned[i]]++;
      for (let d = 0; d < dimensions; d++) sums[assigned[i] * dimensions + d] += vectors[i * dimensions + d];
    }
    spread /= n;
    for (let k = 0; k < count; k++) {
      if (members[k] === 0) continue;
      for (let d = 0; d < dimensions; d++) prototypes[k * dimensions + d] = sums[k * dimensions + d] / members[k];
    }
  }
  return { count, dimensions, prototypes, spread };
}

/**
 * Memberships exp(−distance² / (2·width²)), divided by their sum: [n, count].
 * @param width in units of the vectors; default: the codebook's own spread
 */
export function softCodes(
  vectors: Float32Array,
  codebook: Codebook,
  width: number = Math.sqrt(codebook.spread + 1e-6),
): Float32Array {
  const { count, dimensions, prototypes } = codebook;
  const n = vectors.length / dimensions;
  const codes = new Float32Array(n * count);
  const distances = new Float64Array(count);
  const scale = 1 / (2 * width * width);
  for (let i = 0; i < n; i++) {
    let nearest = Infinity;
    for (let k = 0; k < count; k++) {
      let distance = 0;
      for (let d = 0; d < dimensions; d++)
        distance += (vectors[i * dimensions + d] - prototypes[k * dimensions + d]) ** 2;
      distances[k] = distance;
      nearest = Math.min(nearest, distance);
    }
    let sum = 0;
    for (let k = 0; k < count; k++) {
      // Relative to the nearest, so that a vector far from all prototypes still has memberships.
      const exponent = (distances[k] - nearest) * scale;
      const membership = exponent > 12 ? 0 : Math.exp(-exponent);
      codes[i * count + k] = membership;
      sum += membership;
    }
    for (let k = 0; k < count; k++) codes[i * count + k] /= sum;
  }
  return codes;
}

function spreadOut(vectors: Float32Array, dimensions: number, count: number): Float32Array {
  const n = vectors.length / dimensions;
  const prototypes = new Float32Array(count * dimensions);
  const mean = new Float64Array(dimensions);
  for (let i = 0; i < n; i++) for (let d = 0; d < dimensions; d++) mean[d] += vectors[i * dimensions + d] / n;
  for (let d = 0; d < dimensions; d++) prototypes[d] = mean[d];
  const distance = new Float32Array(n).fill(Infinity);
  for (let k = 1; k < count; k++) {
    let farthest = 0;
    for (let i = 0; i < n; i++) {
      let toLast = 0;
      for (let d = 0; d < dimensions; d++)
        toLast += (vectors[i * dimensions + d] - prototypes[(k - 1) * dimensions + d]) ** 2;
      distance[i] = Math.min(distance[i], toLast);
      if (distance[i] > distance[farthest]) farthest = i;
    }
    for (let d = 0; d < dimensions; d++) prototypes[k * dimensions + d] = vectors[farthest * dimensions + d];
  }
  return prototypes;
}
