/**
 * A square cut out of an image at random; where the image is smaller, it lies somewhere in a square of one value.
 * Reference: tool/imutils.py (RandomCrop); golden 20.
 */

import type { RasterShape } from "./pad";

/** Where a crop reads in the image and writes in the square, along one axis. */
export interface CropAxis {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

export interface CropPlacement {
  readonly across: CropAxis;
  readonly down: CropAxis;
  /** Side of the square. */
  readonly size: number;
}

/** @param integer a random whole number from 0 to below its argument; asked for the x axis first */
export function randomPlacement(
  { width, height }: { readonly width: number; readonly height: number },
  size: number,
  integer: (below: number) => number,
): CropPlacement {
  const axis = (extent: number): CropAxis => {
    const spare = extent - size;
    const place = integer(Math.abs(spare) + 1);
    return spare > 0 ? { from: place, to: 0, length: size } : { from: 0, to: place, length: extent };
  };
  const across = axis(width);
  return { across, down: axis(height), size };
}

/** [h·w·c] → [size·size·c], `fill` outside the image. */
export function crop<T extends Uint8Array | Float32Array>(
  data: T,
  { width, channels }: RasterShape,
  { across, down, size }: CropPlacement,
  fill: number,
): T {
  const square = new (data.constructor as new (length: number) => T)(size * size * channels).fill(fill) as T;
  for (let y = 0; y < down.length; y++) {
    const from = ((down.from + y) * width + across.from) * channels;
    const row = data.subarray(from, from + across.length * channels) as T;
    square.set(row, ((down.to + y) * size + across.to) * channels);
  }
  return square;
}

/** Left and right exchanged, of the same array type. */
export function mirror<T extends Uint8Array | Float32Array>(data: T, { width, height, channels }: RasterShape): T {
  const out = new (data.constructor as new (length: number) => T)(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++)
        out[(y * width + width - 1 - x) * channels + c] = data[(y * width + x) * channels + c];
  return out;
}
