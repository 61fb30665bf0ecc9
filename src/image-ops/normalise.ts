/**
 * What the network sees: (x / 255 − mean) / standard deviation, per colour. docs/method.md, section 2.1. Or what
 * networks from Caffe see.
 */

/**
 * imagenet: torchvision's, as above. caffe: blue, green, red of 0 to 255 without their means, not divided (kazuto1011's
 * deeplab-pytorch, whose weights come from Caffe). detectron2: the same with the means of that library. efficientnet-lite:
 * (x − 127) / 128, as its authors' networks for mobile processors.
 */
export type InputColours = "imagenet" | "caffe" | "detectron2" | "efficientnet-lite";

/** ImageNet's mean colour, 0 to 1. */
export const COLOUR_MEAN: readonly number[] = [0.485, 0.456, 0.406];
/** ImageNet's standard deviation of colour. */
export const COLOUR_DEVIATION: readonly number[] = [0.229, 0.224, 0.225];

/** Mean colour of Caffe's networks, 0 to 255: blue, green, red. */
const CAFFE_MEAN: readonly number[] = [104.008, 116.669, 122.675];
const DETECTRON2_MEAN: readonly number[] = [103.53, 116.28, 123.675];

/** RGB values of 0 to 255, [H·W·3] → normalised [H·W·3], where 0 is the mean colour. */
export function normaliseRgb(rgb: ArrayLike<number>, colours: InputColours = "imagenet"): Float32Array {
  const out = new Float32Array(rgb.length);
  if (colours === "efficientnet-lite") {
    for (let i = 0; i < out.length; i++) out[i] = (rgb[i] - 127) / 128;
    return out;
  }
  if (colours !== "imagenet") {
    const mean = colours === "caffe" ? CAFFE_MEAN : DETECTRON2_MEAN;
    for (let i = 0; i < out.length; i++) out[i] = rgb[i + 2 - 2 * (i % 3)] - mean[i % 3];
    return out;
  }
  for (let i = 0; i < out.length; i++) out[i] = (rgb[i] / 255 - COLOUR_MEAN[i % 3]) / COLOUR_DEVIATION[i % 3];
  return out;
}
