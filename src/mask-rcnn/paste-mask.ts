/**
 * A mask of 28 × 28 probabilities under a box as pixels of the photograph. Detectron2 samples the mask at pixel centres;
 * torchvision resizes it to the box's whole pixels.
 */

import { bilinearTaps } from "../image-ops/bilinear";
import type { Rle } from "../instances/rle";
import type { BoxArray, Extent } from "./boxes";
import { MASK_SIDE } from "./network";
import type { Variant } from "./variant";

/** A pixel of at least this probability is the object's. */
const THRESHOLD = 0.5;

/** @param mask [28·28] @param boxes in pixels of the image */
export function pasteMask(
  mask: Float32Array,
  boxes: BoxArray,
  i: number,
  image: Extent,
  { samplesMasks }: Pick<Variant, "samplesMasks">,
): Rle {
  const [left, top, right, bottom] = boxes.subarray(4 * i, 4 * i + 4);
  const axis = samplesMasks ? sampledAxis : resizedAxis;
  const rows = axis(top, bottom, image.height);
  const columns = axis(left, right, image.width);
  const counts = [0];
  const add = (inside: boolean, length: number): void => {
    const isOpen = counts.length % 2 === 0; // whether the last run is inside
    if (length === 0) return;
    if (inside === isOpen) counts[counts.length - 1] += length;
    else counts.push(length);
  };
  add(false, columns.first * image.height);
  for (let x = 0; x < columns.count; x++) {
    add(false, rows.first);
    for (let y = 0; y < rows.count; y++) {
      const value = sampleAt(mask, rows, y, columns, x);
      add(samplesMasks ? value >= THRESHOLD : value > THRESHOLD, 1);
    }
    add(false, image.height - rows.first - rows.count);
  }
  add(false, (image.width - columns.first - columns.count) * image.height);
  return { width: image.width, height: image.height, counts: Uint32Array.from(counts) };
}

/** Pixels in a row, and the two cells of the mask that each lies between; a cell outside counts 0. */
interface MaskAxis {
  readonly first: number;
  readonly count: number;
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  /** The share of the upper cell. */
  readonly weight: Float32Array;
}

function sampleAt(mask: Float32Array, rows: MaskAxis, y: number, columns: MaskAxis, x: number): number {
  const cell = (row: number, column: number): number =>
    row < 0 || column < 0 || row >= MASK_SIDE || column >= MASK_SIDE ? 0 : mask[row * MASK_SIDE + column];
  const across = columns.weight[x];
  const line = (row: number): number =>
    (1 - across) * cell(row, columns.lower[x]) + across * cell(row, columns.upper[x]);
  const down = rows.weight[y];
  return (1 - down) * line(rows.lower[y]) + down * line(rows.upper[y]);
}

/** PyTorch's `grid_sample` at pixel centres, zeros around the mask. */
function sampledAxis(start: number, end: number, pixels: number): MaskAxis {
  const first = Math.max(0, Math.floor(start) - 1);
  const count = Math.max(0, Math.min(pixels, Math.ceil(end) + 1) - first); // none of a box outside the image
  const axis = emptyAxis(first, count);
  for (let i = 0; i < count; i++) {
    const position = ((first + i + 0.5 - start) / (end - start)) * MASK_SIDE - 0.5;
    axis.lower[i] = Math.floor(position);
    axis.upper[i] = axis.lower[i] + 1;
    axis.weight[i] = position - axis.lower[i];
  }
  return axis;
}

/** The box, larger by a margin of one cell of 0 on each side, at whole pixels. */
function resizedAxis(start: number, end: number, pixels: number): MaskAxis {
  const { fround } = Math;
  const half = fround(fround(fround(end - start) * 0.5) * fround((MASK_SIDE + 2) / MASK_SIDE));
  const centre = fround(fround(end + start) * 0.5);
  const [from, to] = [Math.trunc(fround(centre - half)), Math.trunc(fround(centre + half))];
  const length = Math.max(1, to - from + 1);
  const taps = bilinearTaps(MASK_SIDE + 2, length);
  const first = Math.max(0, from);
  const count = Math.max(0, Math.min(to + 1, pixels) - first);
  const axis = emptyAxis(first, count);
  for (let i = 0; i < count; i++) {
    const at = first + i - from;
    axis.lower[i] = taps.lower[at] - 1; // without the margin
    axis.upper[i] = taps.upper[at] - 1;
    axis.weight[i] = taps.weight[at];
  }
  return axis;
}

function emptyAxis(first: number, count: number): MaskAxis {
  return { first, count, lower: new Int32Array(count), upper: new Int32Array(count), weight: new Float32Array(count) };
}
