/**
 * Bicubic resizing of 8-bit images exactly as Pillow's `Image.resize(resample=BICUBIC)`: antialiased when shrinking, in
 * 22-bit fixed point, and rounded to bytes between the two passes. Columns come first, but rows do where more than twice as
 * many of them are lost, as Pillow has it since version 13. (Algorithm: Pillow's Resample.c.)
 */

import type { RgbImage } from "../data/image";

const PRECISION = 22;
/** Reach of the cubic kernel, in pixels of the coarser image. */
const SUPPORT = 2;

/** What one target position reads: source positions from `start`, with fixed-point weights. */
interface Taps {
  readonly start: number;
  readonly weights: Int32Array;
}

export function resizeBicubic(image: RgbImage, width: number, height: number): RgbImage {
  if (width === image.width && height === image.height) return { ...image, data: image.data.slice() };
  const [lostRows, lostColumns] = [image.height - height, image.width - width];
  if (lostRows > 0 && lostRows > 2 * lostColumns) return alongColumns(alongRows(image, height), width);
  return alongRows(alongColumns(image, width), height);
}

/** Pillow's and Python's size of an image at a scale: sides rounded, halves to even. */
export function scaledSize(
  { width, height }: { readonly width: number; readonly height: number },
  scale: number,
): { width: number; height: number } {
  return { width: roundHalfEven(width * scale), height: roundHalfEven(height * scale) };
}

/** Python's `round`. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

function alongColumns({ width: from, height, data }: RgbImage, width: number): RgbImage {
  if (width === from) return { width, height, data };
  const taps = cubicTaps(from, width);
  const out = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (const { start, weights } of taps) {
      for (let c = 0; c < 3; c++, to++) {
        let sum = 1 << (PRECISION - 1);
        for (let k = 0, at = (y * from + start) * 3 + c; k < weights.length; k++, at += 3) sum += data[at] * weights[k];
        out[to] = clampByte(sum >> PRECISION);
      }
    }
  }
  return { width, height, data: out };
}

function alongRows({ width, height: from, data }: RgbImage, height: number): RgbImage {
  if (height === from) return { width, height, data };
  const stride = width * 3;
  const out = new Uint8Array(stride * height);
  const sums = new Int32Array(stride);
  for (const [y, { start, weights }] of cubicTaps(from, height).entries()) {
    sums.fill(1 << (PRECISION - 1));
    for (let k = 0; k < weights.length; k++) {
      const row = (start + k) * stride;
      for (let i = 0; i < stride; i++) sums[i] += data[row + i] * weights[k];
    }
    for (let i = 0; i < stride; i++) out[y * stride + i] = clampByte(sums[i] >> PRECISION);
  }
  return { width, height, data: out };
}

function cubicTaps(from: number, to: number): Taps[] {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const reach = SUPPORT * stretch;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const weights = Array.from({ length: end - start }, (_, k) => cubic((start + k - centre + 0.5) / stretch));
    let total = 0;
    for (const weight of weights) total += weight;
    return { start, weights: Int32Array.from(weights, (weight) => toFixed(total === 0 ? weight : weight / total)) };
  });
}

/** Keys' kernel with a = −1/2. */
function cubic(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
  return 0;
}

function toFixed(weight: number): number {
  return Math.trunc(weight * (1 << PRECISION) + (weight < 0 ? -0.5 : 0.5));
}

function clampByte(value: number): number {
  return Math.max(0, Math.min(255, value));
}
