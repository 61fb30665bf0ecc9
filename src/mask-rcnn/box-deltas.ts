/**
 * How a box differs from a reference box, as networks predict it (Girshick et al. 2014): the centre's shift in units of the
 * reference's size, and the logarithm of the ratio of sizes, each times a weight.
 */

import { type BoxArray, boxCount } from "./boxes";

/** Factors of the shifts and of the logarithms. */
export interface DeltaWeights {
  readonly centre: number;
  readonly size: number;
}

export const PROPOSAL_WEIGHTS: DeltaWeights = { centre: 1, size: 1 };
export const BOX_WEIGHTS: DeltaWeights = { centre: 10, size: 5 };

/** No box becomes larger than its reference by more: a first feature cell of 16 pixels could be 1000. */
const LARGEST_LOGARITHM = Math.log(1000 / 16);

/** What decodes the reference boxes to the wanted ones, [n·4]. */
export function encodeBoxes(wanted: BoxArray, references: BoxArray, { centre, size }: DeltaWeights): Float32Array {
  const deltas = new Float32Array(references.length);
  for (let i = 0; i < deltas.length; i += 4)
    for (let axis = 0; axis < 2; axis++) {
      const at = i + axis;
      const extent = references[at + 2] - references[at];
      const target = wanted[at + 2] - wanted[at];
      const shift = wanted[at] + 0.5 * target - (references[at] + 0.5 * extent);
      deltas[at] = (centre * shift) / extent;
      deltas[at + 2] = size * Math.log(target / extent);
    }
  return deltas;
}

/**
 * @param deltas [n·k·4], k sets for each reference
 * @param references [n·4]
 * @returns [n·k·4]
 */
export function decodeBoxes(deltas: Float32Array, references: BoxArray, { centre, size }: DeltaWeights): BoxArray {
  const { fround } = Math;
  const sets = boxCount(deltas) / Math.max(1, boxCount(references));
  const boxes = new Float32Array(deltas.length);
  for (let i = 0; i < boxes.length; i += 4) {
    const from = 4 * Math.floor(i / 4 / sets);
    for (let axis = 0; axis < 2; axis++) {
      const start = references[from + axis];
      const extent = fround(references[from + axis + 2] - start);
      const middle = fround(start + fround(0.5 * extent));
      const centred = fround(fround(fround(deltas[i + axis] / centre) * extent) + middle);
      const logarithm = Math.min(fround(deltas[i + axis + 2] / size), LARGEST_LOGARITHM);
      const half = fround(0.5 * fround(fround(Math.exp(logarithm)) * extent));
      boxes[i + axis] = centred - half;
      boxes[i + axis + 2] = centred + half;
    }
  }
  return boxes;
}
