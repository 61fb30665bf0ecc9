/** Instances as COCO's JSON holds them, readable by pycocotools and by our own readers. */

import type { CocoId } from "./coco-truth";
import type { Instance } from "./instance";
import { type Rle, rleToString } from "./rle";

/** Compressed run lengths. */
export interface CocoRle {
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
}

/** One entry of a results file. */
export interface CocoResultEntry {
  readonly image_id: CocoId;
  readonly category_id: CocoId;
  readonly score: number;
  readonly bbox: readonly number[];
  readonly segmentation: CocoRle;
}

export function cocoRle(mask: Rle): CocoRle {
  return { size: [mask.height, mask.width], counts: rleToString(mask) };
}

/** The detections of one image as entries of a results file. @param categoryId of each class of the data set */
export function cocoResultEntries(
  imageId: CocoId,
  instances: readonly Instance[],
  categoryId: (foreground: number) => CocoId,
): CocoResultEntry[] {
  return instances.map(({ class: foreground, score, box, mask }) => ({
    image_id: imageId,
    category_id: categoryId(foreground),
    score,
    bbox: box,
    segmentation: cocoRle(mask),
  }));
}
