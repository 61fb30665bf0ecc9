/**
 * What boxes say for certain: nothing of their class is outside them. The graph network only learns that the seeds out
 * there are background; its labels and the dense CRF's run a little over the edges, and along whatever looks alike.
 * Ours (docs/method.md, section 6.3); the reference lets them.
 */

import { pixelsOf } from "../data/box-pixels";
import type { ImageSize } from "../data/dataset";
import type { Box } from "../data/voc-boxes";

/**
 * Probabilities of classes that have boxes become 0 outside all of these; what is left of a pixel sums to 1 again, and
 * where nothing is left it is background. In place.
 * @param probabilities [H·W, K]
 */
export function limitToBoxes(
  probabilities: Float32Array,
  boxes: readonly Box[],
  classes: number,
  { width, height }: ImageSize,
): void {
  const boxed = [...new Set(boxes.map((box) => box.class))];
  const inside = boxed.map((label) => insideOf(boxes, label, width, height));
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = pixel * classes;
    let taken = false;
    for (const [i, label] of boxed.entries()) {
      if (inside[i][pixel] === 1) continue;
      probabilities[at + label] = 0;
      taken = true;
    }
    if (!taken) continue;
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += probabilities[at + k];
    if (sum > 0) for (let k = 0; k < classes; k++) probabilities[at + k] /= sum;
    else probabilities[at] = 1;
  }
}

/** Whether a pixel may be of a class: a class that has boxes stays within them. */
export function boxLimits(
  boxes: readonly Box[],
  { width, height }: ImageSize,
): (pixel: number, label: number) => boolean {
  const inside = new Map<number, Uint8Array>();
  for (const { class: label } of boxes)
    if (!inside.has(label)) inside.set(label, insideOf(boxes, label, width, height));
  return (pixel, label) => inside.get(label)?.[pixel] !== 0;
}

/** 1 in the boxes of one class, [H·W]. Both ends count, and one pixel before them, because VOC counts from 1. */
function insideOf(boxes: readonly Box[], label: number, width: number, height: number): Uint8Array {
  const inside = new Uint8Array(width * height);
  for (const box of boxes) {
    if (box.class !== label) continue;
    const pixels = pixelsOf({ ...box, xmin: box.xmin - 1, ymin: box.ymin - 1 }, { width, height });
    if (pixels === undefined) continue;
    const { top, left, bottom, right } = pixels;
    for (let y = top; y <= bottom; y++) inside.fill(1, y * width + left, y * width + right + 1);
  }
  return inside;
}
