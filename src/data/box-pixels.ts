/**
 * The one rule for a box's ends: coordinates are used as they stand in the file, both ends count, and what lies outside the
 * map is cut off (docs/method.md, section 3.5). VOC counts pixels from 1 and the reference does not subtract it, so a box may
 * sit one pixel late. Two places allow for that: here a box that begins right behind the last pixel still has that pixel,
 * and `limitToBoxes` adds the pixel before a box.
 */

import type { ImageSize } from "./dataset";
import type { Box } from "./voc-boxes";

/** Rows and columns, all ends included and inside the map. */
export interface BoxPixels {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** The pixels of a box in a map; undefined where there are none. */
export function pixelsOf({ xmin, ymin, xmax, ymax }: Omit<Box, "class">, size: ImageSize): BoxPixels | undefined {
  const pixels = {
    top: ymin === size.height ? ymin - 1 : Math.max(0, ymin),
    left: xmin === size.width ? xmin - 1 : Math.max(0, xmin),
    bottom: Math.min(size.height - 1, ymax),
    right: Math.min(size.width - 1, xmax),
  };
  return pixels.top <= pixels.bottom && pixels.left <= pixels.right ? pixels : undefined;
}

export function containsPixel({ xmin, ymin, xmax, ymax }: Omit<Box, "class">, x: number, y: number): boolean {
  return x >= xmin && x <= xmax && y >= ymin && y <= ymax;
}
