/**
 * Regions of pixels as outlines: their border walked along the edges between pixels. A hole is joined to the border by a
 * seam that is walked there and back, which encloses nothing, so that one polygon is one region exactly, in formats that
 * know no holes.
 */

import { decodeMask, maskBox, type Rle } from "./rle";

/** Pixels in runs along the rows of an image. */
export interface PixelRuns {
  /** Start and length of each run, row-major, ascending. */
  readonly runs: readonly number[];
  /** Pixels, both ends included. */
  readonly box: { readonly xmin: number; readonly ymin: number; readonly xmax: number; readonly ymax: number };
}

/**
 * A mask as polygons, one for each four-connected part of it, holes included by seams; drawn as `polygonsMask` draws, they
 * are the mask again, pixel for pixel. None for an empty mask.
 */
export function maskOutlines(mask: Rle): (readonly number[])[] {
  const loops = loopsOfMask(mask);
  const holes = loops.filter((loop) => signedArea(loop) < 0).sort((a, b) => signedArea(a) - signedArea(b));
  const parts = loops
    .filter((loop) => signedArea(loop) > 0)
    .sort((a, b) => signedArea(a) - signedArea(b))
    .map((outer) => ({ outer, holes: [] as Loop[] }));
  for (const hole of holes) {
    // Walks begin with an edge to the right, the mask below it: the smallest border around that pixel is its part's.
    parts.find(({ outer }) => encloses(outer, hole[0] + 0.5, hole[1] + 0.5))?.holes.push(hole);
  }
  return parts.reverse().map(({ outer, holes: own }) => own.reduce(joined, outer));
}

/** A mask as a single polygon, its parts joined by seams: for formats that have one polygon an object. */
export function maskOutline(mask: Rle): readonly number[] {
  const outlines = maskOutlines(mask);
  return outlines.length === 0 ? [] : outlines.reduce(joined);
}

/** The region's outline `[x, y, x, y, …]` in edges between pixels: pixel x is from x to x + 1. */
export function regionOutline({ runs, box }: PixelRuns, width: number): readonly number[] {
  const loops = loopsOf(runs, box, width).sort((a, b) => Math.abs(signedArea(b)) - Math.abs(signedArea(a)));
  return loops.reduce(joined);
}

type Loop = readonly number[];

/** Right, down, left, up. */
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

function loopsOfMask(mask: Rle): Loop[] {
  const [x, y, width, height] = maskBox(mask);
  if (width === 0) return [];
  const runs: number[] = [];
  const inside = decodeMask(mask);
  for (let at = y * mask.width; at < (y + height) * mask.width; ) {
    let end = at + 1;
    while (end % mask.width !== 0 && inside[end] === inside[at]) end++;
    if (inside[at] === 1) runs.push(at, end - at);
    at = end;
  }
  return loopsOf(runs, { xmin: x, ymin: y, xmax: x + width - 1, ymax: y + height - 1 }, mask.width);
}

/** Whether a point between the edges lies within a loop: it has an odd number of upright edges to its right. */
function encloses(loop: Loop, x: number, y: number): boolean {
  let odd = false;
  for (let i = 0; i < loop.length; i += 2) {
    const next = (i + 2) % loop.length;
    const [above, below] = [Math.min(loop[i + 1], loop[next + 1]), Math.max(loop[i + 1], loop[next + 1])];
    if (loop[i] === loop[next] && loop[i] > x && above < y && y < below) odd = !odd;
  }
  return odd;
}

/** Closed walks with the region on the right hand, corners only. */
function loopsOf(runs: readonly number[], { xmin, ymin, xmax, ymax }: PixelRuns["box"], width: number): Loop[] {
  // A rim of one pixel spares the question of what lies beyond the border.
  const [w, h] = [xmax - xmin + 3, ymax - ymin + 3];
  const inside = new Uint8Array(w * h);
  for (let i = 0; i < runs.length; i += 2) {
    const [x, y] = [(runs[i] % width) - xmin + 1, Math.floor(runs[i] / width) - ymin + 1];
    inside.fill(1, y * w + x, y * w + x + runs[i + 1]);
  }
  const isIn = (x: number, y: number): boolean => inside[y * w + x] === 1;
  /** Whether an edge leaves the corner in this direction: the region on its right, none of it on its left. */
  const leaves = (x: number, y: number, direction: number): boolean => {
    const right = [isIn(x, y), isIn(x - 1, y), isIn(x - 1, y - 1), isIn(x, y - 1)][direction];
    const left = [isIn(x, y - 1), isIn(x, y), isIn(x - 1, y), isIn(x - 1, y - 1)][direction];
    return right && !left;
  };
  const walked = new Uint8Array(w * h); // edges to the right that were walked, by the corner that they leave
  const loops: Loop[] = [];
  for (let top = 1; top < h; top++)
    for (let left = 1; left < w; left++) {
      if (!leaves(left, top, 0) || walked[top * w + left] === 1) continue;
      const loop: number[] = [];
      let [x, y, direction, before] = [left, top, 0, -1];
      do {
        if (direction !== before) loop.push(x + xmin - 1, y + ymin - 1);
        if (direction === 0) walked[y * w + x] = 1;
        x += STEPS[direction][0];
        y += STEPS[direction][1];
        before = direction;
        // The sharpest turn to the right stays with the same pixel: regions that touch at a corner only stay apart.
        direction = [1, 0, 3].map((turn) => (before + turn) % 4).find((next) => leaves(x, y, next)) ?? before;
      } while (x !== left || y !== top || direction !== 0);
      loops.push(loop);
    }
  return loops;
}

function signedArea(loop: Loop): number {
  let area = 0;
  for (let i = 0; i < loop.length; i += 2) {
    const next = (i + 2) % loop.length;
    area += loop[i] * loop[next + 1] - loop[next] * loop[i + 1];
  }
  return area / 2;
}

/** One walk out of two: along a seam between their nearest corners, around the hole, and back. */
function joined(outer: Loop, hole: Loop): Loop {
  let best = { distance: Number.POSITIVE_INFINITY, outer: 0, hole: 0 };
  for (let i = 0; i < outer.length; i += 2)
    for (let j = 0; j < hole.length; j += 2) {
      const distance = (outer[i] - hole[j]) ** 2 + (outer[i + 1] - hole[j + 1]) ** 2;
      if (distance < best.distance) best = { distance, outer: i, hole: j };
    }
  const around = [...hole.slice(best.hole), ...hole.slice(0, best.hole + 2)];
  return [...outer.slice(0, best.outer + 2), ...around, ...outer.slice(best.outer)];
}
