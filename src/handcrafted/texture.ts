/**
 * Texture of each cell: how strong the brightness changes are, in which directions, at which scales, and which local
 * patterns they form.
 */

import { blurCells, type CellGrid, cellMeans } from "./cells";
import type { LabImage } from "./lab";

const ORIENTATIONS = 4;
const PATTERNS = 6;
const LEAST_DEVIATION = 0.03;

/** Per scale: energies in four directions, a spot energy, colour energy; and local binary patterns by bits set. */
export const TEXTURE_CHANNELS: number = 2 * (ORIENTATIONS + 2) + PATTERNS;

/**
 * Energies as logarithms (twice the contrast is one step at any contrast), patterns as square roots of their shares;
 * averaged over 3×3 cells, each channel scaled to the same variance over the image, all together to 1.
 * @param scales the image smoothed a little and more
 * @returns [cells, TEXTURE_CHANNELS]
 */
export function cellTexture(scales: readonly [LabImage, LabImage], grid: CellGrid): Float32Array {
  const cells = grid.height * grid.width;
  const changes = [...energies(scales[0], 1), ...energies(scales[1], 2)];
  const texture = new Float32Array(cells * TEXTURE_CHANNELS);
  const put = (plane: Float32Array, channel: number, form: (value: number) => number): void => {
    const means = cellMeans(plane, grid);
    for (let i = 0; i < cells; i++) texture[i * TEXTURE_CHANNELS + channel] = form(means[i]);
  };
  changes.forEach((plane, channel) => {
    put(plane, channel, Math.log1p);
  });
  binaryPatterns(scales[0]).forEach((plane, pattern) => {
    put(plane, changes.length + pattern, Math.sqrt);
  });
  return standardise(blurCells(texture, TEXTURE_CHANNELS, grid, 1), cells);
}

/** In place. A little is added to each deviation, so that a channel that hardly varies does not count like the others. */
function standardise(values: Float32Array, cells: number): Float32Array {
  for (let c = 0; c < TEXTURE_CHANNELS; c++) {
    let sum = 0;
    let squares = 0;
    for (let i = c; i < values.length; i += TEXTURE_CHANNELS) {
      sum += values[i];
      squares += values[i] ** 2;
    }
    const mean = sum / cells;
    const deviation = Math.sqrt(Math.max(0, squares / cells - mean * mean)) + LEAST_DEVIATION;
    const scale = 1 / (deviation * Math.sqrt(TEXTURE_CHANNELS));
    for (let i = c; i < values.length; i += TEXTURE_CHANNELS) values[i] = (values[i] - mean) * scale;
  }
  return values;
}

/** Absolute differences across `step` pixels: four directions of L*, its centre against its surround, colour. */
function energies({ width, height, l, a, b }: LabImage, step: number): Float32Array[] {
  const planes = Array.from({ length: ORIENTATIONS + 2 }, () => new Float32Array(width * height));
  for (let y = 0; y < height; y++) {
    const above = Math.max(0, y - step) * width;
    const below = Math.min(height - 1, y + step) * width;
    const here = y * width;
    for (let x = 0; x < width; x++) {
      const left = Math.max(0, x - step);
      const right = Math.min(width - 1, x + step);
      const i = here + x;
      planes[0][i] = Math.abs(l[here + right] - l[here + left]);
      planes[1][i] = Math.abs(l[below + x] - l[above + x]);
      planes[2][i] = Math.abs(l[below + right] - l[above + left]);
      planes[3][i] = Math.abs(l[below + left] - l[above + right]);
      planes[4][i] = Math.abs(4 * l[i] - l[here + left] - l[here + right] - l[above + x] - l[below + x]) / 2;
      const across = Math.abs(a[here + right] - a[here + left]) + Math.abs(b[here + right] - b[here + left]);
      planes[5][i] = across + Math.abs(a[below + x] - a[above + x]) + Math.abs(b[below + x] - b[above + x]);
    }
  }
  return planes;
}

/**
 * Shares of pixels by local binary pattern: how many of the 8 neighbours are clearly brighter (0, 1–2, 3–5, 6–7, 8), and
 * patterns with more than two changes around the circle apart.
 */
function binaryPatterns({ width, height, l }: LabImage): Float32Array[] {
  const planes = Array.from({ length: PATTERNS }, () => new Float32Array(width * height));
  const bin = [0, 1, 1, 2, 2, 2, 3, 3, 4];
  const margin = 1;
  for (let y = 0; y < height; y++) {
    const above = Math.max(0, y - 1) * width;
    const below = Math.min(height - 1, y + 1) * width;
    const here = y * width;
    for (let x = 0; x < width; x++) {
      const left = Math.max(0, x - 1);
      const right = Math.min(width - 1, x + 1);
      const limit = l[here + x] + margin;
      const bits =
        (l[above + left] > limit ? 1 : 0) |
        (l[above + x] > limit ? 2 : 0) |
        (l[above + right] > limit ? 4 : 0) |
        (l[here + right] > limit ? 8 : 0) |
        (l[below + right] > limit ? 16 : 0) |
        (l[below + x] > limit ? 32 : 0) |
        (l[below + left] > limit ? 64 : 0) |
        (l[here + left] > limit ? 128 : 0);
      const pattern = CHANGES[bits] > 2 ? PATTERNS - 1 : bin[BITS[bits]];
      planes[pattern][here + x] = 1;
    }
  }
  return planes;
}

const BITS = Uint8Array.from({ length: 256 }, (_, value) => [...value.toString(2)].filter((bit) => bit === "1").length);
const CHANGES = Uint8Array.from({ length: 256 }, (_, v) => BITS[v ^ (((v << 1) | (v >> 7)) & 255)]);
