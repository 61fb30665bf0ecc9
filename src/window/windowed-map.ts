/**
 * The central data structure: what every cell of a grid has to do with the cells around it. A windowed map holds one value
 * for each cell and each offset of the (2r+1)² window around it, [n, d·d], so memory stays linear in the cells. This file
 * is the only place that knows how pairs lie in it. Plain arrays: worker threads and pictures use it too.
 *
 * Letters: n = height·width cells in row-major order, d = 2·radius + 1; the pair of a cell and its neighbour at (dy, dx)
 * stands at cell·d² + (dy + r)·d + (dx + r).
 */

import { expected } from "../errors";

/** Pixels along the side of a grid cell: the stride of ResNet38. */
export const CELL = 8;

/** A grid of cells, and how far each of them sees. */
export interface WindowGrid {
  readonly height: number;
  readonly width: number;
  readonly radius: number;
}

/** Affinities, attention, kernels or pair codes. What stands at neighbours outside the map never counts. */
export interface WindowedMap<V extends Float32Array | Uint8Array = Float32Array> extends WindowGrid {
  /** [n, d·d] */
  readonly values: V;
}

/** The neighbour's number where it lies outside the map. */
export const OUTSIDE = -1;

/** @param pair index into `values` @param neighbour cell number; for `forEachPair` perhaps `OUTSIDE` */
export type VisitPair = (pair: number, cell: number, neighbour: number) => void;

/** d·d, the number of values a cell has. */
export function windowArea({ radius }: Pick<WindowGrid, "radius">): number {
  return (2 * radius + 1) ** 2;
}

/** n·d·d, the number of values in all. */
export function windowSize({ height, width, radius }: WindowGrid): number {
  return height * width * windowArea({ radius });
}

/** @throws UserError "input" where the values do not fill the window of every cell */
export function windowedMap<V extends Float32Array | Uint8Array>(
  values: V,
  { height, width, radius }: WindowGrid,
): WindowedMap<V> {
  const area = windowArea({ radius });
  if (values.length !== height * width * area)
    throw expected(
      "input",
      `${height * width} cells with ${area} values each`,
      `${values.length} values`,
      `windowed map of ${height}×${width} cells, radius ${radius}`,
    );
  return { height, width, radius, values };
}

/** Every pair of a cell and a neighbour inside the map, the cell itself included, in the order of `values`. */
export function forEachNeighbour(grid: WindowGrid, visit: VisitPair): void {
  for (let cell = 0; cell < grid.height * grid.width; cell++) forEachNeighbourOf(grid, cell, visit);
}

/** The pairs of one cell. */
export function forEachNeighbourOf({ height, width, radius }: WindowGrid, cell: number, visit: VisitPair): void {
  const d = 2 * radius + 1;
  const y = Math.floor(cell / width);
  const x = cell % width;
  const [left, right] = [Math.max(0, radius - x), Math.min(d, width + radius - x)];
  for (let wy = Math.max(0, radius - y); wy < Math.min(d, height + radius - y); wy++) {
    const pair = cell * d * d + wy * d;
    const row = (y + wy - radius) * width + x - radius;
    for (let wx = left; wx < right; wx++) visit(pair + wx, cell, row + wx);
  }
}

/** Every place of `values`, with `OUTSIDE` for neighbours outside the map. */
export function forEachPair(grid: WindowGrid, visit: VisitPair): void {
  for (let cell = 0; cell < grid.height * grid.width; cell++) forEachPairOf(grid, cell, visit);
}

/** A function of its own for each cell's pairs: V8 optimises it early, a loop over the whole map ten times later. */
function forEachPairOf({ height, width, radius }: WindowGrid, cell: number, visit: VisitPair): void {
  const y = Math.floor(cell / width);
  const x = cell % width;
  let pair = cell * windowArea({ radius });
  for (let ny = y - radius; ny <= y + radius; ny++) {
    const rowInside = ny >= 0 && ny < height;
    for (let nx = x - radius; nx <= x + radius; nx++, pair++)
      visit(pair, cell, rowInside && nx >= 0 && nx < width ? ny * width + nx : OUTSIDE);
  }
}

/** Where the same two cells stand the other way round: the pair of the neighbour and the cell. */
export function oppositePair(pair: number, cell: number, neighbour: number, area: number): number {
  return neighbour * area + area - 1 - (pair - cell * area);
}

/** The windowed map of the transposed matrix; neighbours outside the map give 0. */
export function transposed(map: WindowedMap): WindowedMap {
  const area = windowArea(map);
  const values = new Float32Array(map.values.length);
  forEachNeighbour(map, (pair, cell, neighbour) => {
    values[pair] = map.values[oppositePair(pair, cell, neighbour, area)];
  });
  return { ...map, values };
}
