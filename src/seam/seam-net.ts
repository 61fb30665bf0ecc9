/**
 * SEAM's classification network: ResNet38 with the head that gives class activation maps, and PCM, which refines them.
 * docs/method.md, section 1.1; reference: SEAM network/resnet38_SEAM.py; goldens 25, 27.
 *
 * Letters: b images, H W network input, h w grid, k classes (background = 0).
 */

import * as tf from "@tensorflow/tfjs";
import type { ChannelDropout } from "../network/channel-dropout";
import type { Weights } from "../network/parameter-source";
import { type LoadOptions, NetworkParameters } from "../network/parameters";
import { type ForwardOptions, ResNet38 } from "../network/resnet38";
import type { RefinedMapSource } from "./multi-scale";
import { type SeamGrid, seamHead, upsampleMaps } from "./seam-head";
import type { SeamMaps } from "./seam-losses";

/** Rate of the channel dropout before the classifier. */
const HEAD_DROPOUT = 0.5;

export interface SeamForwardOptions {
  /** Channel dropout while training. */
  readonly dropout?: ChannelDropout;
  /** Refine these classes only, in this order. Default: all. */
  readonly classes?: readonly number[];
}

/** Owns its parameters. */
export class SeamNet implements RefinedMapSource {
  readonly backbone: ResNet38;

  constructor(readonly parameters: NetworkParameters) {
    this.backbone = new ResNet38(parameters);
  }

  /** @throws UserError "weights" listing missing and wrongly shaped parameters */
  static async load(weights: Weights, options?: LoadOptions): Promise<SeamNet> {
    return new SeamNet(await NetworkParameters.load(weights, "classification", options));
  }

  /** Number of classes, background included. */
  get classes(): number {
    return this.parameters.kernel("fc8").shape[3];
  }

  /** The layers that training leaves alone: see ResNet38. [b, H, W, 3] → what `trunkGrid` takes */
  stem(image: tf.Tensor4D): tf.Tensor4D {
    return this.backbone.stem(image);
  }

  /**
   * Maps on the grid, from the stem's output.
   * @param image [b, H, W, 3], normalised: PCM looks at its colours
   */
  trunkGrid(stem: tf.Tensor4D, image: tf.Tensor4D, { dropout, classes }: SeamForwardOptions = {}): SeamGrid {
    return tf.tidy(() => {
      const { conv4, conv5, conv6 } = this.backbone.trunk(stem, { dropout });
      const kernel = (name: string): tf.Tensor4D => this.parameters.kernel(name);
      const kernels = { fc8: kernel("fc8"), f8_3: kernel("f8_3"), f8_4: kernel("f8_4"), f9: kernel("f9") };
      return { ...seamHead({ conv4, conv5, conv6: dropped(conv6, dropout) }, image, kernels, classes) };
    });
  }

  /** The classifier's map alone, from the stem's output: [b, h, w, k]. */
  trunkCam(
    stem: tf.Tensor4D,
    { dropout, batch }: Pick<ForwardOptions<"conv6">, "dropout" | "batch"> = {},
  ): tf.Tensor4D {
    return tf.tidy(() => {
      const { conv6 } = this.backbone.trunk(stem, { dropout, batch, taps: ["conv6"] });
      return tf.conv2d(dropped(conv6, dropout), this.parameters.kernel("fc8"), 1, "valid");
    });
  }

  /** Maps on the grid. @param image [b, H, W, 3], normalised; any size, the grid is rounded up */
  grid(image: tf.Tensor4D, options?: SeamForwardOptions): SeamGrid {
    return tf.tidy(() => ({ ...this.trunkGrid(this.stem(image), image, options) }));
  }

  /** Both maps at the size of the network input, from the stem's output: what the losses compare. */
  trunk(stem: tf.Tensor4D, image: tf.Tensor4D, options?: SeamForwardOptions): SeamMaps {
    return tf.tidy(() => {
      const { cam, refined } = this.trunkGrid(stem, image, options);
      const [, height, width] = image.shape;
      return { cam: upsampleMaps(cam, height, width), refined: upsampleMaps(refined, height, width) };
    });
  }

  refinedMaps(image: tf.Tensor4D, classes: readonly number[]): tf.Tensor4D {
    return tf.tidy(() => {
      const { refined } = this.grid(image, { classes });
      return upsampleMaps(refined, image.shape[1], image.shape[2]);
    });
  }

  /** The classifier's own maps at the size of the network input, negatives 0. [1, H, W, 3] → [1, H, W, classes.length] */
  plainMaps(image: tf.Tensor4D, classes: readonly number[]): tf.Tensor4D {
    return tf.tidy(() => {
      const chosen = tf.gather(this.trunkCam(this.stem(image)).relu(), [...classes], 3) as tf.Tensor4D;
      return upsampleMaps(chosen, image.shape[1], image.shape[2]);
    });
  }

  dispose(): void {
    this.parameters.dispose();
  }
}

/** conv6 after the channel dropout before the classifier. */
function dropped(conv6: tf.Tensor4D, dropout: ChannelDropout | undefined): tf.Tensor4D {
  if (dropout === undefined) return conv6;
  const channels = conv6.shape[3];
  return conv6.mul(dropout("dropout7", channels, HEAD_DROPOUT).reshape([-1, 1, 1, channels]));
}
