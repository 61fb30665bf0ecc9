/**
 * Class probabilities of a photograph: the network at several sizes and on the mirror image, its softmax at the photograph's
 * size, averaged. References: hszhao/semseg tool/test.py, kazuto1011/deeplab-pytorch main.py.
 *
 * The network sees the whole photograph at once, also where semseg slides a window of the training's size over it.
 */

import * as tf from "@tensorflow/tfjs";
import type { RgbImage } from "../data/image";
import { resizeBilinear, resizeBilinearArray } from "../image-ops/bilinear";
import { normaliseRgb } from "../image-ops/normalise";
import { padTo } from "../image-ops/pad";
import type { Segmenter } from "./segmenter";

export interface PredictOptions {
  /** Default 1 alone. */
  readonly scales?: readonly number[];
  /** Each scale with its mirror image. Default false. */
  readonly flip?: boolean;
}

/** [H·W, K], rows sum up to 1. */
export function classProbabilities(
  segmenter: Segmenter,
  image: RgbImage,
  { scales = [1], flip = false }: PredictOptions = {},
): Float32Array {
  const passes = scales.flatMap((scale) => (flip ? [false, true] : [false]).map((mirrored) => ({ scale, mirrored })));
  const mean = tf.tidy(() => {
    let sum: tf.Tensor | undefined;
    for (const { scale, mirrored } of passes) {
      const before: tf.Tensor | undefined = sum;
      const probabilities = probabilitiesAt(segmenter, image, scale, mirrored);
      sum = before === undefined ? probabilities : before.add(probabilities);
      if (before !== undefined) tf.dispose([before, probabilities]);
    }
    return (sum as tf.Tensor).div(passes.length);
  });
  const values = mean.dataSync<"float32">() as Float32Array;
  mean.dispose();
  return values;
}

/** One pass, at the photograph's size and orientation: [H, W, K]. */
function probabilitiesAt(
  segmenter: Segmenter,
  { width, height, data }: RgbImage,
  scale: number,
  mirrored: boolean,
): tf.Tensor3D {
  const { network } = segmenter;
  const size = [height, width].map((extent) => Math.max(1, Math.round(extent * scale))) as [number, number];
  const padded = size.map((extent) => network.fit(extent)) as [number, number];
  return tf.tidy(() => {
    const colours = resizeBilinearArray(data, { height, width, channels: 3 }, size);
    const input = padTo(
      normaliseRgb(colours, segmenter.shape.input),
      { height: size[0], width: size[1], channels: 3 },
      padded,
    ); // 0 = mean colour
    const seen = tf.tensor4d(input, [1, ...padded, 3]);
    const logits = segmenter.infer(mirrored ? seen.reverse(2) : seen); // [1, h, w, K]
    const whole = resizeBilinear(logits, padded, { alignCorners: network.alignCorners });
    const upright = mirrored ? whole.reverse(2) : whole;
    const inside = upright.slice([0, 0, 0, 0], [1, ...size, -1]); // without what was padded
    const resized =
      scale === 1 ? inside : resizeBilinear(inside.softmax() as tf.Tensor4D, [height, width], { alignCorners: false });
    return (scale === 1 ? resized.softmax() : resized).squeeze<tf.Tensor3D>([0]);
  });
}
