/**
 * The affinity network: ResNet38 with a head whose features tell how alike neighbouring cells are. With its features an
 * image becomes a graph. docs/method.md, section 2.2; reference network/resnet38_aff_gated.py; goldens 03, 23, 26.
 */

import * as tf from "@tensorflow/tfjs";
import { affinityOf, windowDistance } from "../window/distance";
import { convolution } from "./convolution-layer";
import { type Layer, type Parameter, type Pass, parametersOf, shapesOf } from "./layer";
import type { Weights } from "./parameter-source";
import type { ParameterStore } from "./parameter-store";
import {
  FEATURE_TAPS,
  type FeatureTap,
  loadOnResNet38,
  type NetworkOptions,
  type OnResNet38,
  type ResNet38,
  resnet38,
} from "./resnet38";

/** Letters: b images, h w grid (H/8, W/8, rounded up), d = 2·radius + 1. */
export interface AffinityMaps {
  /** conv4 | conv5 | conv6, [b, h, w, 5632] at full width. */
  readonly features: tf.Tensor4D;
  /** exp(−distance), [b, h, w, d·d]. Neighbours outside the map have feature 0. */
  readonly affinity: tf.Tensor4D;
  /** Mean |f_i − f_j| over the head's channels, [b, h, w, d·d]. */
  readonly distance: tf.Tensor4D;
}

/** Owns its parameters. */
export class AffinityNet {
  private constructor(private readonly parts: OnResNet38<AffinityHead>) {}

  /** @throws UserError "weights" listing missing and wrongly shaped parameters */
  static async load(weights: Weights, options: NetworkOptions = {}): Promise<AffinityNet> {
    return new AffinityNet(await loadOnResNet38(weights, affinityHead, options));
  }

  get store(): ParameterStore {
    return this.parts.store;
  }

  get backbone(): ResNet38 {
    return this.parts.backbone;
  }

  /** @param image [b, H, W, 3], normalised */
  forward(image: tf.Tensor4D, radius: number): AffinityMaps {
    const { store, backbone, head } = this.parts;
    return tf.tidy(() => {
      const pass = store.pass();
      const taps = backbone.forward(image, pass);
      const distance = windowDistance(head.apply(taps, pass), radius);
      const features = tf.concat(
        FEATURE_TAPS.map((tap) => taps[tap]),
        3,
      ) as tf.Tensor4D;
      return { features, distance, affinity: affinityOf(distance) };
    });
  }

  /** The layers that training leaves alone: see ResNet38. [b, H, W, 3] → what `trainingDistance` takes */
  stem(image: tf.Tensor4D): tf.Tensor4D {
    return this.backbone.stem(image, this.store.pass());
  }

  /**
   * What a training compares, computed from `stem`'s output: [b, h, w, d·d] distances, without the features.
   * @param dropoutSeeds of each image; without them nothing is dropped
   */
  trainingDistance(stem: tf.Tensor4D, radius: number, dropoutSeeds?: readonly number[]): tf.Tensor4D {
    const { store, backbone, head } = this.parts;
    const pass = store.pass({ dropoutSeeds });
    return tf.tidy(() => windowDistance(head.apply(backbone.trunk(stem, pass), pass), radius));
  }

  /** Gives the normalisations of a network from scratch the statistics of these images, [b, H, W, 3]. */
  calibrate(images: tf.Tensor4D): void {
    tf.dispose(this.backbone.forward(images, this.store.calibratingPass()));
  }

  dispose(): void {
    this.store.dispose();
  }
}

export interface AffinityHead {
  readonly parameters: readonly Parameter[];
  /** What the affinities are computed of, [b, h, w, 448] at full width; differentiable in all. */
  apply(taps: Record<FeatureTap, tf.Tensor4D>, pass: Pass): tf.Tensor4D;
}

/** ELU(f9 · [ELU(f8_3 · conv4), ELU(f8_4 · conv5), ELU(f8_5 · conv6)]), all of them 1×1 convolutions without bias. */
export function affinityHead(base: number): AffinityHead {
  const [low, middle, high] = [
    convolution("f8_3", 8 * base, base),
    convolution("f8_4", 16 * base, 2 * base),
    convolution("f8_5", 64 * base, 4 * base),
  ];
  const joined = convolution("f9", 7 * base, 7 * base, { initial: { xavier: 4 } });
  const elu = (layer: Layer, x: tf.Tensor4D, pass: Pass): tf.Tensor4D => tf.elu(layer.apply(x, pass));
  return {
    parameters: parametersOf([low, middle, high, joined]),
    apply: ({ conv4, conv5, conv6 }, pass) =>
      tf.tidy(() => {
        const parts = [elu(low, conv4, pass), elu(middle, conv5, pass), elu(high, conv6, pass)];
        return elu(joined, tf.concat4d(parts, 3), pass);
      }),
  };
}

/** Shapes of all parameters by name. @param base channels of the first layer */
export function affinityShapes(base: number): Map<string, readonly number[]> {
  return shapesOf([...resnet38(base).parameters, ...affinityHead(base).parameters]);
}
