/**
 * SEAM's classification network: ResNet38 with the head that gives class activation maps, and PCM, which refines them.
 * docs/method.md, section 1.1; reference: SEAM network/resnet38_SEAM.py; goldens 25, 27.
 *
 * Letters: b images, H W network input, h w grid, k classes (background = 0).
 */

import * as tf from "@tensorflow/tfjs";
import { loadOnBackbone, type NetworkOptions, type OnBackbone } from "../backbone/on-backbone";
import type { Backbone } from "../config/backbone";
import { shapesOf } from "../network/layer";
import { parameterSource, type Weights } from "../network/parameter-source";
import type { ParameterStore } from "../network/parameter-store";
import { resnet38 } from "../network/resnet38";
import type { BatchPass } from "../network/trained-norm";
import type { RefinedMapSource } from "./multi-scale";
import { type SeamGrid, type SeamHead, seamHead, upsampleMaps } from "./seam-head";

export interface SeamNetOptions extends NetworkOptions {
  /** Background included. Default: as the weights' `fc8` has, 21 without one. */
  readonly classes?: number;
}

export interface SeamForwardOptions {
  /** Seed of each image's dropout while training; without seeds nothing is dropped. */
  readonly dropoutSeeds?: readonly number[];
  /** Refine these classes only, in this order. Default: all. */
  readonly classes?: readonly number[];
}

/** Both maps at the size of the network input: [b, H, W, k]. */
export interface SeamMaps {
  readonly cam: tf.Tensor4D;
  readonly refined: tf.Tensor4D;
}

/** Owns its parameters. */
export class SeamNet implements RefinedMapSource {
  private constructor(private readonly parts: OnBackbone<SeamHead>) {}

  /** @throws UserError "weights" listing missing and wrongly shaped parameters */
  static async load(weights: Weights, { classes, ...options }: SeamNetOptions = {}): Promise<SeamNet> {
    const source = parameterSource(weights);
    const classifier = "fc8.weight";
    const count = classes ?? (source.names().includes(classifier) ? source.shape(classifier)[0] : 21);
    return new SeamNet(
      await loadOnBackbone(weights, ({ headWidth, channels }) => seamHead(headWidth, count, channels), options),
    );
  }

  get store(): ParameterStore {
    return this.parts.store;
  }

  /** What it stands on. */
  get kind(): Backbone {
    return this.parts.kind;
  }

  /** Number of classes, background included. */
  get classes(): number {
    return this.parts.head.classes;
  }

  /** The layers that training leaves alone: see ResNet38. [b, H, W, 3] → what `trunkGrid` takes */
  stem(image: tf.Tensor4D): tf.Tensor4D {
    return this.parts.backbone.stem(image, this.store.pass());
  }

  /**
   * Maps on the grid, from the stem's output.
   * @param image [b, H, W, 3], normalised: PCM looks at its colours
   */
  trunkGrid(stem: tf.Tensor4D, image: tf.Tensor4D, { dropoutSeeds, classes }: SeamForwardOptions = {}): SeamGrid {
    const { store, backbone, head } = this.parts;
    const pass = store.pass({ dropoutSeeds });
    return tf.tidy(() => ({ ...head.apply(backbone.trunk(stem, pass), image, pass, classes) }));
  }

  /**
   * The classifier's map alone, from the stem's output: [b, h, w, k].
   * @param batch normalisations that are trained normalise by this batch; without it by their running statistics
   */
  trunkCam(stem: tf.Tensor4D, dropoutSeeds?: readonly number[], batch?: BatchPass): tf.Tensor4D {
    const { store, backbone, head } = this.parts;
    const pass = store.pass({ dropoutSeeds, norm: batch === undefined ? "frozen" : "batch", ...batch });
    return tf.tidy(() => head.cam(backbone.trunk(stem, pass, ["conv6"]).conv6, pass));
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

  /**
   * The classifier's own maps at the size of the network input, negatives 0. [1, H, W, 3] → [1, H, W, classes.length]
   */
  plainMaps(image: tf.Tensor4D, classes: readonly number[]): tf.Tensor4D {
    return tf.tidy(() => {
      const chosen = tf.gather(this.trunkCam(this.stem(image)).relu(), [...classes], 3) as tf.Tensor4D;
      return upsampleMaps(chosen, image.shape[1], image.shape[2]);
    });
  }

  /** Gives the normalisations of a network from scratch the statistics of these images, [b, H, W, 3]. */
  calibrate(images: tf.Tensor4D): void {
    tf.dispose(this.parts.backbone.forward(images, this.store.calibratingPass()));
  }

  dispose(): void {
    this.store.dispose();
  }
}

/** Shapes of all parameters by name. @param base channels of the first layer @param classes background included */
export function seamShapes(base: number, classes: number): Map<string, readonly number[]> {
  return shapesOf([...resnet38(base).parameters, ...seamHead(base, classes).parameters]);
}
