/** Padding on the right and at the bottom, as the network's stride wants it, and cutting it off again. */

/** Size of a row-major array of pixels: value `channel` of pixel (x, y) stands at `(y · width + x) · channels + channel`. */
export interface RasterShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

type Pixels = Uint8Array | Float32Array;

/** The next multiple. */
function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** [h·w·c] → [H·W·c], with `value` where there was nothing. */
export function padTo<T extends Pixels>(
  data: T,
  { height, width, channels }: RasterShape,
  [toHeight, toWidth]: readonly [number, number],
  value = 0,
): T {
  const out = new (data.constructor as new (length: number) => T)(toHeight * toWidth * channels);
  if (value !== 0) out.fill(value);
  for (let y = 0; y < height; y++)
    out.set(data.subarray(y * width * channels, (y + 1) * width * channels) as T, y * toWidth * channels);
  return out;
}

/** The same up to the next multiples of `multiple` (8 = the network's stride). */
export function padToMultiple<T extends Pixels>(
  data: T,
  shape: RasterShape,
  multiple = 8,
  value = 0,
): { data: T; height: number; width: number } {
  const height = roundUp(shape.height, multiple);
  const width = roundUp(shape.width, multiple);
  return { data: padTo(data, shape, [height, width], value), height, width };
}
