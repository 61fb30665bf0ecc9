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
  const mayBe = boxLimits(boxes, { width, height });
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = pixel * classes;
    let taken = false;
    for (const label of boxed) {
      if (mayBe(pixel, label)) continue;
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

/**
 * Whether a pixel may be of a class: a class that has boxes stays within them. A bit of each pixel for each of these classes.
 * Both ends of a box count, and one pixel before them, because VOC counts from 1.
 */
export function boxLimits(
  boxes: readonly Box[],
  { width, height }: ImageSize,
): (pixel: number, label: number) => boolean {
  const places = new Map<number, { readonly plane: Uint8Array; readonly bit: number }>();
  let plane = new Uint8Array(0);
  for (const box of boxes) {
    let place = places.get(box.class);
    if (place === undefined) {
      if (places.size % 8 === 0) plane = new Uint8Array(width * height);
      place = { plane, bit: 1 << (places.size % 8) };
      places.set(box.class, place);
    }
    const pixels = pixelsOf({ ...box, xmin: box.xmin - 1, ymin: box.ymin - 1 }, { width, height });
    if (pixels === undefined) continue;
    for (let y = pixels.top; y <= pixels.bottom; y++)
      for (let x = pixels.left; x <= pixels.right; x++) place.plane[y * width + x] |= place.bit;
  }
  return (pixel, label) => {
    const place = places.get(label);
    return place === undefined || (place.plane[pixel] & place.bit) !== 0;
  };
}
