/**
 * Colour jitter of 8-bit images exactly as torchvision's `ColorJitter` on Pillow images: four adjustments in random order,
 * each rounded to bytes. (Algorithms: Pillow's ImageEnhance, Blend.c, Convert.c; torchvision's adjust_hue.)
 */

import type { RgbImage } from "../data/image";
import type { Random } from "../random";

/** Largest change of each property: factors are drawn from [1 − x, 1 + x], the hue's shift from [−x, x] turns. */
export interface JitterRanges {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly hue: number;
}

/** What the method trains with (docs/method.md, sections 1.1 and 2.3). */
export const TRAINING_JITTER: JitterRanges = { brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1 };

/** All four adjustments, in an order and by factors drawn from `random`. */
export function jitterColour(image: RgbImage, ranges: JitterRanges, random: Random): RgbImage {
  const factor = (range: number): number => random.uniform(Math.max(0, 1 - range), 1 + range);
  const brightness = factor(ranges.brightness);
  const contrast = factor(ranges.contrast);
  const saturation = factor(ranges.saturation);
  const hue = random.uniform(-ranges.hue, ranges.hue);
  const adjustments = random.shuffle([
    (x: RgbImage) => adjustBrightness(x, brightness),
    (x: RgbImage) => adjustContrast(x, contrast),
    (x: RgbImage) => adjustSaturation(x, saturation),
    (x: RgbImage) => adjustHue(x, hue),
  ]);
  return adjustments.reduce((adjusted, adjust) => adjust(adjusted), image);
}

/** Blends with black; 1 changes nothing. */
export function adjustBrightness(image: RgbImage, factor: number): RgbImage {
  return blend(image, () => 0, factor);
}

/** Blends with the mean grey of the image. */
export function adjustContrast(image: RgbImage, factor: number): RgbImage {
  let sum = 0;
  for (let i = 0; i < image.data.length; i += 3) sum += luma(image.data, i);
  const mean = Math.floor(sum / (image.data.length / 3) + 0.5);
  return blend(image, () => mean, factor);
}

/** Blends with each pixel's grey. */
export function adjustSaturation(image: RgbImage, factor: number): RgbImage {
  return blend(image, (at) => luma(image.data, at), factor);
}

/** Turns the hue; `shift` in turns, from −0.5 to 0.5. */
export function adjustHue(image: RgbImage, shift: number): RgbImage {
  const data = new Uint8Array(image.data.length);
  const turn = Math.trunc(shift * 255);
  const hsv = new Uint8Array(3);
  for (let i = 0; i < data.length; i += 3) {
    toHsv(image.data, i, hsv);
    hsv[0] += turn; // wraps
    fromHsv(hsv, data, i);
  }
  return { ...image, data };
}

/** degenerate + factor · (pixel − degenerate) in float32, cut to a byte. */
function blend(image: RgbImage, degenerate: (at: number) => number, factor: number): RgbImage {
  const { fround } = Math;
  const alpha = fround(factor);
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i += 3) {
    const base = degenerate(i);
    for (let c = i; c < i + 3; c++) {
      const value = fround(base + fround(alpha * (image.data[c] - base)));
      data[c] = value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value);
    }
  }
  return { ...image, data };
}

/** Pillow's "L": ITU-R 601 in 16-bit fixed point. */
function luma(data: Uint8Array, at: number): number {
  return (data[at] * 19595 + data[at + 1] * 38470 + data[at + 2] * 7471 + 0x8000) >> 16;
}

function toHsv(data: Uint8Array, at: number, hsv: Uint8Array): void {
  const { fround } = Math;
  const r = data[at];
  const g = data[at + 1];
  const b = data[at + 2];
  const high = Math.max(r, g, b);
  const low = Math.min(r, g, b);
  hsv[2] = high;
  if (high === low) {
    hsv[0] = 0;
    hsv[1] = 0;
    return;
  }
  const range = fround(high - low);
  const saturation = fround(range / high);
  const fromRed = fround((high - r) / range);
  const fromGreen = fround((high - g) / range);
  const fromBlue = fround((high - b) / range);
  const sector =
    r === high
      ? fround(fromBlue - fromGreen)
      : g === high
        ? fround(2 + fromRed - fromBlue)
        : fround(4 + fromGreen - fromRed);
  hsv[0] = clampByte(Math.trunc(fround((sector / 6 + 1) % 1) * 255));
  hsv[1] = clampByte(Math.trunc(saturation * 255));
}

function fromHsv([hue, saturation, value]: Uint8Array, out: Uint8Array, at: number): void {
  if (saturation === 0) {
    out.fill(value, at, at + 3);
    return;
  }
  const { fround } = Math;
  const position = (hue * 6) / 255;
  const sector = Math.floor(position);
  const rest = fround(position - sector);
  const s = fround(saturation / 255);
  const low = clampByte(Math.round(value * (1 - s)));
  const falling = clampByte(Math.round(value * (1 - s * rest)));
  const rising = clampByte(Math.round(value * (1 - s * (1 - rest))));
  const [r, g, b] = [
    [value, rising, low],
    [falling, value, low],
    [low, value, rising],
    [low, falling, value],
    [rising, low, value],
    [value, low, falling],
  ][sector % 6];
  out[at] = r;
  out[at + 1] = g;
  out[at + 2] = b;
}

function clampByte(value: number): number {
  return Math.max(0, Math.min(255, value));
}
