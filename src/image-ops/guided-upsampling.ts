/**
 * Brings maps of a reduced photograph back to the photograph's own size along its edges: the fast guided filter (He and Sun,
 * "Fast Guided Filter", 2015). Within a small window of the reduced photograph a map is taken for a linear function of the
 * colour; the functions, not the maps, are resized, and applied to the full photograph's colours. All maps pass together, row
 * after row, so that memory beyond the result is a few rows.
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
 * @param maps of the reduced photograph `small`, [h·w, count]
 * @param write receives the values of each pixel of the full photograph, row by row, in an array that is used again: [count]
 */
export function upsampleGuided(
  maps: Float32Array,
  count: number,
  small: Guide,
  full: Guide,
  write: (pixel: number, values: Float64Array) => void,
): void {
  const functions = smoothFunctions(maps, count, small);
  const rows = bilinearTaps(small.height, full.height);
  const columns = bilinearTaps(small.width, full.width);
  const mixed = new Float32Array(4 * count * small.width);
  const values = new Float64Array(count);
  for (let y = 0, pixel = 0; y < full.height; y++) {
    mixRows(functions, rows, y, mixed);
    for (let x = 0; x < full.width; x++, pixel++) {
      const across = columns.weight[x];
      let left = 4 * count * columns.lower[x];
      let right = 4 * count * columns.upper[x];
      for (let k = 0; k < count; k++, left += 4, right += 4) {
        let value = mixed[left + 3] + (mixed[right + 3] - mixed[left + 3]) * across;
        for (let c = 0; c < 3; c++)
          value += ((mixed[left + c] + (mixed[right + c] - mixed[left + c]) * across) * full.data[3 * pixel + c]) / 255;
        values[k] = value;
      }
      write(pixel, values);
    }
  }
}

/** Rows that are computed one after the other, from the first; the last two can be read. */
interface RowsInTurn {
  /** @param y of the row asked for last, or the one before it, or a later one */
  row(y: number): Float32Array;
}

/** Factors of red, green and blue, and the addend, of each map at each pixel, averaged over its window: rows [w, count, 4]. */
function smoothFunctions(maps: Float32Array, count: number, small: Guide): RowsInTurn {
  const { width, height } = small;
  const means = windowMeans(MOMENTS + 4 * count, small, (y, planes) => writeMoments(maps, count, small, y, planes));
  const smooth = windowMeans(4 * count, small, (y, planes) => writeFunctions(means(y), count, width, planes));
  const kept = [0, 1].map(() => new Float32Array(4 * count * width));
  let next = 0;
  return {
    row(y) {
      for (; next <= Math.min(y, height - 1); next++) {
        const planes = smooth(next);
        for (let plane = 0; plane < 4 * count; plane++)
          for (let x = 0; x < width; x++) kept[next % 2][4 * count * x + plane] = planes[plane * width + x];
      }
      return kept[y % 2];
    },
  };
}

/** Planes of a row that depend on the colours alone: red, green, blue, and the products of `PAIRS`. */
const MOMENTS = 9;

/** Pairs of colours, each once: the entries of a symmetric 3×3 matrix that differ. */
const PAIRS: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 1],
  [1, 2],
  [2, 2],
];

/** What the functions are computed from, at each pixel of a row: after `MOMENTS`, of each map its value, and that times each colour. */
function writeMoments(
  maps: Float32Array,
  count: number,
  { width, data }: Guide,
  y: number,
  planes: Float64Array,
): void {
  const colours = new Float64Array(3);
  for (let x = 0; x < width; x++) {
    const pixel = y * width + x;
    for (let c = 0; c < 3; c++) {
      colours[c] = data[3 * pixel + c] / 255;
      planes[c * width + x] = colours[c];
    }
    for (let k = 0; k < PAIRS.length; k++) planes[(3 + k) * width + x] = colours[PAIRS[k][0]] * colours[PAIRS[k][1]];
    for (let k = 0; k < count; k++) {
      const value = maps[pixel * count + k];
      const first = (MOMENTS + 4 * k) * width + x;
      planes[first] = value;
      for (let c = 0; c < 3; c++) planes[first + (1 + c) * width] = colours[c] * value;
    }
  }
}

