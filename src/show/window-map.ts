/** Windowed maps (affinities, attention) as maps of the grid that a picture can show. */

import { expected } from "../errors";
import { forEachNeighbour, forEachNeighbourOf, type WindowedMap, windowArea } from "../window/windowed-map";

/**
 * What one cell has to do with the others: its row of a windowed map, on the grid, 0 outside the window.
 * @param self false: 0 at the cell itself, whose value often outshines the others
 * @returns [n]
 */
export function windowAround(
  windowed: WindowedMap,
  cell: { readonly x: number; readonly y: number },
  { self = true }: { readonly self?: boolean } = {},
): Float32Array {
  const { height, width, values } = windowed;
  const { x, y } = cell;
  if (x < 0 || y < 0 || x >= width || y >= height)
    throw expected("usage", `a cell inside ${width}×${height}`, `(${x}, ${y})`, "windowAround");
  const map = new Float32Array(height * width);
  const own = y * width + x;
  forEachNeighbourOf(windowed, own, (pair, _, neighbour) => {
    if (self || neighbour !== own) map[neighbour] = values[pair];
  });
  return map;
}

/** Mean affinity of each cell to its four neighbours inside the map, [n]: low values are borders in the graph. */
export function borderMap(affinity: WindowedMap): Float32Array {
  const { height, width, radius, values } = affinity;
  const area = windowArea(affinity);
  const centre = (area - 1) / 2;
  const beside = new Set([-1, 1, -(2 * radius + 1), 2 * radius + 1].map((step) => centre + step));
  const sums = new Float64Array(height * width);
  const counts = new Uint8Array(height * width);
  forEachNeighbour(affinity, (pair, cell) => {
    if (!beside.has(pair - cell * area)) return;
    sums[cell] += values[pair];
    counts[cell]++;
  });
  return Float32Array.from(sums, (sum, cell) => (counts[cell] === 0 ? 1 : sum / counts[cell]));
}
