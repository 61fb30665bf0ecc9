/**
 * Random walk of class activation maps over the affinities (docs/method.md, section 3.7; reference
 * train_infer_A2GNN_others.py): T = A^β with each column divided by its sum, the pooled CAMs are multiplied by T 2^logt
 * times. The reference squares the N×N matrix; a walker only ever needs vector·T, which is windowed: 64 products of 49
 * neighbours each. Four maps walk side by
 * side, and each weight is read once for all of them: as vectors of four floats in WebAssembly SIMD, else in TypeScript.
 */

import type { ImageSize } from "../data/dataset";
import { bilinearTaps } from "../image-ops/bilinear";
import { planMemory, simdAvailable, VECTOR, WORD } from "../wasm/memory";
import { forEachNeighbour, oppositePair, type WindowedMap, type WindowGrid, windowArea } from "../window/windowed-map";
import type { ImageGraph } from "./image-graph";
import { walkKernel } from "./walk-kernel";

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

/** Maps that walk side by side. */
const LANES = 4;

const WALK_DEFAULTS: WalkOptions = { beta: 8, logt: 6, alpha: 6 };

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

/** A map widened by r on every side, so that the inner loop needs no bounds. */
interface Field extends WindowGrid {
  /** Cells of a widened row. */
  readonly stride: number;
  /** Index of the map's first cell. */
  readonly inner: number;
}

/**
 * v ← v·T, `steps` times, for each map [n].
 * @param transition from `transitionWeights`
 * @param engine default: `simd` where the processor has it
 */
export function walk(
  maps: readonly Float32Array[],
  transition: WindowedMap,
  steps: number,
  engine: "simd" | "plain" = simdAvailable() ? "simd" : "plain",
): Float32Array[] {
  const { height, width, radius } = transition;
  const stride = width + 2 * radius;
  const field = { height, width, radius, stride, inner: radius * (stride + 1) };
  const walkTogether = engine === "simd" ? walkSimd : walkPlain;
  const walked: Float32Array[] = [];
  for (let first = 0; first < maps.length; first += LANES) {
    const some = maps.slice(first, first + LANES);
    const end = walkTogether(sideBySide(some, field), transition.values, field, steps);
    walked.push(...some.map((_, lane) => laneOf(end, lane, field)));
  }
  return walked;
}

function walkSimd(start: Float32Array, transition: Float32Array, field: Field, steps: number): Float32Array {
  const { height, width, radius, stride, inner } = field;
  const plan = planMemory();
  const weights = plan.reserve(transition.byteLength);
  let from = plan.reserve(start.byteLength);
  let to = plan.reserve(start.byteLength);
  const buffer = plan.claim();
  new Float32Array(buffer, weights, transition.length).set(transition);
  new Float32Array(buffer, from, start.length).set(start);
  new Float32Array(buffer, to, start.length).fill(0);
  const { stepRow } = walkKernel(radius, stride);
  const weightsOfRow = width * (2 * radius + 1) ** 2 * WORD;
  for (let step = 0; step < steps; step++) {
    for (let y = 0; y < height; y++) {
      const target = to + (inner + y * stride) * VECTOR;
      stepRow(target, target + width * VECTOR, from + y * stride * VECTOR, weights + y * weightsOfRow);
    }
    [from, to] = [to, from];
  }
  return new Float32Array(buffer, from, start.length).slice();
}

function walkPlain(start: Float32Array, transition: Float32Array, field: Field, steps: number): Float32Array {
  const { height, width, radius, stride, inner } = field;
  const d = 2 * radius + 1;
  let from = start;
  let to: Float32Array = new Float32Array(start.length);
  const sums = new Float64Array(LANES);
  for (let step = 0; step < steps; step++) {
    let t = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        sums.fill(0);
        for (let wy = 0; wy < d; wy++) {
          for (let wx = 0, at = ((y + wy) * stride + x) * LANES; wx < d; wx++, t++)
            for (let lane = 0; lane < LANES; lane++, at++) sums[lane] += from[at] * transition[t];
        }
        to.set(sums, (inner + y * stride + x) * LANES);
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

/** At most four maps [n] as [h + 2r, w + 2r, 4], zeros around them. */
function sideBySide(maps: readonly Float32Array[], { height, width, radius, stride, inner }: Field): Float32Array {
  const out = new Float32Array((height + 2 * radius) * stride * LANES);
  maps.forEach((map, lane) => {
    for (let y = 0, node = 0; y < height; y++)
      for (let x = 0; x < width; x++, node++) out[(inner + y * stride + x) * LANES + lane] = map[node];
  });
  return out;
}

function laneOf(values: Float32Array, lane: number, { height, width, stride, inner }: Field): Float32Array {
  const map = new Float32Array(height * width);
  for (let y = 0, node = 0; y < height; y++)
    for (let x = 0; x < width; x++, node++) map[node] = values[(inner + y * stride + x) * LANES + lane];
  return map;
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
