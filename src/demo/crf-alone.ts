/**
 * What the dense CRF makes of the seeds without any graph: the figure to beat. Seed pixels are nearly sure of their
 * class, all others equally unsure among the classes that the image's seeds name.
 */

import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { denseCrf } from "../dense-crf/dense-crf";
import type { DenseCrfOptions } from "../dense-crf/dense-crf-options";

const SURE = 0.99;

/** @returns a label of every pixel; seeds of a single class fill the image */
export function crfAlone(rgb: RgbImage, seed: LabelMap, ignore: number, options: DenseCrfOptions): LabelMap {
  const classes = [...new Set(seed.data)].filter((value) => value !== ignore).sort((a, b) => a - b);
  const { width, height } = seed;
  if (classes.length < 2) return { width, height, data: new Uint8Array(width * height).fill(classes[0] ?? ignore) };
  const count = classes.length;
  const position = new Map(classes.map((value, index) => [value, index]));
  const probabilities = new Float32Array(seed.data.length * count);
  seed.data.forEach((value, pixel) => {
    const known = position.get(value);
    for (let k = 0; k < count; k++)
      probabilities[pixel * count + k] =
        known === undefined ? 1 / count : k === known ? SURE : (1 - SURE) / (count - 1);
  });
  const sharpened = denseCrf(rgb.data, width, height, probabilities, options);
  const data = Uint8Array.from(seed.data, (_, pixel) => {
    let best = 0;
    for (let k = 1; k < count; k++) if (sharpened[pixel * count + k] > sharpened[pixel * count + best]) best = k;
    return classes[best];
  });
  return { width, height, data };
}
