/**
 * Which of the image's own colours are where: soft memberships of pixels in a small codebook, averaged over cells, and
 * over whole segments, which follow the borders of things.
 */

import type { CellGrid } from "./cells";
import { makeCodebook, softCodes } from "./codebook";
import type { LabImage } from "./lab";
import type { Segmentation } from "./segments";

export interface ColourCodes {
  readonly colours: number;
  /** Every second pixel of every second row, [⌈H/2⌉·⌈W/2⌉, colours]. */
  readonly pixels: Float32Array;
  /** Their means, [n, colours]. */
  readonly cells: Float32Array;
}

/** Brightness counts for less than hue: light and shadow run across a thing. */
const LIGHTNESS = 0.4;
/** The codebook is made from one vector in this many. */
const SAMPLE = 5;

export function colourCodes({ width, height, l, a, b }: LabImage, grid: CellGrid, colours: number): ColourCodes {
  const w = Math.ceil(width / 2);
  const h = Math.ceil(height / 2);
  const vectors = new Float32Array(w * h * 3);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const from = 2 * y * width + 2 * x;
      vectors.set([LIGHTNESS * l[from], a[from], b[from]], 3 * (y * w + x));
    }
  const sample = vectors.filter((_, i) => w * h < SAMPLE * colours || Math.floor(i / 3) % SAMPLE === 0);
  const codebook = makeCodebook(sample, 3, colours);
  // One unit of Lab more than the spread keeps images of very few colours from hard borders between almost equal ones.
  const pixels = softCodes(vectors, codebook, Math.sqrt(codebook.spread + 1));
  return { colours, pixels, cells: overCells(grid, colours, (pixel) => pixels.subarray(pixel * colours)) };
}

/** The memberships averaged over each segment, then over each cell's pixels: [n, colours]. */
export function segmentColours(
  { colours, pixels }: ColourCodes,
  { count, segment }: Segmentation,
  grid: CellGrid,
): Float32Array {
  const w = Math.ceil(grid.imageWidth / 2);
  const segmentOf = (pixel: number): number => segment[2 * Math.floor(pixel / w) * grid.imageWidth + 2 * (pixel % w)];
  const means = new Float32Array(count * colours);
  const sizes = new Int32Array(count);
  for (let pixel = 0; pixel < pixels.length / colours; pixel++) {
    const s = segmentOf(pixel);
    sizes[s]++;
    for (let k = 0; k < colours; k++) means[s * colours + k] += pixels[pixel * colours + k];
  }
  for (let i = 0; i < means.length; i++) means[i] /= Math.max(1, sizes[Math.floor(i / colours)]);
  return overCells(grid, colours, (pixel) => means.subarray(segmentOf(pixel) * colours));
}

/** Means over each cell of what half-resolution pixels hold. */
function overCells(
  { height, width, imageHeight, imageWidth }: CellGrid,
  channels: number,
  at: (pixel: number) => Float32Array,
): Float32Array {
  const w = Math.ceil(imageWidth / 2);
  const h = Math.ceil(imageHeight / 2);
  const sums = new Float32Array(height * width * channels);
  const counts = new Int32Array(height * width);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const cell = (y >> 2) * width + (x >> 2);
      const values = at(y * w + x);
      counts[cell]++;
      for (let k = 0; k < channels; k++) sums[cell * channels + k] += values[k];
    }
  return sums.map((sum, i) => sum / counts[Math.floor(i / channels)]);
}
