/**
 * EfficientNet-Lite as a source of feature maps: the outputs of its seven stages, at strides 2, 4, 8, 16, 16, 32 and 32 of the
 * photograph. The classification head is left out. Reference: the PyPI package `efficientnet-lite-pytorch`, with TensorFlow's
 * "same" padding at every size (the package pads for one size alone).
 */

import * as tf from "@tensorflow/tfjs";
import type { RgbImage } from "../data/image";
import { chain, type Layer, type Parameter, type Pass } from "../network/layer";
import { invertedResidual, liteStem } from "./lite-layers";
import { type LiteVariant, liteBlocks, STEM_CHANNELS } from "./lite-layout";

export interface LiteStage {
  /** Photograph pixels a cell, across and down. */
  readonly stride: number;
  readonly channels: number;
}

export interface LiteNetwork {
  readonly parameters: readonly Parameter[];
  readonly stages: readonly LiteStage[];
  /**
   * Outputs of the wanted stages, in their order: [b, ⌈h/stride⌉, ⌈w/stride⌉, channels]. Everything else is freed on the way.
   * @param image [b, h, w, 3] as `liteInput` makes it
   * @param wanted stages, ascending, counted from 0
   */
  stageMaps(image: tf.Tensor4D, pass: Pass, wanted: readonly number[]): tf.Tensor4D[];
}

/** @param channels of the stem. Default: the published networks' */
export function liteNetwork(variant: LiteVariant, channels: number = STEM_CHANNELS): LiteNetwork {
  const blocks = liteBlocks(variant, channels);
  const stem = liteStem(channels);
  const count = blocks[blocks.length - 1].stage + 1;
  const chains: Layer[] = [];
  const stages: LiteStage[] = [];
  for (let stage = 0, stride = 2; stage < count; stage++) {
    const own = blocks.filter((block) => block.stage === stage);
    for (const block of own) stride *= block.stride;
    chains.push(chain([...(stage === 0 ? [stem] : []), ...own.map(invertedResidual)]));
    stages.push({ stride, channels: own[own.length - 1].output });
  }
  return {
    parameters: chains.flatMap(({ parameters }) => parameters),
    stages,
    stageMaps: (image, pass, wanted) =>
      tf.tidy(() => {
        const maps: tf.Tensor4D[] = [];
        let x = image;
        for (let stage = 0; stage <= Math.max(...wanted); stage++) {
          const next = chains[stage].apply(x, pass);
          if (x !== image && !maps.includes(x)) x.dispose();
          if (wanted.includes(stage)) maps.push(next);
          x = next;
        }
        return maps;
      }),
  };
}

/** (x − 127) / 128 of bytes, as the network was trained. [1, h, w, 3] */
export function liteInput({ data, height, width }: RgbImage): tf.Tensor4D {
  return tf.tidy(() => tf.tensor4d(data, [1, height, width, 3], "float32").sub(127).div(128));
}
