/** Windowed arrays (affinities, attention) as maps of the grid that a picture can show. */

import { expected } from "../errors";
import { neighbourAffinity } from "./affinity-picture";

export interface WindowGrid {
  readonly height: number;
  readonly width: number;
  readonly radius: number;
}

/**
 * What one cell has to do with the others: its row of a windowed array, on the grid, 0 outside the window.
 * @param windowed [n, d·d]
 * @param self false: 0 at the cell itself, whose value often outshines the others
 * @returns [n]
 */
export function windowAround(
  windowed: Float32Array,
  { height, width, radius }: WindowGrid,
  cell: { readonly x: number; readonly y: number },
  { self = true }: { readonly self?: boolean } = {},
): Float32Array {
  const { x, y } = cell;
  if (x < 0 || y < 0 || x >= width || y >= height)
    throw expected("usage", `a cell inside ${width}×${height}`, `(${x}, ${y})`, "windowAround");
  const d = 2 * radius + 1;
  const map = new Float32Array(height * width);
  for (let dy = -radius; dy <= radius; dy++)
    for (let dx = -radius; dx <= radius; dx++) {
      if (x + dx < 0 || y + dy < 0 || x + dx >= width || y + dy >= height) continue;
      map[(y + dy) * width + x + dx] = windowed[((y * width + x) * d + dy + radius) * d + dx + radius];
    }
  if (!self) map[y * width + x] = 0;
  return map;
}

/** Mean affinity of each cell to its four neighbours, [n]: low values are borders in the graph. */
export function borderMap(affinity: Float32Array, { height, width, radius }: WindowGrid): Float32Array {
  return neighbourAffinity(affinity, height, width, radius);
}
