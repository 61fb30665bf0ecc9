/**
 * Brings maps of a reduced photograph back to the photograph's own size along its edges: the fast guided filter (He and Sun,
 * "Fast Guided Filter", 2015). Within a small window of the reduced photograph a map is taken for a linear function of the
 * colour; the functions, not the map, are resized, and applied to the full photograph's colours. Memory beyond the result is
 * a few arrays of the reduced size.
 */

import { type BilinearTaps, bilinearTaps } from "./bilinear";

/** RGB bytes, row-major. */
export interface Guide {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Half a window's side, in pixels of the reduced photograph. */
const RADIUS = 4;
/** What colours may vary, squared, within a window that counts as one thing; colours from 0 to 1. */
const EPSILON = 1e-4;

/**
 * @param map [h·w] of the reduced photograph `small`
 * @param write receives each value of the full photograph, row by row
 */
export function upsampleGuided(
  map: Float32Array,
  small: Guide,
  full: Guide,
  write: (pixel: number, value: number) => void,
): void {
  const functions = localFunctions(map, small);
  const rows = bilinearTaps(small.height, full.height);
  const columns = bilinearTaps(small.width, full.width);
  const row = new Float32Array(4 * small.width);
  for (let y = 0, pixel = 0; y < full.height; y++) {
    mixRows(functions, small.width, rows, y, row);
    for (let x = 0; x < full.width; x++, pixel++) {
      const [left, right, across] = [4 * columns.lower[x], 4 * columns.upper[x], columns.weight[x]];
      let value = row[left + 3] + (row[right + 3] - row[left + 3]) * across;
      for (let c = 0; c < 3; c++)
        value += ((row[left + c] + (row[right + c] - row[left + c]) * across) * full.data[3 * pixel + c]) / 255;
      write(pixel, value);
    }
  }
}

/** Factors of red, green and blue, and the addend, of each pixel's window: [h·w, 4]. */
function localFunctions(map: Float32Array, { width, height, data }: Guide): Float32Array {
  const n = width * height;
  const plane = (value: (pixel: number) => number): Float64Array =>
    Float64Array.from({ length: n }, (_, i) => value(i));
  const mean = (value: (pixel: number) => number): Float64Array => boxMean(plane(value), width, height);
  const colour = (c: number) => (i: number) => data[3 * i + c] / 255;
  const means = [0, 1, 2].map((c) => mean(colour(c)));
  const meanMap = mean((i) => map[i]);
  const withMap = [0, 1, 2].map((c) => mean((i) => colour(c)(i) * map[i]));
  const pairs = PAIRS.map(([a, b]) => mean((i) => colour(a)(i) * colour(b)(i)));
  const functions = new Float64Array(4 * n);
  const covariance = new Float64Array(6);
  for (let i = 0; i < n; i++) {
    for (const [k, [a, b]] of PAIRS.entries())
      covariance[k] = pairs[k][i] - means[a][i] * means[b][i] + (a === b ? EPSILON : 0);
    const [p, q, r] = [0, 1, 2].map((c) => withMap[c][i] - means[c][i] * meanMap[i]);
    const factors = solve(covariance, p, q, r);
    let addend = meanMap[i];
    for (let c = 0; c < 3; c++) {
      functions[4 * i + c] = factors[c];
      addend -= factors[c] * means[c][i];
    }
    functions[4 * i + 3] = addend;
  }
  const smooth = new Float32Array(4 * n);
  for (let k = 0; k < 4; k++) {
    const averaged = boxMean(
      plane((i) => functions[4 * i + k]),
      width,
      height,
    );
    for (let i = 0; i < n; i++) smooth[4 * i + k] = averaged[i];
  }
  return smooth;
}

/** The entries of a symmetric 3×3 matrix that differ. */
const PAIRS: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 1],
  [1, 2],
  [2, 2],
];

/** A symmetric, positive 3×3 system by Cramer's rule. */
function solve([a, b, c, d, e, f]: Float64Array, p: number, q: number, r: number): [number, number, number] {
  const [A, B, C] = [d * f - e * e, c * e - b * f, b * e - c * d];
  const determinant = a * A + b * B + c * C;
  const [D, E, F] = [a * f - c * c, b * c - a * e, a * d - b * b];
  return [
    (A * p + B * q + C * r) / determinant,
    (B * p + D * q + E * r) / determinant,
    (C * p + E * q + F * r) / determinant,
  ];
}

/** Mean over the window of each pixel, as far as it lies in the picture; time does not grow with the window. */
function boxMean(values: Float64Array, width: number, height: number): Float64Array {
  const across = new Float64Array(width * height);
  for (let y = 0; y < height; y++) slide(values, across, y * width, 1, width);
  const out = new Float64Array(width * height);
  for (let x = 0; x < width; x++) slide(across, out, x, width, height);
  return out;
}

/** Running means of one row or column. */
function slide(from: Float64Array, to: Float64Array, start: number, stride: number, count: number): void {
  let sum = 0;
  for (let i = 0; i < Math.min(RADIUS, count); i++) sum += from[start + i * stride];
  for (let i = 0; i < count; i++) {
    if (i + RADIUS < count) sum += from[start + (i + RADIUS) * stride];
    if (i - RADIUS - 1 >= 0) sum -= from[start + (i - RADIUS - 1) * stride];
    to[start + i * stride] = sum / (Math.min(count - 1, i + RADIUS) - Math.max(0, i - RADIUS) + 1);
  }
}

function mixRows(functions: Float32Array, width: number, rows: BilinearTaps, y: number, out: Float32Array): void {
  const above = 4 * width * rows.lower[y];
  const below = 4 * width * rows.upper[y];
  const down = rows.weight[y];
  for (let i = 0; i < 4 * width; i++)
    out[i] = functions[above + i] + (functions[below + i] - functions[above + i]) * down;
}
