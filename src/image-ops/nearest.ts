/** Nearest-neighbour resizing as `cv2.resize(INTER_NEAREST)`: source index = floor(target index · from / to). */

import type { RasterShape } from "./raster";

/** [h·w·c] → [H·W·c], of the same array type. */
export function resizeNearest<T extends Uint8Array | Float32Array | Int32Array>(
  data: T,
  { height, width, channels }: RasterShape,
  [toHeight, toWidth]: readonly [number, number],
): T {
  const rows = nearestIndices(height, toHeight);
  const columns = nearestIndices(width, toWidth);
  const out = new (data.constructor as new (length: number) => T)(toHeight * toWidth * channels);
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
