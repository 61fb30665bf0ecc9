/**
 * Which pairs of cells the affinity network learns from, and what it learns: alike where both are background or of one
 * class, unlike where they differ; nothing where either is unknown. docs/method.md, section 2.3; golden 05.
 */

import {
  forEachNeighbour,
  forEachNeighbourOf,
  forEachPair,
  OUTSIDE,
  type VisitPair,
  type WindowGrid,
  windowSize,
} from "../../window/windowed-map";

/** Codes of a pair. */
export const NO_PAIR = 0;
export const BACKGROUND_PAIR = 1;
export const FOREGROUND_PAIR = 2;
export const NEGATIVE_PAIR = 3;

/**
 * How pairs lie around a cell.
 * window  all (2r+1)² neighbours, the cell itself included; neighbours outside the map have label 0, as in the reference
 *         (train_gated_aff.py)
 * disc    each pair once, closer than r + 1 cells, of cells whose whole half-disc lies inside the map (SEAM's train_aff.py)
 */
export type PairShape = "window" | "disc";

export interface PairGeometry extends WindowGrid {
  readonly shape: PairShape;
}

/**
 * @param label [h·w]: class, or `ignore`
 * @returns codes [n, d·d]
 */
export function pairLabels(label: Uint8Array, ignore: number, geometry: PairGeometry): Uint8Array {
  const pairs = new Uint8Array(windowSize(geometry));
  const mark = (pair: number, cell: number, neighbour: number): void => {
    const own = label[cell];
    const other = neighbour === OUTSIDE ? 0 : label[neighbour];
    if (own === ignore || other === ignore) return;
    pairs[pair] = own !== other ? NEGATIVE_PAIR : own === 0 ? BACKGROUND_PAIR : FOREGROUND_PAIR;
  };
  if (geometry.shape === "window") forEachPair(geometry, mark);
  else forEachDiscPair(geometry, mark);
  return pairs;
}

/** Pairs of both cells inside the un-padded crop: 1, else 0. [n, d·d] */
export function insidePairs(inside: Uint8Array, geometry: PairGeometry): Uint8Array {
  const pairs = new Uint8Array(windowSize(geometry));
  forEachNeighbour(geometry, (pair, cell, neighbour) => {
    pairs[pair] = inside[cell] !== 0 && inside[neighbour] !== 0 ? 1 : 0;
  });
  return pairs;
}

/** The pairs of the disc: their neighbours are never outside the map. */
function forEachDiscPair(geometry: PairGeometry, visit: VisitPair): void {
  const { height, width, radius } = geometry;
  for (let y = 0; y < height - radius; y++)
    for (let x = radius; x < width - radius; x++)
      forEachNeighbourOf(geometry, y * width + x, (pair, cell, neighbour) => {
        if (neighbour <= cell) return; // each pair once
        const [dy, dx] = [Math.floor(neighbour / width) - y, (neighbour % width) - x];
        if (dy * dy + dx * dx < (radius + 1) ** 2) visit(pair, cell, neighbour);
      });
}
