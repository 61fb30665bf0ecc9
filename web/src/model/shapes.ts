/** What is drawn on a photograph, as values that are never changed: each edit gives new shapes, which makes undo easy. */

import type { PinnedRegion, ShapeStroke, Shapes } from "../../../src/annotate/protocol";

export type { PinnedRegion, ShapeBox, ShapeClick, ShapeStroke, Shapes } from "../../../src/annotate/protocol";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** In pixels of the photograph; whole numbers are the centres of pixels, as in the files. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export const NO_SHAPES: Shapes = { boxes: [], strokes: [], clicks: [], pins: [] };

/** Inside the photograph, to a hundredth of a pixel: what the files hold. */
export function settled({ x, y }: Place, { width, height }: Size): Place {
  const within = (value: number, last: number): number => Math.round(Math.min(last, Math.max(0, value)) * 100) / 100;
  return { x: within(x, width - 1), y: within(y, height - 1) };
}

/** A stroke without the points that add less than a third of a pixel. */
export function thinned(points: readonly Place[]): number[] {
  const kept: number[] = [];
  for (const [index, { x, y }] of points.entries()) {
    const last = kept.length - 2;
    const isEnd = index === points.length - 1;
    if (last < 0 || isEnd || Math.hypot(x - kept[last], y - kept[last + 1]) >= 1) kept.push(x, y);
  }
  return kept;
}

/** Shapes without what lies within `radius` of a place: strokes lose that part, boxes and clicks go as a whole. */
export function erased(shapes: Shapes, at: Place, radius: number): Shapes {
  const near = (x: number, y: number): boolean => Math.hypot(x - at.x, y - at.y) <= radius;
  const strokes = shapes.strokes.flatMap((stroke) => cut(stroke, at, radius));
  const boxes = shapes.boxes.filter(({ xmin, ymin, xmax, ymax }) => {
    const inner = Math.min(at.x - xmin, xmax - at.x, at.y - ymin, ymax - at.y);
    const outer = Math.hypot(Math.max(xmin - at.x, 0, at.x - xmax), Math.max(ymin - at.y, 0, at.y - ymax));
    return inner >= 0 ? inner > radius : outer > radius;
  });
  const clicks = shapes.clicks.filter(({ x, y }) => !near(x, y));
  const same =
    strokes.length === shapes.strokes.length &&
    strokes.every((stroke, index) => stroke === shapes.strokes[index]) &&
    boxes.length === shapes.boxes.length &&
    clicks.length === shapes.clicks.length;
  return same ? shapes : { ...shapes, strokes, boxes, clicks };
}

/** The parts of a stroke that an eraser leaves; the very same stroke where it misses. */
function cut(stroke: ShapeStroke, at: Place, radius: number): ShapeStroke[] {
  const dense = denser(stroke.points);
  const out = (i: number): boolean => Math.hypot(dense[i] - at.x, dense[i + 1] - at.y) > radius;
  let touched = false;
  const parts: number[][] = [[]];
  for (let i = 0; i < dense.length; i += 2) {
    if (out(i)) parts[parts.length - 1].push(dense[i], dense[i + 1]);
    else {
      touched = true;
      if (parts[parts.length - 1].length > 0) parts.push([]);
    }
  }
  if (!touched) return [stroke];
  return parts.filter((points) => points.length >= 2).map((points) => ({ class: stroke.class, points }));
}

/** With points at most one pixel apart, so that a cut is where the eraser was. */
function denser(points: readonly number[]): number[] {
  const dense = [points[0], points[1]];
  for (let i = 2; i < points.length; i += 2) {
    const [x0, y0, x1, y1] = [points[i - 2], points[i - 1], points[i], points[i + 1]];
    const steps = Math.max(1, Math.ceil(Math.hypot(x1 - x0, y1 - y0)));
    for (let step = 1; step <= steps; step++) {
      const t = step / steps;
      dense.push(round(x0 + (x1 - x0) * t), round(y0 + (y1 - y0) * t));
    }
  }
  return dense;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The four-connected region of one class around a pixel, as runs. */
export function regionAt(label: Uint8Array, { width, height }: Size, { x, y }: Place): PinnedRegion {
  const start = Math.round(y) * width + Math.round(x);
  const wanted = label[start];
  const inside = new Uint8Array(width * height);
  const stack = [start];
  inside[start] = 1;
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const column = at % width;
    for (const next of [column > 0 ? at - 1 : -1, column < width - 1 ? at + 1 : -1, at - width, at + width]) {
      if (next < 0 || next >= inside.length || inside[next] === 1 || label[next] !== wanted) continue;
      inside[next] = 1;
      stack.push(next);
    }
  }
  const runs: number[] = [];
  for (let at = 0; at < inside.length; at++) {
    if (inside[at] === 0) continue;
    const first = at;
    while (at + 1 < inside.length && inside[at + 1] === 1 && (at + 1) % width !== 0) at++;
    runs.push(first, at - first + 1);
  }
  return { class: wanted, runs };
}

export function covers({ runs }: PinnedRegion, pixel: number): boolean {
  let [low, high] = [0, runs.length / 2 - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const start = runs[2 * middle];
    if (pixel < start) high = middle - 1;
    else if (pixel >= start + runs[2 * middle + 1]) low = middle + 1;
    else return true;
  }
  return false;
}
