/**
 * Gated CRF loss with the Potts model (Obukhov et al. 2019; docs/method.md, section 3.4; reference
 * model_loss_semseg_gatedcrf.py):
 *   L = (Σ_ij k_ij − Σ_ij k_ij y_i·y_j) / cells,   k_ij = Σ_m w_m exp(−½|f_i − f_j|²) inside the window, 0 at the centre.
 * Kernels depend on the image only: they are built once, as K + Kᵀ, and the gradient is −(K + Kᵀ)y / cells. The
 * reference pads features with 0, so neighbours outside the map keep a kernel in the constant term Σ k_ij but add
 * nothing to the product; with a source mask they drop out of both.
 */

import * as tf from "@tensorflow/tfjs";
import type { KernelDescription } from "./gated-crf-kernels";
import { createTileLayout, gatherKeys, gatherNodes, type TileLayout, transposeWindow, windowToTiles } from "./window";

export { gatedCrfKernels, type KernelDescription } from "./gated-crf-kernels";

/** The kernel of A2GNN's own training: position 6 cells, normalised colour 0.1. */
export const GRAPH_KERNELS: readonly KernelDescription[] = [{ weight: 1, xy: 6, rgb: 0.1 }];
/** Its window radius. */
export const GRAPH_KERNEL_RADIUS = 5;

/** The loss of one image, ready for every step. The owner disposes it. */
export interface GatedCrf {
  readonly layout: TileLayout;
  /** K + Kᵀ (masked), [t, q, k] */
  readonly symmetric: tf.Tensor3D;
  /** Σ k_ij (masked, neighbours outside the map included) */
  readonly total: number;
  /** h·w, or the sum of the mask */
  readonly cells: number;
  dispose(): void;
}

/**
 * @param kernels windowed [n, d·d] from `gatedCrfKernels`
 * @param masks optional weights per cell, of which those below 1 count as 0: `source` gates neighbours, `destination` centres
 */
export function createGatedCrf(
  kernels: Float32Array,
  height: number,
  width: number,
  radius: number,
  masks: { readonly source?: Float32Array; readonly destination?: Float32Array } = {},
): GatedCrf {
  const d = 2 * radius + 1;
  const gated = kernels.slice();
  let cells = height * width;
  const { source, destination } = masks;
  if (source !== undefined || destination !== undefined) {
    for (const mask of [source, destination]) {
      if (mask !== undefined)
        cells = Math.max(
          1,
          mask.reduce((sum, value) => sum + gate(value), 0),
        );
    }
    for (let i = 0; i < gated.length; i++) {
      const node = Math.floor(i / (d * d));
      const y = Math.floor(node / width) + Math.floor((i % (d * d)) / d) - radius;
      const x = (node % width) + (i % d) - radius;
      const inside = y >= 0 && x >= 0 && y < height && x < width;
      if (source !== undefined) gated[i] *= inside ? gate(source[y * width + x]) : 0;
      if (destination !== undefined) gated[i] *= gate(destination[node]);
    }
  }
  const layout = createTileLayout(height, width, radius);
  const transposed = transposeWindow(gated, height, width, radius);
  const symmetric = windowToTiles(
    gated.map((value, i) => value + transposed[i]),
    layout,
    0,
  );
  return {
    layout,
    symmetric,
    total: gated.reduce((sum, value) => sum + value, 0),
    cells,
    dispose: () => {
      symmetric.dispose();
      layout.dispose();
    },
  };
}

/** Cells that a mask covers in part do not count; NaN neither. */
function gate(value: number): number {
  return value >= 1 ? value : 0;
}

/**
 * @param probabilities y [n, K]
 * @returns loss (scalar) and dL/dy [n, K]; call inside a `tf.tidy`
 */
export function gatedCrfLoss(
  probabilities: tf.Tensor2D,
  crf: GatedCrf,
): { readonly value: tf.Scalar; readonly gradient: tf.Tensor2D } {
  const neighbours = gatherNodes(tf.matMul(crf.symmetric, gatherKeys(probabilities, crf.layout)), crf.layout); // (K + Kᵀ)y
  const agreement = tf.sum(tf.mul(probabilities, neighbours)); // 2 Σ k_ij y_i·y_j
  const value = tf.add(tf.mul(agreement, -0.5 / crf.cells), crf.total / crf.cells) as tf.Scalar;
  return { value, gradient: tf.mul(neighbours, -1 / crf.cells) as tf.Tensor2D };
}

/** dL/dlogits from dL/dy of y = softmax(logits). */
export function throughSoftmax(probabilities: tf.Tensor2D, gradient: tf.Tensor2D): tf.Tensor2D {
  const weighted = tf.mul(probabilities, gradient);
  return tf.sub(weighted, tf.mul(probabilities, tf.sum(weighted, 1, true))) as tf.Tensor2D;
}
