/** What the network sees: (x / 255 − mean) / standard deviation, per colour. METHOD 2.1. */

/** ImageNet's mean colour, of 1. */
export const COLOUR_MEAN: readonly number[] = [0.485, 0.456, 0.406];
/** ImageNet's standard deviation of colour. */
export const COLOUR_DEVIATION: readonly number[] = [0.229, 0.224, 0.225];

/** RGB values of 0 to 255, [H·W·3] → normalised [H·W·3]. */
export function normaliseRgb(rgb: ArrayLike<number>): Float32Array {
  const out = new Float32Array(rgb.length);
  for (let i = 0; i < out.length; i++) out[i] = (rgb[i] / 255 - COLOUR_MEAN[i % 3]) / COLOUR_DEVIATION[i % 3];
  return out;
}
