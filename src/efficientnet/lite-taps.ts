/**
 * EfficientNet-Lite as a backbone with taps on a grid of 8 pixels (network/tapped-backbone.ts): where the reference has
 * ResNet38's conv4, conv5 and conv6, here are its stages at strides 4 and 8, at stride 16 and at stride 32, each brought to
 * the grid. docs/method.md, section 6.10; the reference's taps are in section 2.1.
 */

import * as tf from "@tensorflow/tfjs";
import { resizeBilinear } from "../image-ops/bilinear";
import { COLOUR_DEVIATION, COLOUR_MEAN } from "../image-ops/normalise";
import type { Pass } from "../network/layer";
import type { FeatureTap, TappedBackbone, Taps } from "../network/tapped-backbone";
import { CELL } from "../window/windowed-map";
import { liteNetwork } from "./efficientnet-lite";
import { STEM_CHANNELS } from "./lite-layout";
import { nodesOfMaps } from "./lite-nodes";

export interface LiteTapsOptions {
  /** Channels of the stem. Default: the published networks'. */
  readonly base?: number;
  /** Whether training leaves all of it alone, or nothing. Default false. */
  readonly frozen?: boolean;
  /** How many times its size the network sees an image: at 2 its strides are half as many pixels. Default 1. */
  readonly enlarged?: number;
}

/** Stages of each tap, counted from 0. */
const TAP_STAGES: Readonly<Record<FeatureTap, readonly number[]>> = { conv4: [1, 2], conv5: [4], conv6: [6] };
const STAGES: readonly number[] = Object.values(TAP_STAGES).flat();
const COARSEST_STRIDE = 32;

export function liteTaps({ base = STEM_CHANNELS, frozen = false, enlarged = 1 }: LiteTapsOptions = {}): TappedBackbone {
  const network = liteNetwork("efficientnet-lite2", base);
  const names = new Set(network.parameters.map(({ name }) => name));
  const channelsOf = (tap: FeatureTap): number =>
    TAP_STAGES[tap].reduce((sum, stage) => sum + network.stages[stage].channels, 0);
  const channels = { conv4: channelsOf("conv4"), conv5: channelsOf("conv5"), conv6: channelsOf("conv6") };

  /** All taps side by side, [b, ⌈H/8⌉, ⌈W/8⌉, c]. */
  const joined = (image: tf.Tensor4D, pass: Pass): tf.Tensor4D =>
    tf.tidy(() => {
      const [, height, width] = image.shape;
      const whole = (extent: number): number =>
        Math.max(1, Math.round((extent * enlarged) / COARSEST_STRIDE)) * COARSEST_STRIDE;
      const seen = resizeBilinear(liteColours(image), [whole(height), whole(width)]);
      const grid = [Math.ceil(height / CELL), Math.ceil(width / CELL)] as const;
      const maps = network.stageMaps(seen, pass, STAGES);
      return tf.concat4d(
        maps.map((map) => resizeBilinear(map, grid)),
        3,
      );
    });
  const apart = (maps: tf.Tensor4D): Taps =>
    tf.tidy(() => {
      const [conv4, conv5, conv6] = tf.split<tf.Tensor4D>(maps, [channels.conv4, channels.conv5, channels.conv6], 3);
      return { conv4, conv5, conv6 };
    });
  return {
    parameters: network.parameters,
    channels,
    headWidth: base,
    nodeFeatures: ({ conv5, conv6 }) =>
      tf.tidy(() => {
        const [, h, w] = conv5.shape;
        return nodesOfMaps([conv5, conv6]).reshape([1, h, w, -1]);
      }),
    isFrozen: (name) => frozen && names.has(name),
    forward: (image, pass) => tf.tidy(() => apart(joined(image, pass))),
    stem: (image, pass) => (frozen ? joined(image, pass) : image.clone()),
    trunk: (stem, pass) => tf.tidy(() => apart(frozen ? stem : joined(stem, pass))),
  };
}

/** Colours as the other networks see them → (x − 127) / 128 of bytes. */
function liteColours(image: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const scale = COLOUR_DEVIATION.map((deviation) => (255 * deviation) / 128);
    const shift = COLOUR_MEAN.map((mean) => (255 * mean - 127) / 128);
    return image.mul(tf.tensor1d(scale)).add<tf.Tensor4D>(tf.tensor1d(shift));
  });
}
