/**
 * Class activation maps of a photograph: the refined maps of several scales and their mirror images, summed.
 * docs/method.md, section 1.2; reference: infer_SEAM.py:52-80, voc12/data.py (VOC12ClsDatasetMSF).
 */

import * as tf from "@tensorflow/tfjs";
import type { RgbImage } from "../data/image";
import { resizeBicubic, scaledSize } from "../image-ops/bicubic";
import { normaliseRgb } from "../image-ops/normalise";
import { valuesOf } from "../tensor-values";
import { combineCams, type ImageCams, sharpenedMap } from "./cam-scores";

/** What of the network is needed here. */
export interface RefinedMapSource {
  /**
   * @param image [1, H, W, 3], normalised
   * @param classes 1 = the first after background
   * @returns [1, H, W, classes.length]
   */
  refinedMaps(image: tf.Tensor4D, classes: readonly number[]): tf.Tensor4D;
}

export interface MultiScaleOptions {
  /** Default 0.5, 1, 1.5, 2. */
  readonly scales: readonly number[];
  /** Each scale with its mirror image. Default true. */
  readonly flip: boolean;
  /** Exponent of the combined maps. Default 1. */
  readonly camPower?: number;
}

const defaultMultiScale: MultiScaleOptions = Object.freeze({ scales: [0.5, 1, 1.5, 2], flip: true });

/**
 * @param tags the image's foreground classes, ascending; without any the network is not asked
 * @returns a map of the photograph's size for each tag
 */
export function multiScaleCams(
  rgb: RgbImage,
  tags: readonly number[],
  network: RefinedMapSource,
  { scales, flip, camPower = 1 }: MultiScaleOptions = defaultMultiScale,
): ImageCams {
  const { width, height } = rgb;
  if (tags.length === 0) return { width, height, maps: new Map() };
  let sum: Float32Array = new Float32Array(0);
  for (const scale of scales) {
    const size = scaledSize(rgb, scale);
    const scaled = resizeBicubic(rgb, Math.max(1, size.width), Math.max(1, size.height));
    for (const mirror of flip ? [false, true] : [false]) {
      const maps = mapsAtScale(scaled, rgb, tags, network, mirror); // [H·W·tags]
      if (sum.length === 0) sum = maps;
      else for (let i = 0; i < sum.length; i++) sum[i] += maps[i];
    }
  }
  const pixels = width * height;
  const maps = tags.map((tag, column): [number, Float32Array] => {
    const map = Float32Array.from({ length: pixels }, (_, i) => sum[i * tags.length + column]);
    return [tag, sharpenedMap(combineCams([map]), camPower)];
  });
  return { width, height, maps: new Map(maps) };
}

/** One pass through the network, at the photograph's size and orientation: [H·W·tags]. */
function mapsAtScale(
  scaled: RgbImage,
  { width, height }: RgbImage,
  tags: readonly number[],
  network: RefinedMapSource,
  mirror: boolean,
): Float32Array {
  return valuesOf(() => {
    const image = tf.tensor4d(normaliseRgb(scaled.data), [1, scaled.height, scaled.width, 3]);
    const seen = mirror ? image.reverse(2) : image;
    const maps = network.refinedMaps(seen, tags); // [1, H', W', tags]
    const resized = tf.image.resizeBilinear(maps, [height, width], false, true); // [1, H, W, tags]
    return mirror ? resized.reverse(2) : resized;
  });
}
