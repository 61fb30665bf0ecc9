/**
 * The passes of the tree filter over the tree of one image, in typed arrays: a row of numbers a node, split into groups of
 * equal width, each with its own weight of an edge. An edge is named by its child. Every pass visits each node once;
 * formulas and letters in tree-filter.ts.
 */

import { type SpanningTree, squaredDistance } from "./spanning-tree";

/** A tree whose edges have a weight in each group: w, [n, groups], 0 at the root. */
export interface WeightedTree extends SpanningTree {
  readonly groups: number;
  readonly weights: Float32Array;
}

/** And the filter's denominators. */
export interface NormalisedTree extends WeightedTree {
  /** Z↑, the weights of the subtree, [n, groups] */
  readonly subtreeSums: Float32Array;
  /** Z, the weights of the whole tree, [n, groups] */
  readonly sums: Float32Array;
}

/** w_i = exp(−‖e_i − e_parent‖²) in each group of the guide's channels. @param guide [n, e] */
export function weightedTree(guide: Float32Array, tree: SpanningTree, groups: number): NormalisedTree {
  const { order, parent } = tree;
  const weights = new Float32Array(order.length * groups);
  const channels = guide.length / order.length;
  const width = channels / groups;
  for (let k = 1; k < order.length; k++) {
    const node = order[k];
    for (let group = 0; group < groups; group++) {
      const start = group * width;
      const distance = squaredDistance(guide, node * channels + start, parent[node] * channels + start, width);
      weights[node * groups + group] = Math.exp(-distance);
    }
  }
  return normalised({ order, parent, groups, weights });
}

/** The passes over rows of ones. */
function normalised(tree: WeightedTree): NormalisedTree {
  const { order, parent, groups, weights } = tree;
  const subtreeSums = new Float32Array(weights.length).fill(1);
  sumSubtrees(subtreeSums, tree);
  const sums = subtreeSums.slice();
  for (let k = 1; k < order.length; k++) {
    let own = order[k] * groups;
    let up = parent[order[k]] * groups;
    for (const end = own + groups; own < end; own++, up++)
      sums[own] += weights[own] * (sums[up] - weights[own] * sums[own]);
  }
  return { ...tree, subtreeSums, sums };
}

/** Leaves to root: each row becomes the weighted sum over the node's subtree. @param values [n, c] → A↑ */
export function sumSubtrees(values: Float32Array, { order, parent, groups, weights }: WeightedTree): void {
  const channels = values.length / order.length;
  const width = channels / groups;
  for (let k = order.length - 1; k > 0; k--) {
    const node = order[k];
    let own = node * channels;
    let up = parent[node] * channels;
    for (let group = 0; group < groups; group++) {
      const weight = weights[node * groups + group];
      for (const end = own + width; own < end; own++, up++) values[up] += weight * values[own];
    }
  }
}

/**
 * Root to leaves: sums over subtrees become means over the whole tree,
 * y_i = ((1 − w_i²) A↑_i + w_i Z_parent y_parent) / Z_i. @param values A↑, [n, c] → y
 */
export function spreadMeans(values: Float32Array, { order, parent, groups, weights, sums }: NormalisedTree): void {
  const channels = values.length / order.length;
  const width = channels / groups;
  for (let k = 0; k < width * groups; k++) values[k] /= sums[Math.floor(k / width)]; // node 0 is the root
  for (let k = 1; k < order.length; k++) {
    const node = order[k];
    let own = node * channels;
    let up = parent[node] * channels;
    for (let group = 0; group < groups; group++) {
      const weight = weights[node * groups + group];
      const sum = sums[node * groups + group];
      const kept = (1 - weight * weight) / sum;
      const taken = (weight * sums[parent[node] * groups + group]) / sum;
      for (const end = own + width; own < end; own++, up++) values[own] = kept * values[own] + taken * values[up];
    }
  }
}
