/**
 * Seeds straight from boxes, where no seed label is given: outside every box is background; inside, only the middle is
 * sure enough to be of the box's class, the rest is unknown. (The reference has no such rule: its box seeds come from
 * CAMs and GrabCut.)
 */

import { pixelsOf } from "./box-pixels";
import type { ImageSize } from "./dataset";
import type { LabelMap } from "./label-png";
import type { Box } from "./voc-boxes";

/** Share of a box's area, in its middle and of its shape, that is taken to be of its class. */
const MIDDLE_SHARE = 0.2;

/** Where boxes overlap the smaller one wins, as it is the more specific. */
export function boxSeed(
  boxes: readonly Box[],
  { width, height }: ImageSize,
  ignore: number,
  share: number = MIDDLE_SHARE,
): LabelMap {
  const data = new Uint8Array(width * height);
  const area = (box: Box): number => (box.xmax - box.xmin + 1) * (box.ymax - box.ymin + 1);
  for (const box of [...boxes].sort((a, b) => area(b) - area(a))) {
    const pixels = pixelsOf(box, { width, height });
    if (pixels === undefined) continue;
    const columns = { from: pixels.left, to: pixels.right + 1 };
    const rows = { from: pixels.top, to: pixels.bottom + 1 };
    fill(data, width, rows, columns, ignore);
    fill(data, width, middle(rows, share), middle(columns, share), box.class);
  }
  return { width, height, data };
}

/** Half-open. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Each side shrinks by √share; at least one pixel stays. */
function middle({ from, to }: Span, share: number): Span {
  const centre = (from + to) / 2;
  const half = ((to - from) * Math.sqrt(share)) / 2;
  const start = Math.min(Math.round(centre - half), to - 1);
  return { from: start, to: Math.max(Math.round(centre + half), start + 1) };
}

function fill(data: Uint8Array, width: number, rows: Span, columns: Span, value: number): void {
  for (let y = rows.from; y < rows.to; y++) data.fill(value, y * width + columns.from, y * width + columns.to);
}
