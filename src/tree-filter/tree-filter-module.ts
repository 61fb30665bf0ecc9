/**
 * The tree filtering module of Tree-FCN (Song et al., NeurIPS 2019, section 3.3; reference model/…tree_filter/network.py): at
 * every stage of a decoder that goes from coarse to fine, the coarser features are filtered along the tree of the finer
 * ones before the two are added. So edges come from low-level features, and how much passes an edge from high-level ones:
 * each guide does what it knows best.
 */

import type * as tf from "@tensorflow/tfjs";
import { convolve } from "../network/convolution";
import { minimumSpanningTrees } from "./spanning-tree";
import { type TreeFilterOptions, treeFilter } from "./tree-filter";

/** Groups of channels in the reference's networks. */
export const TREE_FILTER_GROUPS = 16;

/**
 * @param coarse high-level features, resized to the finer grid, [b, h, w, c]
 * @param fine low-level features; the tree's choice of edges hands no gradient on to them, [b, h, w, any]
 * @param embedding 1×1 convolution of the coarse features to the guide of the edge weights, without bias, [1, 1, c, e]
 * @returns the filtered coarse features, [b, h, w, c]; differentiable in them and in the embedding
 * @throws UserError "input" where shapes do not fit or `groups` (default 16) divides not both c and e
 */
export function treeFilterModule(
  coarse: tf.Tensor4D,
  fine: tf.Tensor4D,
  embedding: tf.Tensor4D,
  { groups = TREE_FILTER_GROUPS }: TreeFilterOptions = {},
): tf.Tensor4D {
  return treeFilter(coarse, convolve(coarse, embedding), minimumSpanningTrees(fine), { groups });
}
