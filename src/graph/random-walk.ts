/**
 * Random walk of class activation maps over the affinities (docs/method.md, section 3.7; reference
 * train_infer_A2GNN_others.py): T = A^β with each column divided by its sum, the pooled CAMs are multiplied by T 2^logt
 * times. The reference squares the N×N matrix; a walker only ever needs vector·T, which is windowed: 64 products of 49
 * neighbours each (walk.ts).
 */

import { bilinearTap } from "./upsample";
import { walk } from "./walk";

/** Class activation maps of one image at its size, per class index (1-based; 0 is background): each [H·W]. */
export type ClassMaps = ReadonlyMap<number, Float32Array>;

export interface WalkOptions {
  /** Power of the affinities. */
  readonly beta: number;
  /** 2^logt steps. */
  readonly logt: number;
  /** Power of the background score (1 − max CAM)^α. */
  readonly alpha: number;
}

export const WALK_DEFAULTS: WalkOptions = { beta: 8, logt: 6, alpha: 6 };

/** The grid of an image and the sizes before and after padding. */
export interface WalkGeometry {
  readonly height: number;
  readonly width: number;
  readonly radius: number;
  /** Un-padded image. */
  readonly imageHeight: number;
  readonly imageWidth: number;
}

/**
 * Walked scores per pixel, [H·W, K]; classes without a map stay 0.
 * @param affinity windowed affinities [n, d·d] with their centre, neighbours outside the map ignored
 */
export function randomWalk(
  affinity: Float32Array,
  maps: ClassMaps,
  classes: number,
  geometry: WalkGeometry,
  options: WalkOptions = WALK_DEFAULTS,
): Float32Array {
  const { height, width, radius, imageHeight, imageWidth } = geometry;
  const present = [...maps.keys()].sort((a, b) => a - b);
  const pooled = poolMaps(
    [backgroundMap(maps, imageHeight * imageWidth, options.alpha), ...present.map((c) => maps.get(c) as Float32Array)],
    geometry,
  );
  const transition = transitionWeights(affinity, height, width, radius, options.beta);
  const walked = walk(pooled, transition, height, width, radius, 2 ** options.logt);
  const out = new Float32Array(imageHeight * imageWidth * classes);
  for (const [m, cls] of [0, ...present].entries()) upsampleCropped(walked[m], geometry, out, classes, cls);
  return out;
}

/** (1 − max over the classes)^α, [H·W] */
function backgroundMap(maps: ClassMaps, pixels: number, alpha: number): Float32Array {
  const strongest = new Float32Array(pixels);
  for (const map of maps.values()) for (let i = 0; i < pixels; i++) strongest[i] = Math.max(strongest[i], map[i]);
  return strongest.map((value) => (1 - value) ** alpha);
}

/** Averages over 8×8 blocks; the padding counts as 0 (reference: the maps are padded before pooling). */
export function poolMaps(maps: readonly Float32Array[], geometry: WalkGeometry): Float32Array[] {
  const { height, width, imageHeight, imageWidth } = geometry;
  return maps.map((map) => {
    const sums = new Float64Array(height * width);
    for (let y = 0; y < imageHeight; y++)
      for (let x = 0; x < imageWidth; x++) sums[(y >> 3) * width + (x >> 3)] += map[y * imageWidth + x];
    return Float32Array.from(sums, (sum) => sum / 64);
  });
}

/**
 * T by its columns, [n, d·d]: entry (j, o) is T[j + o → j] = A_ij^β / Σ_i A_ij^β with i = j + o, 0 outside the map.
 */
export function transitionWeights(
  affinity: Float32Array,
  height: number,
  width: number,
  radius: number,
  beta: number,
): Float32Array {
  const d = 2 * radius + 1;
  const area = d * d;
  const out = new Float32Array(affinity.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const j = y * width + x;
      let sum = 0;
      for (let wy = Math.max(0, radius - y); wy < Math.min(d, height + radius - y); wy++) {
        for (let wx = Math.max(0, radius - x); wx < Math.min(d, width + radius - x); wx++) {
          const i = j + (wy - radius) * width + wx - radius;
          const power = affinity[i * area + (area - 1 - (wy * d + wx))] ** beta;
          out[j * area + wy * d + wx] = power;
          sum += power;
        }
      }
      for (let o = 0; o < area; o++) out[j * area + o] /= sum;
    }
  }
  return out;
}

/** One class of [H·W, K] ← its grid, bilinear to the padded size, cut to the image (reference: resized, then cropped). */
function upsampleCropped(
  grid: Float32Array,
  { height, width, imageHeight, imageWidth }: WalkGeometry,
  out: Float32Array,
  classes: number,
  cls: number,
): void {
  const columns = Array.from({ length: imageWidth }, (_, x) => bilinearTap(x, width, width * 8));
  for (let y = 0, at = cls; y < imageHeight; y++) {
    const row = bilinearTap(y, height, height * 8);
    const [upper, lower] = [row.lower * width, row.upper * width];
    for (let x = 0; x < imageWidth; x++, at += classes) {
      const column = columns[x];
      const top = grid[upper + column.lower] * (1 - column.weight) + grid[upper + column.upper] * column.weight;
      const bottom = grid[lower + column.lower] * (1 - column.weight) + grid[lower + column.upper] * column.weight;
      out[at] = top * (1 - row.weight) + bottom * row.weight;
    }
  }
}

/** probs ← normalise(probs + weight·walk), in place: [H·W, K] */
export function addWalk(probabilities: Float32Array, walked: Float32Array, classes: number, weight: number): void {
  for (let start = 0; start < probabilities.length; start += classes) {
    let sum = 0;
    for (let c = start; c < start + classes; c++) {
      probabilities[c] += weight * walked[c];
      sum += probabilities[c];
    }
    for (let c = start; c < start + classes; c++) probabilities[c] /= sum;
  }
}
