/** Strokes on a label: every pixel whose centre is within half the stroke's width of the polyline. */

import type { ImageSize } from "./dataset";

/** Draws `points` (x, y, x, y, …) with `value` into `data` (row-major); a single point draws a dot. */
export function drawPolyline(
  data: Uint8Array,
  size: ImageSize,
  points: readonly number[],
  strokeWidth: number,
  value: number,
): void {
  const last = points.length - 2;
  for (let i = 0; i === 0 || i < last; i += 2) {
    const next = Math.min(i + 2, last);
    drawSegment(data, size, [points[i], points[i + 1], points[next], points[next + 1]], strokeWidth / 2, value);
  }
}

type Segment = readonly [x0: number, y0: number, x1: number, y1: number];

/** Walks the rows of the segment's part near the image, so that far ends and long segments cost no more than its pixels. */
function drawSegment(data: Uint8Array, size: ImageSize, whole: Segment, reach: number, value: number): void {
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
  for (let y = firstRow; y <= lastRow; y++) {
    // the part of the segment at most `reach` above or below this row bounds the columns
    const at = (row: number): number => x0 + dx * (dy === 0 ? 0 : Math.min(1, Math.max(0, (row - y0) / dy)));
    const ends = dy === 0 ? [x0, x1] : [at(y - reach), at(y + reach)];
    const left = Math.max(0, Math.ceil(Math.min(...ends) - reach));
    const right = Math.min(size.width - 1, Math.floor(Math.max(...ends) + reach));
    for (let x = left; x <= right; x++) if (within(x, y)) data[y * size.width + x] = value;
  }
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
