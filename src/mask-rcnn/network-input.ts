/** A photograph as Mask R-CNN sees it: its short side brought to a size, colours normalised, padded to a multiple of 32. */

import type { RgbImage } from "../data/image";
import { resizeBilinearArray } from "../image-ops/bilinear";
import { type InputColours, normaliseRgb } from "../image-ops/normalise";
import { padTo } from "../image-ops/pad";
import type { Extent } from "./boxes";
import { SIZE_MULTIPLE } from "./network";
import type { Variant } from "./variant";

export interface ImageSides {
  /** Pixels of the short side. */
  readonly short: number;
  /** Most pixels of the long side; the short one is shorter where it would be longer. */
  readonly long: number;
}

export interface NetworkInput {
  /** [padded.height · padded.width · 3], 0 = the mean colour */
  readonly data: Float32Array;
  readonly padded: Extent;
  /** The size before padding. */
  readonly extent: Extent;
}

/** @returns the size that a photograph is brought to */
export function inputExtent({ height, width }: Extent, { short, long }: ImageSides, variant: Variant): Extent {
  const [least, most] = [Math.min(height, width), Math.max(height, width)];
  if (!variant.roundsSizes) {
    const scale = Math.min(short / least, long / most);
    return { height: atLeastOne(Math.floor(height * scale)), width: atLeastOne(Math.floor(width * scale)) };
  }
  let scale = short / least;
  if (scale * most > long) scale = long / most;
  return { height: atLeastOne(Math.floor(height * scale + 0.5)), width: atLeastOne(Math.floor(width * scale + 0.5)) };
}

export function networkInput(image: RgbImage, extent: Extent, colours: InputColours): NetworkInput {
  const { height, width } = image;
  const target = [extent.height, extent.width] as const;
  const resized = resizeBilinearArray(image.data, { height, width, channels: 3 }, target);
  const padded = { height: multiple(extent.height), width: multiple(extent.width) };
  const data = padTo(normaliseRgb(resized, colours), { ...extent, channels: 3 }, [padded.height, padded.width]);
  return { data, padded, extent };
}

function multiple(extent: number): number {
  return SIZE_MULTIPLE * Math.ceil(extent / SIZE_MULTIPLE);
}

function atLeastOne(extent: number): number {
  return Math.max(1, extent);
}
