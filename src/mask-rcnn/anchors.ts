/**
 * Anchors (Ren et al. 2015; one size a level as in Lin et al. 2017): at every cell of every map of the pyramid three boxes of
 * one area, as high as wide, half and twice as high.
 */

import { type BoxArray, joinBoxes } from "./boxes";
import type { Variant } from "./variant";

/** Height over width. */
const RATIOS: readonly number[] = [0.5, 1, 2];

export const ANCHORS_PER_CELL: number = RATIOS.length;

/** Side of the square anchors on the finest map; twice as long on each coarser one. */
const FINEST_SIDE = 32;

/** Cells of a map, and pixels of the image that a cell is wide. */
export interface Grid {
  readonly height: number;
  readonly width: number;
  readonly stride: number;
}

/** @param grids from the finest to the coarsest @returns all anchors, level by level, row by row, cell by cell */
export function anchorsOf(
  grids: readonly Grid[],
  { roundsAnchors, sharesStrides }: Pick<Variant, "roundsAnchors" | "sharesStrides">,
): BoxArray {
  const [{ stride, ...finest }] = grids;
  return joinBoxes(
    grids.map((grid, level) => {
      const shared = [
        Math.floor((finest.height * stride) / grid.height),
        Math.floor((finest.width * stride) / grid.width),
      ];
      const [down, across] = sharesStrides ? shared : [grid.stride, grid.stride];
      return gridAnchors(grid, down, across, FINEST_SIDE * 2 ** level, roundsAnchors);
    }),
  );
}

function gridAnchors(
  { height, width }: Grid,
  strideDown: number,
  strideAcross: number,
  side: number,
  rounded: boolean,
): BoxArray {
  const halves = RATIOS.map((ratio) => (rounded ? roundedHalves(side, ratio) : exactHalves(side, ratio)));
  const anchors = new Float32Array(height * width * RATIOS.length * 4);
  let at = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (const [across, down] of halves) {
        anchors[at++] = x * strideAcross - across;
        anchors[at++] = y * strideDown - down;
        anchors[at++] = x * strideAcross + across;
        anchors[at++] = y * strideDown + down;
      }
  return anchors;
}

/** Half of the width and of the height. */
function exactHalves(side: number, ratio: number): readonly [number, number] {
  const width = Math.sqrt((side * side) / ratio);
  return [Math.fround(width / 2), Math.fround((ratio * width) / 2)];
}

function roundedHalves(side: number, ratio: number): readonly [number, number] {
  const { fround } = Math;
  const down = fround(Math.sqrt(ratio));
  const across = fround(1 / down);
  return [roundHalfEven(fround(across * side) / 2), roundHalfEven(fround(down * side) / 2)];
}

/** PyTorch's `round`. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