/** Least squares in the window of each pixel of a row, by Cramer's rule. @param means of what `writeMoments` writes */
function writeFunctions(means: Float64Array, count: number, width: number, planes: Float64Array): void {
  const [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map((k) => ({ at: (3 + k) * width, of: PAIRS[k] }));
  const covariance = ({ at, of: [i, j] }: typeof a, x: number): number =>
    means[at + x] - means[i * width + x] * means[j * width + x] + (i === j ? EPSILON : 0);
  for (let x = 0; x < width; x++) {
    const [va, vb, vc] = [covariance(a, x), covariance(b, x), covariance(c, x)];
    const [vd, ve, vf] = [covariance(d, x), covariance(e, x), covariance(f, x)];
    const [A, B, C] = [vd * vf - ve * ve, vc * ve - vb * vf, vb * ve - vc * vd];
    const determinant = va * A + vb * B + vc * C;
    const [D, E, F] = [va * vf - vc * vc, vb * vc - va * ve, va * vd - vb * vb];
    const [red, green, blue] = [means[x], means[width + x], means[2 * width + x]];
    for (let k = 0; k < count; k++) {
      const first = (MOMENTS + 4 * k) * width + x;
      const mean = means[first];
      const p = means[first + width] - red * mean;
      const q = means[first + 2 * width] - green * mean;
      const r = means[first + 3 * width] - blue * mean;
      const ofRed = (A * p + B * q + C * r) / determinant;
      const ofGreen = (B * p + D * q + E * r) / determinant;
      const ofBlue = (C * p + E * q + F * r) / determinant;
      const out = 4 * k * width + x;
      planes[out] = ofRed;
      planes[out + width] = ofGreen;
      planes[out + 2 * width] = ofBlue;
      planes[out + 3 * width] = mean - ofRed * red - ofGreen * green - ofBlue * blue;
    }
  }
}

/**
 * Means over the window of each pixel, as far as it lies in the picture; time does not grow with the window.
 * @param write fills the planes of a row, [planes, w]; called for each row in order
 * @returns the means of a row, [planes, w], in an array that is used again; to be called for each row in order
 */
function windowMeans(
  planes: number,
  { width, height }: Guide,
  write: (y: number, planes: Float64Array) => void,
): (y: number) => Float64Array {
  const size = planes * width;
  const row = new Float64Array(size);
  const sums = new Float64Array(size);
  const out = new Float64Array(size);
  const lastRows = Array.from({ length: Math.min(height, 2 * RADIUS + 2) }, () => new Float64Array(size));
  let read = 0;
  const add = (): void => {
    const across = lastRows[read % lastRows.length];
    write(read, row);
    for (let start = 0; start < size; start += width) slide(row, across, start, width);
    for (let i = 0; i < size; i++) sums[i] += across[i];
    read++;
  };
  return (y) => {
    while (read < Math.min(RADIUS, height)) add();
    if (y + RADIUS < height) add();
    if (y - RADIUS - 1 >= 0) {
      const left = lastRows[(y - RADIUS - 1) % lastRows.length];
      for (let i = 0; i < size; i++) sums[i] -= left[i];
    }
    const extent = Math.min(height - 1, y + RADIUS) - Math.max(0, y - RADIUS) + 1;
    for (let i = 0; i < size; i++) out[i] = sums[i] / extent;
    return out;
  };
}

/** Running means of one row. */
function slide(from: Float64Array, to: Float64Array, start: number, count: number): void {
  let sum = 0;
  for (let i = 0; i < Math.min(RADIUS, count); i++) sum += from[start + i];
  for (let i = 0; i < count; i++) {
    if (i + RADIUS < count) sum += from[start + i + RADIUS];
    if (i - RADIUS - 1 >= 0) sum -= from[start + i - RADIUS - 1];
    to[start + i] = sum / (Math.min(count - 1, i + RADIUS) - Math.max(0, i - RADIUS) + 1);
  }
}

function mixRows(functions: RowsInTurn, rows: BilinearTaps, y: number, out: Float32Array): void {
  const below = functions.row(rows.upper[y]);
  const above = functions.row(rows.lower[y]);
  const down = rows.weight[y];
  for (let i = 0; i < out.length; i++) out[i] = above[i] + (below[i] - above[i]) * down;
}
