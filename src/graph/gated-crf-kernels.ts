/**
 * Kernels of the gated CRF losses: how alike the position and colour of two cells are, inside a window. They depend on
 * the image only. Plain arrays, so that worker threads can make them. docs/method.md, sections 2.3 and 3.4; goldens 05,
 * 07.
 */

import { forEachPair, OUTSIDE, type WindowedMap, type WindowGrid, windowSize } from "../window/windowed-map";

/** One kernel: its weight, and the standard deviations of position (cells) and, where given, colour. */
export interface KernelDescription {
  readonly weight: number;
  readonly xy?: number;
  readonly rgb?: number;
}

/** Kernels before any mask, 0 at the centre. @param colour [n·3], the normalised image at the grid's size */
export function gatedCrfKernels(
  colour: Float32Array,
  { height, width, radius }: WindowGrid,
  kernels: readonly KernelDescription[],
): WindowedMap {
  const map = { height, width, radius, values: new Float32Array(windowSize({ height, width, radius })) };
  const column = Int32Array.from({ length: height * width }, (_, cell) => cell % width);
  const row = Int32Array.from({ length: height * width }, (_, cell) => Math.floor(cell / width));
  for (const { weight, xy, rgb } of kernels)
    forEachPair(map, (pair, cell, neighbour) => {
      if (neighbour === cell) return;
      // reference: the zero padding of unfold gives every neighbour outside the map the position (0, 0) and the colour 0
      const inside = neighbour !== OUTSIDE;
      let distance = 0;
      if (xy !== undefined)
        distance +=
          (((inside ? column[neighbour] : 0) - column[cell]) / xy) ** 2 +
          (((inside ? row[neighbour] : 0) - row[cell]) / xy) ** 2;
      if (rgb !== undefined)
        for (let c = 0; c < 3; c++)
          distance += (((inside ? colour[neighbour * 3 + c] : 0) - colour[cell * 3 + c]) / rgb) ** 2;
      map.values[pair] += weight * Math.exp(-0.5 * distance);
    });
  return map;
}
