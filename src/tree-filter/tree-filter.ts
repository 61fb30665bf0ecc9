/**
 * The learnable tree filter (Song et al., NeurIPS 2019, equations 2 to 5; reference lib_tree_filter, refine): every
 * cell becomes a mean of all cells, weighted by the product of the edges' weights along the one path between them in a
 * tree,
 *   y_m = Σ_n S_mn x_n / Z_m,   Z_m = Σ_n S_mn,   S_mn = Π_{edges k on the path} w_k,   w_k = exp(−‖e_k − e_parent(k)‖²),
 * where an edge is named by its child k, and e is a learned embedding. Channels fall into groups of equal width: group
 * g of the features is weighted by group g of the guide. Two passes do for all pairs what N² paths would:
 *   A↑_i = x_i + Σ_{children j} w_j A↑_j                leaves to root: the sum over the subtree
 *   A_i  = (1 − w_i²) A↑_i + w_i A_parent               root to leaves: the sum over the tree;   y = A / Z, Z likewise of ones
 *
 * Backward, by hand, since a tape of N dependent steps would hold every one of them. With G = dL/dy and h = G / Z:
 *   dL/dx   = H = S·h                                   S is symmetric: the same two passes, H↑ and H
 *   q_m     = Σ_c h_mc y_mc                             −dL/dZ; Q↑ and Q by the same passes
 *   dL/dw_i = Σ_c [H↑_i (A_p − w_i A↑_i) + A↑_i (H_p − w_i H↑_i)] − [Q↑_i (Z_p − w_i Z↑_i) + Z↑_i (Q_p − w_i Q↑_i)]
 *             p = parent(i): A_p − w_i A↑_i is what comes from outside i's subtree, so each bracket has the pairs whose path uses i
 *   dL/de_i = −2 w_i dL/dw_i (e_i − e_p),   dL/de_p gets the opposite
 * The forward pass keeps w, Z and Z↑ alone, [n, groups]; A = y·Z, and A↑ is summed again. Everything is O(n·c).
 */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";
import type { SpanningTrees } from "./spanning-tree";
import { treeGradients } from "./tree-gradients";
import { type NormalisedTree, spreadMeans, sumSubtrees, weightedTree } from "./tree-passes";

export interface TreeFilterOptions {
  /** Groups of channels with edge weights of their own; must divide the channels of features and guide. Default 1. */
  readonly groups?: number;
}

/**
 * Features [b, h, w, c] smoothed along the trees → [b, h, w, c]; differentiable in the features and in the guide [b, h,
 * w, e], not in the trees. Distances have no scale of their own: a guide times √s has distances times s.
 *
 * It runs on every backend, in typed arrays on one thread. Tensors are read synchronously: on a GPU the computation
 * waits here, forward and backward, and the tensors travel to main memory and back.
 * @throws UserError "input" where shapes, trees and groups do not fit one another
 */
export function treeFilter(
  features: tf.Tensor4D,
  guide: tf.Tensor4D,
  trees: SpanningTrees,
  { groups = 1 }: TreeFilterOptions = {},
): tf.Tensor4D {
  checkInput(features, guide, trees, groups);
  const batch = trees.images.length;
  const op = tf.customGrad((...inputs) => {
    const [x, e, save] = inputs as unknown as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
    const output = x.dataSync<"float32">().slice();
    const guides = imageRows(e.dataSync<"float32">(), batch);
    const weighted = trees.images.map((tree, image) => weightedTree(guides[image], tree, groups));
    imageRows(output, batch).forEach((rows, image) => {
      sumSubtrees(rows, weighted[image]);
      spreadMeans(rows, weighted[image]);
    });
    const value = tf.tensor4d(output, x.shape);
    save([x, e, value]);
    const gradFunc = (upstream: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => gradients(upstream, saved, weighted);
    return { value: value as tf.Tensor, gradFunc: gradFunc as never };
  });
  return op(features, guide) as tf.Tensor4D;
}

/** dL/dfeatures and dL/dguide. */
function gradients(
  upstream: tf.Tensor,
  [features, guide, output]: readonly tf.Tensor[],
  trees: readonly NormalisedTree[],
): tf.Tensor[] {
  const [x, e, y, g] = [features, guide, output, upstream].map((tensor) =>
    imageRows(tensor.dataSync<"float32">(), trees.length),
  );
  const dFeatures = new Float32Array(features.size);
  const dGuide = new Float32Array(guide.size);
  const dx = imageRows(dFeatures, trees.length);
  const de = imageRows(dGuide, trees.length);
  trees.forEach((tree, i) => {
    const rows = { features: x[i], guide: e[i], output: y[i], upstream: g[i] };
    treeGradients(rows, tree, { features: dx[i], guide: de[i] });
  });
  return [tf.tensor(dFeatures, features.shape), tf.tensor(dGuide, guide.shape)];
}

/** The values of each image: views. */
function imageRows(values: Float32Array, batch: number): Float32Array[] {
  const size = values.length / batch;
  return Array.from({ length: batch }, (_, image) => values.subarray(image * size, (image + 1) * size));
}

function checkInput(features: tf.Tensor4D, guide: tf.Tensor4D, trees: SpanningTrees, groups: number): void {
  const where = "tree filter";
  if (features.rank !== 4 || guide.rank !== 4)
    throw expected("input", "features and guide of 4 axes", `${features.rank} and ${guide.rank}`, where);
  if (features.dtype !== "float32" || guide.dtype !== "float32")
    throw expected("input", "features and guide of float32", `${features.dtype} and ${guide.dtype}`, where);
  const grid = [trees.images.length, trees.height, trees.width];
  for (const [name, tensor] of Object.entries({ features, guide }))
    if (grid.some((extent, axis) => tensor.shape[axis] !== extent))
      throw expected("input", `${name} [${grid.join(", ")}, …] as the trees`, `[${tensor.shape.join(", ")}]`, where);
  const channels = [features.shape[3], guide.shape[3]];
  if (!Number.isInteger(groups) || groups < 1 || channels.some((count) => count % groups !== 0))
    throw expected("input", `groups that divide ${channels.join(" and ")} channels`, String(groups), where);
}
