/**
 * Strokes on a label: every pixel whose centre is within half the stroke's width of the polyline. In time linear in the
 * pixels that they touch: segments are clipped first, then each row is one run, and a stroke many times as long as the
 * photograph has pixels is refused.
 */

import { expected } from "../errors";
import type { ImageSize } from "./dataset";

/** Counts the rows that strokes cross, over a whole image. @throws UserError "input" beyond what a hand could draw */
export type StrokeBudget = (rows: number) => void;

/** Rows that may be crossed besides one for each pixel. */
const SPARE_ROWS = 1 << 20;

export function createStrokeBudget({ width, height }: ImageSize, where: string): StrokeBudget {
  let left = width * height + SPARE_ROWS;
  return (rows) => {
    left -= rows;
    if (left < 0)
      throw expected("input", "strokes that a hand could draw", "more of them than the image has pixels", where);
  };
}

/** Draws `points` (x, y, x, y, …) with `value` into `data` (row-major); a single point draws a dot. */
export function drawPolyline(
  data: Uint8Array,
  size: ImageSize,
  points: readonly number[],
  strokeWidth: number,
  value: number,
  budget: StrokeBudget = () => undefined,
): void {
  const last = points.length - 2;
  const drawn = new Set<string>(); // a stroke that goes to and fro draws each way once
  for (let i = 0; i === 0 || i < last; i += 2) {
    const next = Math.min(i + 2, last);
    const segment: Segment = [points[i], points[i + 1], points[next], points[next + 1]];
    const key = segment.join();
    if (drawn.has(key)) continue;
    if (drawn.size < MAX_REMEMBERED) drawn.add(key);
    drawSegment(data, size, segment, strokeWidth / 2, value, budget);
  }
}

type Segment = readonly [x0: number, y0: number, x1: number, y1: number];

const MAX_REMEMBERED = 100_000;

/** A row of a thick segment is one run of pixels, as it is convex. */
function drawSegment(
  data: Uint8Array,
  size: ImageSize,
  whole: Segment,
  reach: number,
  value: number,
  budget: StrokeBudget,
): void {
  const segment = clip(whole, size, reach);
  if (segment === undefined) return;
  const [x0, y0, x1, y1] = segment;
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const within = (x: number, y: number): boolean => {
    const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length));
    return (x - x0 - t * dx) ** 2 + (y - y0 - t * dy) ** 2 <= reach * reach + 1e-9;
  };
  const firstRow = Math.max(0, Math.ceil(Math.min(y0, y1) - reach));
  const lastRow = Math.min(size.height - 1, Math.floor(Math.max(y0, y1) + reach));
  if (lastRow >= firstRow) budget(lastRow - firstRow + 1);
  const square = reach * reach + 1e-9;
  const far = (reach + 1e-9) * Math.sqrt(length);
  for (let y = firstRow; y <= lastRow; y++) {
    // where the row enters and leaves the discs around the ends,
    const [above, below] = [square - (y - y0) * (y - y0), square - (y - y1) * (y - y1)];
    const [first, last] = [above < 0 ? Number.NaN : Math.sqrt(above), below < 0 ? Number.NaN : Math.sqrt(below)];
    let low = Math.min(above < 0 ? Infinity : x0 - first, below < 0 ? Infinity : x1 - last);
    let high = Math.max(above < 0 ? -Infinity : x0 + first, below < 0 ? -Infinity : x1 + last);
    // and the strip between them: between the lines through the ends, and `reach` to either side of the segment
    if (length > 0) {
      const along = (y - y0) * dy - x0 * dx;
      const across = -(y - y0) * dx - x0 * dy;
      const from = Math.max(enter(dx, along, 0, length), enter(dy, across, -far, far));
      const to = Math.min(leave(dx, along, 0, length), leave(dy, across, -far, far));
      if (from <= to) {
        low = Math.min(low, from);
        high = Math.max(high, to);
      }
    }
    if (!(low <= high)) continue;
    let left = Math.max(0, Math.floor(low));
    let right = Math.min(size.width - 1, Math.ceil(high));
    while (left <= right && !within(left, y)) left++;
    while (right >= left && !within(right, y)) right--;
    if (left <= right) data.fill(value, y * size.width + left, y * size.width + right + 1);
  }
}

/** The least x with from ≤ slope · x + offset ≤ to; ∞ where there is none. */
function enter(slope: number, offset: number, from: number, to: number): number {
  if (slope === 0) return offset >= from && offset <= to ? -Infinity : Infinity;
  return slope > 0 ? (from - offset) / slope : (to - offset) / slope;
}

/** The largest such x; −∞ where there is none. */
function leave(slope: number, offset: number, from: number, to: number): number {
  if (slope === 0) return offset >= from && offset <= to ? Infinity : -Infinity;
  return slope > 0 ? (to - offset) / slope : (from - offset) / slope;
}

/** The part of a segment within the image widened by `margin` (Liang and Barsky), or undefined where none is. */
function clip([x0, y0, x1, y1]: Segment, { width, height }: ImageSize, margin: number): Segment | undefined {
  let [from, to] = [0, 1];
  const sides: readonly [delta: number, room: number][] = [
    [x0 - x1, x0 + margin],
    [x1 - x0, width - 1 + margin - x0],
    [y0 - y1, y0 + margin],
    [y1 - y0, height - 1 + margin - y0],
  ];
  for (const [delta, room] of sides) {
    if (delta === 0 && room < 0) return undefined;
    if (delta < 0) from = Math.max(from, room / delta);
    if (delta > 0) to = Math.min(to, room / delta);
  }
  if (from > to) return undefined;
  return [x0 + from * (x1 - x0), y0 + from * (y1 - y0), x0 + to * (x1 - x0), y0 + to * (y1 - y0)];
}
