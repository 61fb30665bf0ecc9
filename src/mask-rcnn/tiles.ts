/**
 * Objects of a large photograph: those that a tile shows whole, found at the tile's resolution, and those larger than a tile,
 * found in the whole photograph. What a tile cuts off is left to its neighbour, which overlaps it.
 */

import type { RgbImage } from "../data/image";
import type { Instance } from "../instances/instance";
import { type DetectOptions, detectInPart, detectInstances } from "./detect";
import type { InstanceSegmenter } from "./instance-segmenter";
import { suppress } from "./nms";

export interface TileOptions extends DetectOptions {
  /** Side of the square tiles, in pixels of the photograph. */
  readonly tile: number;
  /** Share of a tile that lies in its neighbour. Default 0.25. */
  readonly shared?: number;
}

/** An object that ends so near to where its tile ends is taken for cut off, in pixels of the photograph. */
const BORDER = 2;

/** @returns by falling score, in pixels of the photograph */
export function detectInTiles(segmenter: InstanceSegmenter, image: RgbImage, options: TileOptions): Instance[] {
  const { tile, shared = 0.25, overlap = 0.5, most = 100 } = options;
  const found = detectInstances(segmenter, image, options);
  if (image.width > tile || image.height > tile)
    for (const top of tileStarts(image.height, tile, shared))
      for (const left of tileStarts(image.width, tile, shared)) {
        const part = cutOut(image, left, top, tile);
        const inTile = detectInPart(segmenter, part, { left, top, whole: image }, options);
        found.push(...inTile.filter(({ box }) => !isCut(box, left, top, part, image)));
      }
  const boxes = Float32Array.from(found.flatMap(({ box: [x, y, width, height] }) => [x, y, x + width, y + height]));
  const scores = found.map(({ score }) => score);
  const classes = found.map((each) => each.class);
  return Array.from(suppress(boxes, scores, overlap, classes).subarray(0, most), (i) => found[i]);
}

/** Evenly spaced, the last ending where the photograph ends. */
export function tileStarts(extent: number, tile: number, shared: number): number[] {
  if (extent <= tile) return [0];
  const count = Math.ceil((extent - tile) / (tile * (1 - shared))) + 1;
  return Array.from({ length: count }, (_, i) => Math.round((i * (extent - tile)) / (count - 1)));
}

/** Whether a box ends at a border of its tile that is no border of the photograph. */
function isCut(
  [x, y, width, height]: Instance["box"],
  left: number,
  top: number,
  part: RgbImage,
  image: RgbImage,
): boolean {
  const cuts = (start: number, end: number, from: number, to: number, extent: number): boolean =>
    (from > 0 && start < from + BORDER) || (to < extent && end > to - BORDER);
  return (
    cuts(x, x + width, left, left + part.width, image.width) ||
    cuts(y, y + height, top, top + part.height, image.height)
  );
}

function cutOut(image: RgbImage, left: number, top: number, tile: number): RgbImage {
  const [width, height] = [Math.min(tile, image.width - left), Math.min(tile, image.height - top)];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}
