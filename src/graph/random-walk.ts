/**
 * Random walk of class activation maps over the affinities (docs/method.md, section 3.7; reference
 * train_infer_A2GNN_others.py): T = A^β with each column divided by its sum, the pooled CAMs are multiplied by T 2^logt
 * times. The reference squares the N×N matrix; a walker only ever needs vector·T, which is windowed: 64 products of 49
 * neighbours each (walk.ts).
 */

import type { ImageSize } from "../data/dataset";
import { bilinearTaps } from "../image-ops/bilinear";
import { forEachNeighbour, oppositePair, type WindowedMap, windowArea } from "../window/windowed-map";
import type { ImageGraph } from "./image-graph";
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

/** What the walk needs of an image's graph. */
export type WalkGraph = Pick<ImageGraph, "affinity" | "stride">;

/**
 * Walked scores per pixel, [H·W, K]; classes without a map stay 0.
 * @param image its size before padding
 */
export function randomWalk(
  { affinity, stride }: WalkGraph,
  maps: ClassMaps,
  classes: number,
  image: ImageSize,
  options: WalkOptions = WALK_DEFAULTS,
): Float32Array {
  const present = [...maps.keys()].sort((a, b) => a - b);
  const pooled = poolMaps(
    [
      backgroundMap(maps, image.height * image.width, options.alpha),
      ...present.map((c) => maps.get(c) as Float32Array),
    ],
    image,
    stride,
  );
  const walked = walk(pooled, transitionWeights(affinity, options.beta), 2 ** options.logt);
  const out = new Float32Array(image.height * image.width * classes);
  for (const [m, cls] of [0, ...present].entries())
    upsampleCropped(walked[m], affinity, stride, image, out, classes, cls);
  return out;
}

/** (1 − max over the classes)^α, [H·W] */
function backgroundMap(maps: ClassMaps, pixels: number, alpha: number): Float32Array {
  const strongest = new Float32Array(pixels);
  for (const map of maps.values()) for (let i = 0; i < pixels; i++) strongest[i] = Math.max(strongest[i], map[i]);
  return strongest.map((value) => (1 - value) ** alpha);
}

/** Means of each cell's pixels; the padding counts as 0 (reference: the maps are padded before pooling). */
export function poolMaps(maps: readonly Float32Array[], image: ImageSize, stride: number): Float32Array[] {
  const width = Math.ceil(image.width / stride);
  const cells = Math.ceil(image.height / stride) * width;
  return maps.map((map) => {
    const sums = new Float64Array(cells);
    for (let y = 0, pixel = 0; y < image.height; y++) {
      const row = Math.floor(y / stride) * width;
      for (let x = 0; x < image.width; x++, pixel++) sums[row + Math.floor(x / stride)] += map[pixel];
    }
    return Float32Array.from(sums, (sum) => sum / stride ** 2);
  });
}

/** T by its columns: the pair (j, i) holds T[i → j] = A_ij^β / Σ_i A_ij^β, 0 outside the map. */
export function transitionWeights(affinity: WindowedMap, beta: number): WindowedMap {
  const area = windowArea(affinity);
  const values = new Float32Array(affinity.values.length);
  const sums = new Float64Array(affinity.height * affinity.width);
  forEachNeighbour(affinity, (pair, j, i) => {
    const power = affinity.values[oppositePair(pair, j, i, area)] ** beta;
    values[pair] = power;
    sums[j] += power;
  });
  forEachNeighbour(affinity, (pair, j) => {
    values[pair] /= sums[j];
  });
  return { ...affinity, values };
}

/** One class of [H·W, K] ← its grid, bilinear to the padded size, cut to the image (reference: resized, then cropped). */
function upsampleCropped(
  values: Float32Array,
  grid: WindowedMap,
  stride: number,
  image: ImageSize,
  out: Float32Array,
  classes: number,
  cls: number,
): void {
  const rows = bilinearTaps(grid.height, grid.height * stride, { exact: true });
  const columns = bilinearTaps(grid.width, grid.width * stride, { exact: true });
  for (let y = 0, at = cls; y < image.height; y++) {
    const [upper, lower, down] = [rows.lower[y] * grid.width, rows.upper[y] * grid.width, rows.weight[y]];
    for (let x = 0; x < image.width; x++, at += classes) {
      const [left, right, across] = [columns.lower[x], columns.upper[x], columns.weight[x]];
      const top = values[upper + left] * (1 - across) + values[upper + right] * across;
      const bottom = values[lower + left] * (1 - across) + values[lower + right] * across;
      out[at] = top * (1 - down) + bottom * down;
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
