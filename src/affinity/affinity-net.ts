/**
 * The affinity network: ResNet38, or EfficientNet-Lite2, with a head whose features tell how alike neighbouring cells are. With its features an
 * image becomes a graph. docs/method.md, section 2.2; reference network/resnet38_aff_gated.py; goldens 03, 23, 26.
 */

import * as tf from "@tensorflow/tfjs";
import { loadOnBackbone, type NetworkOptions, type OnBackbone } from "../backbone/on-backbone";
import type { Backbone } from "../config/backbone";
import type { NdArray } from "../nd-array";
import { convolution } from "../network/convolution-layer";
import { type Layer, type Parameter, type Pass, parametersOf, shapesOf } from "../network/layer";
import type { Weights } from "../network/parameter-source";
import type { ParameterStore } from "../network/parameter-store";
import { resnet38 } from "../network/resnet38";
import type { TappedBackbone, Taps } from "../network/tapped-backbone";
import { affinityOf, windowDistance } from "../window/distance";

/** EfficientNet-Lite2 sees an image at twice its size, so that its maps at strides 16 and 32 have 8 and 16 pixels a cell. */
const ENLARGED = 2;

/** Letters: b images, h w grid (H/8, W/8, rounded up), d = 2·radius + 1. */
export interface AffinityMaps {
  /** Of the nodes: conv4 | conv5 | conv6, [b, h, w, 5632] at full width; on EfficientNet-Lite2 [1, h, w, 48]. */
  readonly features: tf.Tensor4D;
  /** exp(−distance), [b, h, w, d·d]. Neighbours outside the map have feature 0. */
  readonly affinity: tf.Tensor4D;
  /** Mean |f_i − f_j| over the head's channels, [b, h, w, d·d]. */
  readonly distance: tf.Tensor4D;
}

/** Owns its parameters. */
export class AffinityNet {
  private constructor(private readonly parts: OnBackbone<AffinityHead>) {}

  /** @throws UserError "weights" listing missing and wrongly shaped parameters */
  static async load(weights: Weights, options: NetworkOptions = {}): Promise<AffinityNet> {
    return new AffinityNet(
      await loadOnBackbone(weights, ({ headWidth, channels }) => affinityHead(headWidth, channels), options, ENLARGED),
    );
  }

  get store(): ParameterStore {
    return this.parts.store;
  }

  /** What it stands on. */
  get kind(): Backbone {
    return this.parts.kind;
  }

  /** Every parameter by its name; the head's alone where a training leaves the backbone as it is. */
  async toStateDict(): Promise<Map<string, NdArray>> {
    const { store, head, isFrozen } = this.parts;
    const state = await store.toStateDict();
    const own = new Set(head.parameters.map(({ name }) => name));
    return isFrozen ? new Map([...state].filter(([name]) => own.has(name))) : state;
  }

  /** @param image [b, H, W, 3], normalised */
  forward(image: tf.Tensor4D, radius: number): AffinityMaps {
    const { store, backbone, head } = this.parts;
    return tf.tidy(() => {
      const pass = store.pass();
      const taps = backbone.forward(image, pass);
      const distance = windowDistance(head.apply(taps, pass), radius);
      return { features: backbone.nodeFeatures(taps), distance, affinity: affinityOf(distance) };
    });
  }

  /** The layers that training leaves alone: see ResNet38. [b, H, W, 3] → what `trainingDistance` takes */
  stem(image: tf.Tensor4D): tf.Tensor4D {
    return this.parts.backbone.stem(image, this.store.pass());
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
    tf.dispose(this.parts.backbone.forward(images, this.store.calibratingPass()));
  }

  dispose(): void {
    this.store.dispose();
  }
}

export interface AffinityHead {
  readonly parameters: readonly Parameter[];
  /** What the affinities are computed of, [b, h, w, 448] at full width; differentiable in all. */
  apply(taps: Taps, pass: Pass): tf.Tensor4D;
}

/**
 * ELU(f9 · [ELU(f8_3 · conv4), ELU(f8_4 · conv5), ELU(f8_5 · conv6)]), all of them 1×1 convolutions without bias.
 * @param base channels of f8_3 @param channels of the taps. Default: ResNet38's
 */
export function affinityHead(
  base: number,
  channels: TappedBackbone["channels"] = { conv4: 8 * base, conv5: 16 * base, conv6: 64 * base },
): AffinityHead {
  const [low, middle, high] = [
    convolution("f8_3", channels.conv4, base),
    convolution("f8_4", channels.conv5, 2 * base),
    convolution("f8_5", channels.conv6, 4 * base),
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
