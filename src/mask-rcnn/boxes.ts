/**
 * Boxes as plain arrays, [n·4] of left, top, right, bottom: edges between pixels, as COCO's tools, Detectron2 and torchvision
 * count. Arithmetic is rounded to float32 after each operation, as theirs is, because thresholds follow.
 *
 * How a box differs from a reference box is what networks predict (Girshick et al. 2014): the centre's shift in units of the
 * reference's size, and the logarithm of the ratio of sizes, each times a weight.
 */

export type BoxArray = Float32Array;

/** Height and width in pixels. */
export interface Extent {
  readonly height: number;
  readonly width: number;
}

export function boxCount(boxes: BoxArray): number {
  return boxes.length / 4;
}

/** Some of the boxes, in the order of the indices. */
export function takeBoxes(boxes: BoxArray, indices: ArrayLike<number>): BoxArray {
  const out = new Float32Array(indices.length * 4);
  for (let i = 0; i < indices.length; i++) out.set(boxes.subarray(4 * indices[i], 4 * indices[i] + 4), 4 * i);
  return out;
}

/** One list of boxes after the other. */
export function joinBoxes(lists: readonly BoxArray[]): BoxArray {
  const out = new Float32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    out.set(list, at);
    at += list.length;
  }
  return out;
}

/** Cuts what lies outside the image off. Changes the boxes. */
export function clipBoxes(boxes: BoxArray, { height, width }: Extent): void {
  for (let i = 0; i < boxes.length; i += 2) {
    boxes[i] = Math.min(width, Math.max(0, boxes[i]));
    boxes[i + 1] = Math.min(height, Math.max(0, boxes[i + 1]));
  }
}

/** Boxes times a factor along each axis. */
export function scaleBoxes(boxes: BoxArray, across: number, down: number): BoxArray {
  return boxes.map((edge, i) => edge * (i % 2 === 0 ? across : down));
}

export function boxArea(boxes: BoxArray, i: number): number {
  const { fround } = Math;
  return fround(fround(boxes[4 * i + 2] - boxes[4 * i]) * fround(boxes[4 * i + 3] - boxes[4 * i + 1]));
}

export function boxAreas(boxes: BoxArray): Float32Array {
  return Float32Array.from({ length: boxCount(boxes) }, (_, i) => boxArea(boxes, i));
}

/** Intersection over union of box `i` of one list and box `j` of another; 0 where they do not overlap. */
export function boxIou(a: BoxArray, i: number, areaA: number, b: BoxArray, j: number, areaB: number): number {
  const [p, q] = [4 * i, 4 * j];
  const width = Math.min(a[p + 2], b[q + 2]) - Math.max(a[p], b[q]);
  if (width <= 0) return 0;
  const height = Math.min(a[p + 3], b[q + 3]) - Math.max(a[p + 1], b[q + 1]);
  if (height <= 0) return 0;
  const { fround } = Math;
  const both = fround(fround(width) * fround(height));
  return fround(both / fround(fround(areaA + areaB) - both));
}

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
