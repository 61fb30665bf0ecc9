/**
 * Nearest-neighbour resizing: as `cv2.resize(INTER_NEAREST)`, source index = floor(target index · from / to); or from the
 * middle of each target pixel, as Pillow's `Image.resize(resample=NEAREST)`, floor((target index + ½) · from / to).
 */

import type { RasterShape } from "./pad";

/** [h·w·c] → [H·W·c], of the same array type. */
export function resizeNearest<T extends Uint8Array | Float32Array | Int32Array>(
  data: T,
  { height, width, channels }: RasterShape,
  [toHeight, toWidth]: readonly [number, number],
): T {
  return pick(data, { height, width, channels }, nearestIndices(height, toHeight), nearestIndices(width, toWidth));
}

/** The same from the pixels' middles, which suits maps that are resized bilinearly beside it. */
export function resizeNearestCentre<T extends Uint8Array | Float32Array | Int32Array>(
  data: T,
  { height, width, channels }: RasterShape,
  [toHeight, toWidth]: readonly [number, number],
): T {
  return pick(data, { height, width, channels }, centreIndices(height, toHeight), centreIndices(width, toWidth));
}

function pick<T extends Uint8Array | Float32Array | Int32Array>(
  data: T,
  { width, channels }: RasterShape,
  rows: Int32Array,
  columns: Int32Array,
): T {
  const out = new (data.constructor as new (length: number) => T)(rows.length * columns.length * channels);
  let to = 0;
  for (const y of rows)
    for (const x of columns) for (let c = 0; c < channels; c++) out[to++] = data[(y * width + x) * channels + c];
  return out;
}

/** Source index of every target index of one axis. */
export function nearestIndices(from: number, to: number): Int32Array {
  const step = 1 / (to / from); // as OpenCV rounds it
  return Int32Array.from({ length: to }, (_, i) => Math.min(from - 1, Math.floor(i * step)));
}

function centreIndices(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to }, (_, i) => Math.min(from - 1, Math.floor(((i + 0.5) * from) / to)));
}
