/** The `segmentation` of COCO's JSON in any of its three forms: polygons, run lengths, compressed run lengths. */

import type { ImageSize } from "../data/dataset";
import { shown } from "../data/json";
import { expected } from "../errors";
import { polygonsMask } from "./polygon-mask";
import { type Rle, rleFromString, wholeRle } from "./rle";

/**
 * The mask that a `segmentation` means, drawn as pycocotools draws it.
 * @param value untrusted: polygons `[[x, y, …], …]`, or `{size: [height, width], counts}` with text or numbers as counts
 * @throws UserError "input" for anything else, another size than the image's, and counts that do not make up the image
 */
export function cocoMask(value: unknown, image: ImageSize, where: string): Rle {
  if (Array.isArray(value)) return polygonsMask(value, image, where);
  const { size, counts } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (!Array.isArray(size) || size.length !== 2)
    throw expected("input", 'polygons, or run lengths {"size": [height, width], "counts": …}', shown(value), where);
  const [height, width] = size as [unknown, unknown];
  if (width !== image.width || height !== image.height)
    throw expected(
      "input",
      `a mask of ${image.width}×${image.height} pixels`,
      `${shown(width)}×${shown(height)}`,
      where,
    );
  if (typeof counts === "string") return rleFromString(counts, image, where);
  if (Array.isArray(counts)) return plainCounts(counts, image, where);
  throw expected("input", '"counts" as text or a list of numbers', shown(counts), where);
}

function plainCounts(counts: readonly unknown[], size: ImageSize, where: string): Rle {
  const pixels = size.width * size.height;
  let sum = 0;
  for (const count of counts) {
    if (!Number.isInteger(count) || (count as number) < 0)
      throw expected("input", "whole numbers from 0 on as counts", shown(count), where);
    sum += count as number;
    if (sum > pixels) break;
  }
  return wholeRle(size, counts as number[], sum, where);
}
