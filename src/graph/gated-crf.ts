/**
 * Gated CRF loss with the Potts model (Obukhov et al. 2019; docs/method.md, section 3.4; reference
 * model_loss_semseg_gatedcrf.py):
 *   L = (Σ_ij k_ij − Σ_ij k_ij y_i·y_j) / cells,   k_ij = Σ_m w_m exp(−½|f_i − f_j|²) inside the window, 0 at the centre.
 * Kernels depend on the image only: they are built once, as K + Kᵀ, and the gradient is −(K + Kᵀ)y / cells. The
 * reference pads features with 0, so neighbours outside the map keep a kernel in the constant term Σ k_ij but add
 * nothing to the product; with a source mask they drop out of both.
 * Goldens 05, 07.
 */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";
import { createTileLayout, gatherKeys, gatherNodes, type TileLayout, windowToTiles } from "../window/tiles";
import {
  forEachPair,
  OUTSIDE,
  transposed,
  type WindowedMap,
  type WindowGrid,
  windowSize,
} from "../window/windowed-map";
import { type Loss, throughSoftmax } from "./loss";

/** One kernel: its weight, and the standard deviations of position (cells) and, where given, colour. */
export interface KernelDescription {
  readonly weight: number;
  readonly xy?: number;
  readonly rgb?: number;
}

/** The kernel of A2GNN's own training: position 6 cells, normalised colour 0.1. */
const GRAPH_KERNELS: readonly KernelDescription[] = [{ weight: 1, xy: 6, rgb: 0.1 }];
/** Its window radius. */
const GRAPH_KERNEL_RADIUS = 5;

export interface GatedCrfOptions {
  readonly weight?: number;
  /** First step at which the term counts: the reference trains a first phase without it. */
  readonly from?: number;
  readonly kernels?: readonly KernelDescription[];
  readonly radius?: number;
}

/** The term of the second phase, on the softmax of the grid's logits. It needs the input's `colour`. */
export function gatedCrf({
  weight = 1,
  from = 0,
  kernels = GRAPH_KERNELS,
  radius = GRAPH_KERNEL_RADIUS,
}: GatedCrfOptions = {}): Loss {
  const owner = {};
  return function gatedCrf({ input, step, probabilities, keep }) {
    if (step < from || weight === 0) return undefined;
    const crf = keep(owner, () => {
      const { graph, colour } = input;
      if (colour === undefined) throw expected("input", "the grid's colours", "none", "gated CRF loss");
      const { height, width } = graph;
      return createGatedCrf(gatedCrfKernels(colour, { height, width, radius }, kernels));
    });
    const { value, gradient } = gatedCrfLoss(probabilities, crf);
    const dLogits = throughSoftmax(probabilities, tf.mul(gradient, weight));
    return { value: tf.mul(value, weight), dLogits };
  };
}

/** Kernels before any mask, 0 at the centre. @param colour [n·3], the normalised image at the grid's size */
export function gatedCrfKernels(
  colour: Float32Array,
  { height, width, radius }: WindowGrid,
  kernels: readonly KernelDescription[],
): WindowedMap {
  const map = { height, width, radius, values: new Float32Array(windowSize({ height, width, radius })) };
  const column = Int32Array.from({ length: height * width }, (_, cell) => cell % width);
  const row = Int32Array.from({ length: height * width }, (_, cell) => Math.floor(cell / width));
  for (const { weight, xy, rgb } of kernels)
    forEachPair(map, (pair, cell, neighbour) => {
      if (neighbour === cell) return;
      // reference: the zero padding of unfold gives every neighbour outside the map the position (0, 0) and the colour 0
      const inside = neighbour !== OUTSIDE;
      let distance = 0;
      if (xy !== undefined)
        distance +=
          (((inside ? column[neighbour] : 0) - column[cell]) / xy) ** 2 +
          (((inside ? row[neighbour] : 0) - row[cell]) / xy) ** 2;
      if (rgb !== undefined)
        for (let c = 0; c < 3; c++)
          distance += (((inside ? colour[neighbour * 3 + c] : 0) - colour[cell * 3 + c]) / rgb) ** 2;
      map.values[pair] += weight * Math.exp(-0.5 * distance);
    });
  return map;
}

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
 * @param kernels from `gatedCrfKernels`
 * @param masks optional weights per cell, of which those below 1 count as 0: `source` gates neighbours, `destination` centres
 */
export function createGatedCrf(
  kernels: WindowedMap,
  masks: { readonly source?: Float32Array; readonly destination?: Float32Array } = {},
): GatedCrf {
  const gated = { ...kernels, values: kernels.values.slice() };
  const { source, destination } = masks;
  let cells = kernels.height * kernels.width;
  for (const mask of [source, destination])
    if (mask !== undefined)
      cells = Math.max(
        1,
        mask.reduce((sum, value) => sum + gate(value), 0),
      );
  if (source !== undefined || destination !== undefined)
    forEachPair(gated, (pair, cell, neighbour) => {
      if (source !== undefined) gated.values[pair] *= neighbour === OUTSIDE ? 0 : gate(source[neighbour]);
      if (destination !== undefined) gated.values[pair] *= gate(destination[cell]);
    });
  const layout = createTileLayout(kernels);
  const backwards = transposed(gated).values;
  const symmetric = windowToTiles(
    gated.values.map((value, pair) => value + backwards[pair]),
    layout,
    0,
  );
  return {
    layout,
    symmetric,
    total: gated.values.reduce((sum, value) => sum + value, 0),
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
