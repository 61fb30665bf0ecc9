/** Affinities as a picture: each cell by how alike its four neighbours are to it. Dark lines are borders in the graph. */

import type { RgbImage } from "../data/image";
import { CELL } from "../window/windowed-map";
import { heatColour } from "./heat-scale";

/**
 * Values of the cells as colours, each cell 8×8 pixels, cut to the image's size. The colours span the values between the
 * 2nd and the 98th percentile, which are returned so that the caller can print them.
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
      data.set(heatColour(high > low ? (value - low) / (high - low) : 1), 3 * (y * image.width + x));
    }
  }
  return { picture: { width: image.width, height: image.height, data }, low, high };
}
