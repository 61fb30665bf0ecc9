/** The backbone with its weights in memory, ready to describe the cells of photographs. */

import type * as tf from "@tensorflow/tfjs";
import type { RgbImage } from "../data/image";
import type { Weights } from "../network/parameter-source";
import { ParameterStore } from "../network/parameter-store";
import { type LiteNetwork, liteInput, liteNetwork } from "./efficientnet-lite";
import type { LiteVariant } from "./lite-layout";
import { liteNodes } from "./lite-nodes";

/** Owns its parameters. */
export class LiteFeatures {
  private constructor(
    readonly network: LiteNetwork,
    private readonly store: ParameterStore,
  ) {}

  /** @throws UserError "weights" listing missing and wrongly shaped parameters */
  static async load(weights: Weights, variant: LiteVariant = "efficientnet-lite2"): Promise<LiteFeatures> {
    const network = liteNetwork(variant);
    return new LiteFeatures(network, await ParameterStore.load(weights, network.parameters, { foldsNorms: true }));
  }

  /** Outputs of the wanted stages, counted from 0: [1, ⌈h/stride⌉, ⌈w/stride⌉, channels]. The caller disposes them. */
  stageMaps(image: RgbImage, wanted: readonly number[]): tf.Tensor4D[] {
    const input = liteInput(image);
    try {
      return this.network.stageMaps(input, this.store.pass(), wanted);
    } finally {
      input.dispose();
    }
  }

  /** Node features [height·width, 48] of the graph's cells; the caller disposes them. */
  nodes(image: RgbImage, grid: { readonly height: number; readonly width: number }): tf.Tensor2D {
    return liteNodes(this.network, this.store.pass(), image, grid);
  }

  dispose(): void {
    this.store.dispose();
  }
}
