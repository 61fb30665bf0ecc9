/** Masks of objects as training holds them: the part of the image that the object lies in, and nothing of the rest. */

import type { BoxArray, Extent } from "./boxes";
import type { RoiAlignOptions } from "./roi-align";
import { axisBins } from "./roi-align";

/** 1 inside, 0 outside, row-major, [height·width], at `top` and `left` of the image; the image is 0 elsewhere. */
export interface InstanceMask extends Extent {
  readonly top: number;
  readonly left: number;
  readonly data: Uint8Array;
}

/**
 * The share of the object in each of side × side parts of a box: ROIAlign on the mask. [side·side]
 * @param boxes in pixels of the image
 * @param image its size
 */
export function maskUnderBox(
  { top, left, width, height, data }: InstanceMask,
  boxes: BoxArray,
  i: number,
  image: Extent,
  options: RoiAlignOptions,
): Float32Array {
  const { side } = options;
  const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4);
  const rows = axisBins(y1, y2, 1, image.height, options);
  const columns = axisBins(x1, x2, 1, image.width, options);
  const out = new Float32Array(side * side);
  const line = new Float32Array(side);
  const [firstRow, lastRow] = [Math.max(rows.first, top), Math.min(rows.first + rows.extent, top + height)];
  const [firstColumn, lastColumn] = [
    Math.max(columns.first, left),
    Math.min(columns.first + columns.extent, left + width),
  ];
  for (let y = firstRow; y < lastRow; y++) {
    line.fill(0);
    for (let x = firstColumn; x < lastColumn; x++) {
      if (data[(y - top) * width + x - left] === 0) continue;
      for (let bin = 0; bin < side; bin++) line[bin] += columns.weights[bin * columns.extent + x - columns.first];
    }
    for (let bin = 0; bin < side; bin++) {
      const weight = rows.weights[bin * rows.extent + y - rows.first];
      if (weight !== 0) for (let k = 0; k < side; k++) out[bin * side + k] += weight * line[k];
    }
  }
  return out;
}
