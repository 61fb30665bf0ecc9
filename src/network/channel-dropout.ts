/** Dropout of whole channels (PyTorch's `Dropout2d`), drawn per sample, so that it depends on no rank and no batch order. */

import * as tf from "@tensorflow/tfjs";
import { deriveSeed, Random } from "../random";

/** Factors [b, channels] for a layer's activation: 0, or 1 / (1 − rate). */
export type ChannelDropout = (layer: string, channels: number, rate: number) => tf.Tensor2D;

/** @param seeds one per sample of the batch, e.g. of (run, epoch, image) */
export function sampleDropout(seeds: readonly number[]): ChannelDropout {
  return (layer, channels, rate) => {
    const factors = new Float32Array(seeds.length * channels);
    for (const [sample, seed] of seeds.entries()) {
      const random = new Random(deriveSeed(seed, "dropout", layer));
      for (let c = 0; c < channels; c++) factors[sample * channels + c] = random.uniform() < rate ? 0 : 1 / (1 - rate);
    }
    return tf.tensor2d(factors, [seeds.length, channels]);
  };
}
