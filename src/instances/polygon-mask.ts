/**
 * Polygons as masks, pixel for pixel as pycocotools' `frPyObjects` and `merge` draw them: the outline is walked in steps of
 * a fifth of a pixel; where it passes the middle of a column, the pixels below change sides.
 */

import type { ImageSize } from "../data/dataset";
import { shown } from "../data/json";
import { expected } from "../errors";
import { union } from "./mask-overlap";
import type { Rle } from "./rle";

/** Steps a pixel. */
const SCALE = 5;
/** Longest outline that is walked, in steps: a hundred times around the largest photograph. */
const MAX_STEPS = 2 ** 26;

/**
 * The pixels inside any of the polygons.
 * @param polygons corners of each as `[x, y, x, y, …]`, at least three
 * @throws UserError "input" for fewer corners, other numbers, and outlines of absurd length
 */
export function polygonsMask(polygons: readonly (readonly number[])[], size: ImageSize, where: string): Rle {
  if (polygons.length === 0) throw expected("input", "at least one polygon", "none", where);
  return polygons.map((polygon) => polygonMask(polygon, size, where)).reduce(union);
}

function polygonMask(polygon: readonly number[], { width, height }: ImageSize, where: string): Rle {
  const isPolygon = Array.isArray(polygon) && polygon.length >= 6 && polygon.length % 2 === 0;
  if (!isPolygon || !polygon.every(Number.isFinite))
    throw expected("input", "a polygon [x, y, x, y, …] of three or more corners", shownPolygon(polygon), where);
  const corners = polygon.map((value) => Math.trunc(SCALE * value + 0.5));
  if (outlineSteps(corners) > MAX_STEPS)
    throw expected("input", "a polygon near its image", "an outline of absurd length", where);

  // Places where a side begins or ends, counted down the columns.
  const changes: number[] = [];
  let [previousU, previousV] = [Number.NaN, Number.NaN];
  eachStep(corners, (u, v) => {
    const x = (Math.min(u, previousU) + 0.5) / SCALE - 0.5;
    if (u !== previousU && Number.isInteger(x) && x >= 0 && x <= width - 1) {
      const y = (Math.min(v, previousV) + 0.5) / SCALE - 0.5;
      changes.push(x * height + Math.ceil(Math.min(Math.max(y, 0), height)));
    }
    [previousU, previousV] = [u, v];
  });
  return between(Float64Array.from(changes).sort(), { width, height });
}

/** The corners, and after them the first again. */
function* sidesOf(corners: readonly number[]): Generator<readonly [x: number, y: number, u: number, v: number]> {
  for (let at = 0; at < corners.length; at += 2) {
    const next = (at + 2) % corners.length;
    yield [corners[at], corners[at + 1], corners[next], corners[next + 1]];
  }
}

function outlineSteps(corners: readonly number[]): number {
  let steps = 0;
  for (const [x, y, u, v] of sidesOf(corners)) steps += Math.max(Math.abs(u - x), Math.abs(v - y)) + 1;
  return steps;
}

/** Walks along each side in whole steps of the longer direction; a side gives the same places in either direction. */
function eachStep(corners: readonly number[], visit: (u: number, v: number) => void): void {
  for (const [x, y, u, v] of sidesOf(corners)) {
    const [dx, dy] = [Math.abs(u - x), Math.abs(v - y)];
    const length = Math.max(dx, dy);
    const isFlat = dx >= dy;
    const isBackward = isFlat ? x > u : y > v;
    const [fromX, fromY, toX, toY] = isBackward ? [u, v, x, y] : [x, y, u, v];
    const slope = length === 0 ? 0 : (isFlat ? toY - fromY : toX - fromX) / length;
    for (let step = 0; step <= length; step++) {
      const t = isBackward ? length - step : step;
      if (isFlat) visit(fromX + t, Math.trunc(fromY + slope * t + 0.5));
      else visit(Math.trunc(fromX + slope * t + 0.5), fromY + t);
    }
  }
}

/** Run lengths whose sides change at the places given, ascending; two changes in one place are none. */
function between(places: Float64Array, { width, height }: ImageSize): Rle {
  const changes: number[] = [];
  for (const place of places) {
    if (changes[changes.length - 1] === place) changes.pop();
    else changes.push(place);
  }
  const pixels = width * height;
  if (changes[changes.length - 1] === pixels) changes.pop();
  const counts = [...changes, pixels].map((place, index) => place - (changes[index - 1] ?? 0));
  return { width, height, counts: Uint32Array.from(counts) };
}

function shownPolygon(polygon: unknown): string {
  return Array.isArray(polygon) ? `${polygon.length} numbers, ${shown(polygon)}` : shown(polygon);
}
