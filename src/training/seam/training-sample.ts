/**
 * What SEAM's network sees of a photograph while it trains: long side resized at random, mirrored or not, colours
 * jittered, normalised, and a square cut out; where the image is smaller, it lies somewhere in a square of zeros.
 * docs/method.md, section 1.1; reference: SEAM train_SEAM.py:55-64, tool/imutils.py (RandomResizeLong, RandomCrop).
 */

import type { RgbImage } from "../../data/image";
import { resizeBicubic, roundHalfEven } from "../../image-ops/bicubic";
import { type JitterRanges, jitterColour, TRAINING_JITTER } from "../../image-ops/colour-jitter";
import { normaliseRgb } from "../../image-ops/normalise";
import type { Random } from "../../random";

export interface SampleOptions {
  /** Side of the square. Default 448. */
  readonly cropSize: number;
  /** The long side is resized to a whole number from the first to the second, both included. Default 448 to 768. */
  readonly longSide: readonly [number, number];
  /** Default as in docs/method.md, section 1.1; undefined: colours stay as they are. */
  readonly jitter: JitterRanges | undefined;
}

const defaultSampleOptions: SampleOptions = Object.freeze<SampleOptions>({
  cropSize: 448,
  longSide: [448, 768],
  jitter: TRAINING_JITTER,
});

/** A network input, normalised: [cropSize, cropSize, 3]. All chance comes from `random`. */
export function trainingSample(
  image: RgbImage,
  random: Random,
  options: SampleOptions = defaultSampleOptions,
): Float32Array {
  const { cropSize, longSide, jitter } = options;
  const resized = resizeLongSide(image, longSide[0] + random.integer(longSide[1] - longSide[0] + 1));
  const turned = random.integer(2) === 1 ? mirrored(resized) : resized;
  const { width, height, data } = jitter === undefined ? turned : jitterColour(turned, jitter, random);
  const across = cropAxis(width, cropSize, random);
  const down = cropAxis(height, cropSize, random);
  return cropped(normaliseRgb(data), width, cropSize, across, down);
}

/** The long side becomes `target`, the short one follows, rounded as Python does. */
export function resizeLongSide(image: RgbImage, target: number): RgbImage {
  const { width, height } = image;
  return width < height
    ? resizeBicubic(image, roundHalfEven((width * target) / height), target)
    : resizeBicubic(image, target, roundHalfEven((height * target) / width));
}

/** The image with left and right exchanged. */
export function mirrored({ width, height, data }: RgbImage): RgbImage {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      const to = (y * width + width - 1 - x) * 3;
      for (let c = 0; c < 3; c++) out[to + c] = data[from + c];
    }
  return { width, height, data: out };
}

/** Where a crop reads in the image and writes in the square, along one axis. */
interface CropAxis {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

function cropAxis(extent: number, cropSize: number, random: Random): CropAxis {
  const spare = extent - cropSize;
  const place = random.integer(Math.abs(spare) + 1);
  return spare > 0 ? { from: place, to: 0, length: cropSize } : { from: 0, to: place, length: extent };
}

function cropped(image: Float32Array, width: number, cropSize: number, across: CropAxis, down: CropAxis): Float32Array {
  const square = new Float32Array(cropSize * cropSize * 3);
  for (let y = 0; y < down.length; y++) {
    const from = ((down.from + y) * width + across.from) * 3;
    square.set(image.subarray(from, from + across.length * 3), ((down.to + y) * cropSize + across.to) * 3);
  }
  return square;
}
