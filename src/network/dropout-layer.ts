/** Dropout while training, of whole channels (PyTorch's `Dropout2d`) or of single values; drawn per image, by the layer's name. */

import * as tf from "@tensorflow/tfjs";
import { deriveSeed, mixBits } from "../random";
import { sampleDropout } from "./channel-dropout";
import type { Layer } from "./layer";

/** @param name what the draws depend on besides the image's seed */
export function channelDropoutLayer(name: string, rate: number): Layer {
  return {
    parameters: [],
    apply: (x, { dropoutSeeds }) => {
      if (dropoutSeeds === undefined) return x;
      const [b, , , c] = x.shape;
      return tf.tidy(() => x.mul<tf.Tensor4D>(sampleDropout(dropoutSeeds)(name, c, rate).reshape([b, 1, 1, c])));
    },
  };
}

export function valueDropoutLayer(name: string, rate: number): Layer {
  return {
    parameters: [],
    apply: (x, { dropoutSeeds }) => {
      if (dropoutSeeds === undefined) return x;
      return tf.tidy(() => x.mul<tf.Tensor4D>(tf.tensor4d(factors(x.shape, dropoutSeeds, name, rate), x.shape)));
    },
  };
}

/** 0, or 1 / (1 − rate): a pure function of seed, name and place. */
function factors([, h, w, c]: readonly number[], seeds: readonly number[], name: string, rate: number): Float32Array {
  const size = h * w * c;
  const out = new Float32Array(seeds.length * size);
  const bound = rate * 2 ** 32;
  for (const [image, seed] of seeds.entries()) {
    const own = deriveSeed(seed, "dropout", name);
    for (let i = 0; i < size; i++)
      out[image * size + i] = mixBits(own + Math.imul(i, 0x9e3779b1)) < bound ? 0 : 1 / (1 - rate);
  }
  return out;
}
