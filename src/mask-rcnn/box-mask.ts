/**
 * An object's mask between the photograph and the 28 × 28 cells that the network sees under a box. Into cells, for training:
 * ROIAlign on the true mask, held as the part of the image that the object lies in. And back, for detections: Detectron2
 * samples the mask at pixel centres; torchvision resizes it to the box's whole pixels.
 */

import { bilinearTaps } from "../image-ops/bilinear";
import type { Rle } from "../instances/rle";
import type { BoxArray, Extent } from "./boxes";
import { MASK_SIDE } from "./network";
import { axisBins, type RoiAlignOptions } from "./roi-align";
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

/** 1 inside, 0 outside, row-major, [height·width], at `top` and `left` of the image; the image is 0 elsewhere. */
export interface InstanceMask extends Extent {
  readonly top: number;
  readonly left: number;
  readonly data: Uint8Array;
}

/**
 * The share of the object in each of side × side parts of a box: ROIAlign on the mask. [side·side]
 * @param boxes in pixels of the image
 * @param image its size
 */
export function maskUnderBox(
  { top, left, width, height, data }: InstanceMask,
  boxes: BoxArray,
  i: number,
  image: Extent,
  options: RoiAlignOptions,
): Float32Array {
  const { side } = options;
  const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4);
  const rows = axisBins(y1, y2, 1, image.height, options);
  const columns = axisBins(x1, x2, 1, image.width, options);
  const out = new Float32Array(side * side);
  const line = new Float32Array(side);
  const [firstRow, lastRow] = [Math.max(rows.first, top), Math.min(rows.first + rows.extent, top + height)];
  const [firstColumn, lastColumn] = [
    Math.max(columns.first, left),
    Math.min(columns.first + columns.extent, left + width),
  ];
  for (let y = firstRow; y < lastRow; y++) {
    line.fill(0);
    for (let x = firstColumn; x < lastColumn; x++) {
      if (data[(y - top) * width + x - left] === 0) continue;
      for (let bin = 0; bin < side; bin++) line[bin] += columns.weights[bin * columns.extent + x - columns.first];
    }
    for (let bin = 0; bin < side; bin++) {
      const weight = rows.weights[bin * rows.extent + y - rows.first];
      if (weight !== 0) for (let k = 0; k < side; k++) out[bin * side + k] += weight * line[k];
    }
  }
  return out;
}
