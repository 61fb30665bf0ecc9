/** Affinities as a picture: each cell by how alike its four neighbours are to it. Dark lines are borders in the graph. */

import type { RgbImage } from "../data/image";
import { CELL } from "../window/windowed-map";

/** Dark blue, teal, green, yellow: evenly brighter. */
const SCALE: readonly (readonly [number, number, number])[] = [
  [38, 12, 78],
  [48, 84, 140],
  [38, 148, 140],
  [116, 206, 86],
  [252, 231, 56],
];

/**
 * Values of the cells as colours, each cell 8×8 pixels, cut to the image's size. Stretched between the 2nd and 98th percentile, whose
 * values the caller may want to print.
 */
export function affinityPicture(
  values: Float32Array,
  grid: { readonly height: number; readonly width: number },
  image: { readonly height: number; readonly width: number },
): { readonly picture: RgbImage; readonly low: number; readonly high: number } {
  const sorted = values.slice().sort();
  const low = sorted[Math.floor(0.02 * (sorted.length - 1))];
  const high = sorted[Math.ceil(0.98 * (sorted.length - 1))];
  const data = new Uint8Array(image.width * image.height * 3);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      const value = values[Math.floor(y / CELL) * grid.width + Math.floor(x / CELL)];
      data.set(colourOf(high > low ? (value - low) / (high - low) : 1), 3 * (y * image.width + x));
    }
  }
  return { picture: { width: image.width, height: image.height, data }, low, high };
}

function colourOf(t: number): readonly number[] {
  const place = Math.min(1, Math.max(0, t)) * (SCALE.length - 1);
  const lower = Math.min(SCALE.length - 2, Math.floor(place));
  return [0, 1, 2].map((c) => Math.round(SCALE[lower][c] + (SCALE[lower + 1][c] - SCALE[lower][c]) * (place - lower)));
}
