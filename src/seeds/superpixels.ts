/**
 * SLIC superpixels (Achanta et al., TPAMI 2012): k-means of pixels in CIE Lab and position, each centre seeing only its
 * surroundings, then cut into connected pieces of sensible size. Follows scikit-image's `slic` step by step (initial
 * grid, ten rounds, order of ties), whose results it is checked against.
 */

import type { RgbImage } from "../data/image";
import { reducedBy } from "./reduced-image";
import { connectSuperpixels } from "./superpixel-connectivity";

export interface Superpixels {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** Superpixel of each pixel, 0…count − 1, [H·W]. */
  readonly ids: Int32Array;
  /** Side of the squares of pixels that went into one before the superpixels were made. Default 1. */
  readonly step?: number;
}

export interface SuperpixelOptions {
  /** One superpixel per so many pixels. Default 200. */
  readonly area?: number;
  /** Weight of position against colour. Default 10. */
  readonly compactness?: number;
  readonly iterations?: number;
}

export function superpixels(
  image: RgbImage,
  { area = 200, compactness = 10, iterations = 10 }: SuperpixelOptions = {},
): Superpixels {
  const { width, height } = image;
  const grid = regularGrid(width, height, Math.max(1, Math.round((width * height) / area)));
  const assigned = cluster(image, grid, compactness, iterations);
  const size = (width * height) / (grid.xs.length * grid.ys.length);
  const { ids, count } = connectSuperpixels(assigned, width, height, Math.floor(size / 2), Math.floor(3 * size));
  return { width, height, count, ids };
}

/** Larger photographs are reduced to so many pixels: time and memory grow with them, and superpixels stay as fine as things. */
const MAX_PIXELS = 1_000_000;

/** The same for a photograph of any size; ids are those of its own pixels. */
export function superpixelsOfPhotograph(image: RgbImage, options: SuperpixelOptions = {}): Superpixels {
  const { width, height } = image;
  const step = Math.ceil(Math.sqrt((width * height) / MAX_PIXELS));
  if (step <= 1) return superpixels(image, options);
  const small = superpixels(reducedBy(image, step), options);
  const ids = new Int32Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      ids[y * width + x] = small.ids[Math.floor(y / step) * small.width + Math.floor(x / step)];
  return { width, height, count: small.count, ids, step };
}

// --- internal ---

interface Grid {
  /** Columns and rows of the initial centres. */
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly stepX: number;
  readonly stepY: number;
}

/** About `count` centres, evenly spaced; in an image narrower than the spacing, a single line of them. */
function regularGrid(width: number, height: number, count: number): Grid {
  const axis = (extent: number, spacing: number): { at: number[]; step: number } => {
    const step = Math.max(1, roundHalfEven(spacing));
    const start = Math.floor(spacing / 2);
    return { at: Array.from({ length: Math.ceil((extent - start) / step) }, (_, i) => start + i * step), step };
  };
  const all = width * height <= count;
  const spacing = all ? 1 : Math.sqrt((width * height) / count);
  const short = Math.min(width, height);
  const along = short < spacing ? Math.max(width, height) / count : spacing;
  const across = Math.min(short, spacing);
  const x = all ? axis(width, 1) : axis(width, width > height ? along : across);
  const y = all ? axis(height, 1) : axis(height, width > height ? across : along);
  return { xs: x.at, ys: y.at, stepX: x.step, stepY: y.step };
}

/** NumPy's rounding. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Nearest centre of each pixel after the last round, [H·W]. */
function cluster(image: RgbImage, { xs, ys, stepX, stepY }: Grid, compactness: number, iterations: number): Int32Array {
  const { width, height } = image;
  const pixels = width * height;
  const colour = scaledLab(image, 1 / compactness); // [H·W, 3]
  const count = xs.length * ys.length;
  // rows y, x, L, a, b; colours start at 0, so that the first round goes by position alone
  const centres = new Float64Array(5 * count);
  for (const [row, y] of ys.entries())
    for (const [column, x] of xs.entries()) centres.set([y, x], 5 * (row * xs.length + column));
  const spatial = 1 / Math.max(stepX, stepY) ** 2;
  const nearest = new Int32Array(pixels);
  const distance = new Float64Array(pixels);
  const [reachX, reachY] = reachOf(width, height, count);
  for (let round = 0; round < iterations; round++) {
    distance.fill(Infinity);
    for (let k = 0; k < count; k++) {
      const [cy, cx, c0, c1, c2] = centres.subarray(5 * k, 5 * k + 5);
      const fromY = Math.max(0, Math.trunc(cy - 2 * reachY));
      const toY = Math.min(height, Math.trunc(cy + 2 * reachY + 1));
      const fromX = Math.max(0, Math.trunc(cx - 2 * reachX));
      const toX = Math.min(width, Math.trunc(cx + 2 * reachX + 1));
      for (let y = fromY; y < toY; y++) {
        const dy = (cy - y) * (cy - y);
        for (let x = fromX; x < toX; x++) {
          const i = y * width + x;
          const d0 = colour[3 * i] - c0;
          const d1 = colour[3 * i + 1] - c1;
          const d2 = colour[3 * i + 2] - c2;
          const d = (dy + (cx - x) * (cx - x)) * spatial + (d0 * d0 + d1 * d1 + d2 * d2);
          if (d >= distance[i]) continue;
          distance[i] = d;
          nearest[i] = k;
        }
      }
    }
    moveCentres(centres, nearest, colour, width);
  }
  return nearest;
}

/** The spacing of a grid of exactly `count` points: how far centres look. */
function reachOf(width: number, height: number, count: number): [x: number, y: number] {
  const { stepX, stepY } = regularGrid(width, height, count);
  return [stepX, stepY];
}

/** Each centre to the mean of its pixels; one without pixels becomes NaN and stays empty. */
function moveCentres(centres: Float64Array, nearest: Int32Array, colour: Float64Array, width: number): void {
  const members = new Int32Array(centres.length / 5);
  centres.fill(0);
  for (let i = 0; i < nearest.length; i++) {
    const at = 5 * nearest[i];
    members[nearest[i]]++;
    centres[at] += Math.floor(i / width);
    centres[at + 1] += i % width;
    centres[at + 2] += colour[3 * i];
    centres[at + 3] += colour[3 * i + 1];
    centres[at + 4] += colour[3 * i + 2];
  }
  for (let j = 0; j < centres.length; j++) centres[j] /= members[Math.floor(j / 5)];
}

/**
 * CIE Lab (D65) of the image stretched to [0, 1], times `scale`, [H·W, 3]. Not `handcrafted/lab.ts`, which rounds: here
 * pixels halfway between two centres would change sides.
 */
function scaledLab({ data }: RgbImage, scale: number): Float64Array {
  let [low, high] = [255, 0];
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const range = high > low ? (high - low) / 255 : 1;
  const linear = Float64Array.from({ length: 256 }, (_, value) => {
    const s = (value / 255 - low / 255) / range;
    return s > 0.04045 ? ((s + 0.055) / 1.055) ** 2.4 : s / 12.92;
  });
  const root = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const lab = new Float64Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [linear[data[i]], linear[data[i + 1]], linear[data[i + 2]]];
    const x = root((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
    const y = root(0.212671 * r + 0.71516 * g + 0.072169 * b);
    const z = root((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
    lab[i] = (116 * y - 16) * scale;
    lab[i + 1] = 500 * (x - y) * scale;
    lab[i + 2] = 200 * (y - z) * scale;
  }
  return lab;
}
