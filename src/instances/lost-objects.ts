/**
 * Objects that the class label has lost: of small things, and of things in front of larger ones, often little or nothing is
 * left of the class. Their box still says where they are and how large. As in "Simple Does It" (Khoreva et al., CVPR 2017),
 * where a segment that is too small for its box falls back on the box, such an object gets the ellipse that fits into its
 * box, which is nearer most things than the box itself (docs/method.md, section 6.7; figures in docs/instances.md).
 */

import type { LabelMap } from "../data/label-png";
import { eachPixelOf, type InstanceMark, isInEllipse, spanArea, spanOf } from "./instance-mark";

const NOBODY = -1;

/**
 * Gives each box with less than `leastShare` of its pixels the ellipse within it: what is free there, and what belongs to
 * larger boxes, since what is in front is smaller. What a person drew as another class stays out.
 * @param owners changed: index of the mark that each pixel is of, −1 where there is none
 * @returns the marks that were filled
 */
export function fillLost(
  owners: Int32Array,
  marks: readonly InstanceMark[],
  { label, isDrawn }: { readonly label: LabelMap; readonly isDrawn?: Uint8Array },
  leastShare: number,
): Set<number> {
  const pixels = new Float64Array(marks.length);
  for (const owner of owners) if (owner !== NOBODY) pixels[owner]++;
  const spans = marks.map((mark) => spanOf(mark, label));
  const areas = spans.map(spanArea);
  const lost = marks
    .map((_, index) => index)
    .filter((index) => marks[index].box !== undefined && pixels[index] < leastShare * areas[index])
    .sort((a, b) => areas[b] - areas[a]);
  for (const index of lost)
    eachPixelOf(spans[index], label.width, (pixel, x, y) => {
      const owner = owners[pixel];
      if (owner !== NOBODY && areas[owner] <= areas[index]) return;
      if (isDrawn?.[pixel] === 1 && label.data[pixel] !== marks[index].class) return;
      if (isInEllipse(spans[index], x, y)) owners[pixel] = index;
    });
  return new Set(lost);
}
