/**
 * The affinity network: ResNet38 with a head whose features tell how alike neighbouring cells are. With its features an
 * image becomes a graph. docs/method.md, section 2.2; reference network/resnet38_aff_gated.py; goldens 03, 23, 26.
 */

import * as tf from "@tensorflow/tfjs";
import { affinityOf, windowDistance } from "./affinity-window";
import { convolve } from "./convolution";
import { FEATURE_TAPS } from "./layout";
import type { Weights } from "./parameter-source";
import { type LoadOptions, NetworkParameters } from "./parameters";
import { type FeatureTap, type ForwardOptions, ResNet38 } from "./resnet38";

/** 1×1 kernels without bias: f8_3 512→64, f8_4 1024→128, f8_5 4096→256, f9 448→448 at full width. */
export interface AffinityKernels {
  readonly f8_3: tf.Tensor4D;
  readonly f8_4: tf.Tensor4D;
  readonly f8_5: tf.Tensor4D;
  readonly f9: tf.Tensor4D;
}

/** Letters: b images, h w grid (H/8, W/8, rounded up), d = 2·radius + 1. */
export interface AffinityMaps {
  /** conv4 | conv5 | conv6, [b, h, w, 5632] at full width. */
  readonly features: tf.Tensor4D;
  /** exp(−distance), [b, h, w, d·d]. Neighbours outside the map have feature 0. */
  readonly affinity: tf.Tensor4D;
  /** Mean |f_i − f_j| over the head's channels, [b, h, w, d·d]. */
  readonly distance: tf.Tensor4D;
}

/** Owns its backbone's parameters and its head's. */
export class AffinityNet {
  readonly backbone: ResNet38;

  constructor(readonly parameters: NetworkParameters) {
    this.backbone = new ResNet38(parameters);
  }

  /** @throws UserError "weights" listing missing and wrongly shaped parameters */
  static async load(weights: Weights, options?: LoadOptions): Promise<AffinityNet> {
    return new AffinityNet(await NetworkParameters.load(weights, "affinity", options));
  }

  /** @param image [b, H, W, 3], normalised */
  forward(image: tf.Tensor4D, radius: number): AffinityMaps {
    return tf.tidy(() => {
      const taps = this.backbone.forward(image);
      const distance = windowDistance(this.head(taps), radius);
      const features = tf.concat(
        FEATURE_TAPS.map((tap) => taps[tap]),
        3,
      ) as tf.Tensor4D;
      return { features, distance, affinity: affinityOf(distance) };
    });
  }

  /** For training, from `backbone.stem`'s output: [b, h, w, d·d] distances, without the features. */
  trainingDistance(stem: tf.Tensor4D, radius: number, options: ForwardOptions<FeatureTap> = {}): tf.Tensor4D {
    return tf.tidy(() => windowDistance(this.head(this.backbone.trunk(stem, { dropout: options.dropout })), radius));
  }

  /** What the affinities are computed of, [b, h, w, 448] at full width. */
  head(taps: Record<FeatureTap, tf.Tensor4D>): tf.Tensor4D {
    const kernel = (name: string): tf.Tensor4D => this.parameters.kernel(name);
    return affinityFeatures(taps, {
      f8_3: kernel("f8_3"),
      f8_4: kernel("f8_4"),
      f8_5: kernel("f8_5"),
      f9: kernel("f9"),
    });
  }

  dispose(): void {
    this.parameters.dispose();
  }
}

/** ELU(f9 · [ELU(f8_3 · conv4), ELU(f8_4 · conv5), ELU(f8_5 · conv6)]); differentiable in all. */
export function affinityFeatures(taps: Record<FeatureTap, tf.Tensor4D>, kernels: AffinityKernels): tf.Tensor4D {
  return tf.tidy(() => {
    const low = tf.elu(convolve(taps.conv4, kernels.f8_3));
    const middle = tf.elu(convolve(taps.conv5, kernels.f8_4));
    const high = tf.elu(convolve(taps.conv6, kernels.f8_5));
    return tf.elu(convolve(tf.concat([low, middle, high], 3), kernels.f9));
  });
}
