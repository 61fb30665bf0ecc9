/**
 * Feature pyramid (Lin et al. 2017): the backbone's maps, coarse to fine, each added to the coarser one at twice its size, then
 * smoothed; and a fifth map, every second cell of the coarsest. Names are torchvision's.
 */

import * as tf from "@tensorflow/tfjs";
import { everyNth } from "../network/convolution";
import { convolution } from "../network/convolution-layer";
import { type Parameter, type Pass, parametersOf } from "../network/layer";

export interface Pyramid {
  readonly parameters: readonly Parameter[];
  /** @param maps of the backbone, finest first @returns one more of them, [b, h, w, channels] each */
  apply(maps: readonly tf.Tensor4D[], pass: Pass): tf.Tensor4D[];
}

/** @param inputs channels of the backbone's maps, finest first */
export function pyramid(inputs: readonly number[], channels: number): Pyramid {
  const prefix = "backbone.fpn";
  const lateral = inputs.map((input, i) =>
    convolution(`${prefix}.inner_blocks.${i}.0`, input, channels, { bias: true }),
  );
  const smooth = inputs.map((_, i) =>
    convolution(`${prefix}.layer_blocks.${i}.0`, channels, channels, { side: 3, bias: true }),
  );
  return {
    parameters: parametersOf([...lateral, ...smooth]),
    apply: (maps, pass) =>
      tf.tidy(() => {
        const out: tf.Tensor4D[] = [];
        let coarser: tf.Tensor4D | undefined;
        for (let i = maps.length - 1; i >= 0; i--) {
          const own = lateral[i].apply(maps[i], pass);
          coarser = coarser === undefined ? own : own.add<tf.Tensor4D>(doubled(coarser));
          out.unshift(smooth[i].apply(coarser, pass));
        }
        return [...out, everyNth(out[out.length - 1], 2)];
      }),
  };
}

/** Each cell four times; the gradient is the sum of the four. [b, h, w, c] → [b, 2h, 2w, c] */
function doubled(x: tf.Tensor4D): tf.Tensor4D {
  const [b, h, w, c] = x.shape;
  const double = tf.customGrad((input) => ({
    value: tf.tidy(() => (input as tf.Tensor).reshape([b, h, 1, w, 1, c]).tile([1, 1, 2, 1, 2, 1]).reshape([b, 2 * h, 2 * w, c])), // biome-ignore format: one chain
    gradFunc: (dy) => tf.tidy(() => dy.reshape([b, h, 2, w, 2, c]).sum([2, 4]).reshape([b, h, w, c])),
  }));
  return double(x) as tf.Tensor4D;
}
