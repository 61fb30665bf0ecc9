/** Affinities as a picture: each cell by how alike its four neighbours are to it. Dark lines are borders in the graph. */

import type { RgbImage } from "../data/image";

/** Dark blue, teal, green, yellow: evenly brighter. */
const SCALE: readonly (readonly [number, number, number])[] = [
  [38, 12, 78],
  [48, 84, 140],
  [38, 148, 140],
  [116, 206, 86],
  [252, 231, 56],
];

/** Mean affinity of each cell to its neighbours inside the map, [n]. @param affinity windowed, [n, d·d] */
export function neighbourAffinity(affinity: Float32Array, height: number, width: number, radius: number): Float32Array {
  const d = 2 * radius + 1;
  return Float32Array.from({ length: height * width }, (_, i) => {
    const x = i % width;
    const y = Math.floor(i / width);
    let sum = 0;
    let count = 0;
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ]) {
      if (x + dx < 0 || y + dy < 0 || x + dx >= width || y + dy >= height) continue;
      sum += affinity[i * d * d + (dy + radius) * d + dx + radius];
      count++;
    }
    return count === 0 ? 1 : sum / count;
  });
}

/**
 * The same as colours, each cell 8×8 pixels, cut to the image's size. Stretched between the 2nd and 98th percentile, whose
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
      const value = values[(y >> 3) * grid.width + (x >> 3)];
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
