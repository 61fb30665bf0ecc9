/**
 * ResNet38: 38 layers, wide, pre-activation, stride 8 (Wu et al. 2016, model A1; reference network/resnet38d.py). Three
 * of its activations are a grid cell's feature: conv4 (512 channels), conv5 (1024), conv6 (4096). docs/method.md,
 * section 2.1; goldens 23, 26.
 */

import * as tf from "@tensorflow/tfjs";
import { normRelu } from "./batch-norm";
import type { ChannelDropout } from "./channel-dropout";
import { convolve } from "./convolution";
import { BLOCKS, FEATURE_TAPS, type TapName } from "./layout";
import type { Weights } from "./parameter-source";
import { type LoadOptions, NetworkParameters } from "./parameters";
import { residualBlock } from "./residual-block";
import { type BatchPass, normaliseTrained } from "./trained-norm";

export type FeatureTap = (typeof FEATURE_TAPS)[number];

export interface ForwardOptions<T extends TapName> {
  /** Which activations to return. Default: conv4, conv5, conv6. */
  readonly taps?: readonly T[];
  /** Channel dropout while training. */
  readonly dropout?: ChannelDropout;
  /** Normalisations that are trained normalise by this batch's statistics. Default: by the running ones. */
  readonly batch?: BatchPass;
}

/** The backbone of every network here. It owns its parameters. */
export class ResNet38 {
  /** Leading blocks that no training changes. */
  private readonly frozenBlocks: number;
  private calibrating = false;

  constructor(readonly parameters: NetworkParameters) {
    const firstTrained = BLOCKS.findIndex(({ name }) => !parameters.frozen.includes(name));
    this.frozenBlocks = parameters.frozen.includes("conv1a") ? (firstTrained < 0 ? BLOCKS.length : firstTrained) : 0;
  }

  /** @throws UserError "weights" listing missing and wrongly shaped parameters */
  static async load(weights: Weights, options?: LoadOptions): Promise<ResNet38> {
    return new ResNet38(await NetworkParameters.load(weights, "backbone", options));
  }

  /**
   * @param image [b, H, W, 3], normalised; any size, the grid is rounded up
   * @returns the taps, [b, ⌈H/8⌉, ⌈W/8⌉, c] for conv4 to conv6
   */
  forward<T extends TapName = FeatureTap>(image: tf.Tensor4D, options: ForwardOptions<T> = {}): Record<T, tf.Tensor4D> {
    return tf.tidy(() => {
      const taps: Partial<Record<TapName, tf.Tensor4D>> = {};
      const output = this.run(this.first(image), 0, BLOCKS.length, options, taps);
      return this.withLast(output, options, taps) as Record<T, tf.Tensor4D>;
    });
  }

  /**
   * The leading layers that training leaves alone. A training step computes them outside its gradient: no backward pass,
   * and nothing of them is kept. [b, H, W, 3] → what `trunk` takes
   */
  stem(image: tf.Tensor4D): tf.Tensor4D {
    if (this.frozenBlocks === 0) return image.clone();
    return tf.tidy(() => this.run(this.first(image), 0, this.frozenBlocks, {}, {}));
  }

  /** The rest, from `stem`'s output. Of the taps those before it cannot be asked for. */
  trunk<T extends TapName = FeatureTap>(stem: tf.Tensor4D, options: ForwardOptions<T> = {}): Record<T, tf.Tensor4D> {
    return tf.tidy(() => {
      const taps: Partial<Record<TapName, tf.Tensor4D>> = {};
      const start = this.frozenBlocks === 0 ? this.first(stem) : stem.clone();
      const output = this.run(start, this.frozenBlocks, BLOCKS.length, options, taps);
      return this.withLast(output, options, taps) as Record<T, tf.Tensor4D>;
    });
  }

  /**
   * Makes every batch normalisation's statistics those of `images`, layer after layer: for networks from scratch, whose
   * normalisations nothing has trained yet and nothing will.
   * @param images [b, H, W, 3], normalised
   */
  calibrate(images: tf.Tensor4D): void {
    this.calibrating = true;
    try {
      tf.dispose(this.forward(images));
    } finally {
      this.calibrating = false;
    }
  }

  dispose(): void {
    this.parameters.dispose();
  }

  /** ReLU of the normalised input, then dropout. [b, h, w, c] */
  private activate(layer: string, input: tf.Tensor4D, batch?: BatchPass, dropout?: tf.Tensor2D): tf.Tensor4D {
    if (this.calibrating) this.setStatisticsOf(layer, input);
    const trained = batch === undefined ? undefined : this.parameters.trainedNorm(layer);
    if (batch === undefined || trained === undefined) return normRelu(input, this.parameters.norm(layer), dropout);
    const output = normaliseTrained(input, trained, true, batch);
    if (dropout === undefined) return output;
    const [b, c] = dropout.shape;
    return output.mul(dropout.reshape([b, 1, 1, c]));
  }

  private setStatisticsOf(layer: string, input: tf.Tensor4D): void {
    const { mean, variance } = tf.tidy(() => ({ ...tf.moments(input, [0, 1, 2]) }));
    this.parameters.setStatistics(layer, mean.dataSync() as Float32Array, variance.dataSync() as Float32Array);
    tf.dispose([mean, variance]);
  }

  private first(image: tf.Tensor4D): tf.Tensor4D {
    return convolve(image, this.parameters.kernel("conv1a"));
  }

  /** Blocks [from, to), each freeing its input: at most one block's tensors are in memory, besides the taps. */
  private run(
    input: tf.Tensor4D,
    from: number,
    to: number,
    options: ForwardOptions<TapName>,
    taps: Partial<Record<TapName, tf.Tensor4D>>,
  ): tf.Tensor4D {
    let x = input;
    for (const block of BLOCKS.slice(from, to)) {
      const inBlock = {
        kernel: (name: string) => this.parameters.kernel(`${block.name}.${name}`),
        activate: (name: string, input: tf.Tensor4D, dropout?: tf.Tensor2D) =>
          this.activate(`${block.name}.${name}`, input, options.batch, dropout),
      };
      const { output, activated } = residualBlock(x, block, inBlock, options.dropout);
      if (block.tap !== undefined && wanted(options).includes(block.tap)) taps[block.tap] = activated;
      else activated.dispose();
      x.dispose();
      x = output;
    }
    return x;
  }

  private withLast(
    output: tf.Tensor4D,
    options: ForwardOptions<TapName>,
    taps: Partial<Record<TapName, tf.Tensor4D>>,
  ): Partial<Record<TapName, tf.Tensor4D>> {
    return wanted(options).includes("conv6") ? { ...taps, conv6: this.activate("bn7", output, options.batch) } : taps;
  }
}

function wanted({ taps }: ForwardOptions<TapName>): readonly TapName[] {
  return taps ?? FEATURE_TAPS;
}
