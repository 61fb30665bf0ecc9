/** Rectangles that are turned about their middle: what counts here is the upright box that encloses them. */

import type { Sides } from "./orientation";

/** @param degrees clockwise, as CVAT and Label Studio count; about the middle, or about `pivot` */
export function enclosingTurned(
  { xmin, ymin, xmax, ymax }: Sides,
  degrees: number,
  pivot: readonly [x: number, y: number] = [(xmin + xmax) / 2, (ymin + ymax) / 2],
): Sides {
  if (degrees % 360 === 0) return { xmin, ymin, xmax, ymax };
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const corners = [
    [xmin, ymin],
    [xmax, ymin],
    [xmax, ymax],
    [xmin, ymax],
  ].map(([x, y]): [number, number] => {
    const [dx, dy] = [x - pivot[0], y - pivot[1]];
    return [pivot[0] + dx * cos - dy * sin, pivot[1] + dx * sin + dy * cos];
  });
  return enclosing(corners);
}

/** The upright box around points; of none, an inverted one. */
export function enclosing(points: Iterable<readonly [x: number, y: number]>): Sides {
  let [xmin, ymin, xmax, ymax] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    xmin = Math.min(xmin, x);
    ymin = Math.min(ymin, y);
    xmax = Math.max(xmax, x);
    ymax = Math.max(ymax, y);
  }
  return { xmin, ymin, xmax, ymax };
}

/** First and last pixels of a rectangle given by its edges: a pixel counts where the rectangle covers half of it. */
export function pixelsInside(left: number, top: number, right: number, bottom: number): Sides {
  const [xmin, ymin] = [Math.round(left), Math.round(top)];
  const last = (edge: number, opposite: number, first: number): number =>
    edge >= opposite ? Math.max(first, Math.round(edge) - 1) : edge; // inverted edges stay inverted
  return { xmin, ymin, xmax: last(right, left, xmin), ymax: last(bottom, top, ymin) };
}
