/** A Mask R-CNN with its parameters in memory, and the choices that its weights were trained with. */

import * as tf from "@tensorflow/tfjs";
import type { VariantName } from "../config/mask-rcnn-options";
import type { InputColours } from "../image-ops/normalise";
import type { NdArray } from "../nd-array";
import type { Weights } from "../network/parameter-source";
import { ParameterStore } from "../network/parameter-store";
import { type MaskRcnn, type MaskRcnnShape, maskRcnn } from "./network";
import { type Variant, variantOf } from "./variant";
import { toFileNames } from "./weight-names";

export interface InstanceSegmenterOptions {
  readonly variant: VariantName;
  /** What its images are normalised to. Default "imagenet". */
  readonly input?: InputColours;
  /** Makes variables of what a training may change: all but normalisations, and the first stage of a trained backbone. */
  readonly trained?: boolean;
  /** Layers that the weights may lack are drawn from this seed. Default: nothing may be missing. */
  readonly initialSeed?: number;
  /** Every layer may be lacking, and a training changes all. Default false. */
  readonly fromScratch?: boolean;
}

/** Owns its parameters. */
export class InstanceSegmenter {
  private constructor(
    readonly shape: MaskRcnnShape,
    readonly network: MaskRcnn,
    readonly store: ParameterStore,
    readonly variant: Variant,
    readonly input: InputColours,
    readonly fromScratch: boolean,
  ) {}

  /** @param weights by torchvision's names @throws UserError "weights" listing missing and wrongly shaped parameters */
  static async load(
    weights: Weights,
    shape: MaskRcnnShape,
    { variant, input = "imagenet", trained = false, initialSeed, fromScratch = false }: InstanceSegmenterOptions,
  ): Promise<InstanceSegmenter> {
    const network = maskRcnn(shape);
    const store = await ParameterStore.load(weights, network.parameters, {
      trained: trained ? "frozen" : undefined,
      frozen: fromScratch ? undefined : network.isFrozen,
      initialSeed,
      mayLack: fromScratch ? undefined : network.isNew,
    });
    return new InstanceSegmenter(shape, network, store, variantOf(variant), input, fromScratch);
  }

  /** Gives the normalisations of a network from scratch the statistics of these images, [b, H, W, 3]. */
  calibrate(images: tf.Tensor4D): void {
    const pass = this.store.calibratingPass();
    tf.tidy(() => {
      this.network.pyramid(this.network.first(images, pass), pass);
    });
  }

  /** All parameters by the names that the variant's library has. */
  async toStateDict(): Promise<Map<string, NdArray>> {
    return toFileNames(await this.store.toStateDict(), this.variant.name, this.input, this.shape);
  }

  dispose(): void {
    this.store.dispose();
  }
}
