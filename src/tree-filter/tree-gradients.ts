/** The tree filter's backward passes over the tree of one image; formulas and letters in tree-filter.ts. */

import { type NormalisedTree, sumSubtrees } from "./tree-passes";

/** Rows of one image: what went in, what came out, and G = dL/dy; guide [n, e], the others [n, c]. */
export interface FilterRows {
  readonly features: Float32Array;
  readonly guide: Float32Array;
  readonly output: Float32Array;
  readonly upstream: Float32Array;
}

/** @param gradient zeros, which become dL/dx [n, c] and dL/de [n, e] */
export function treeGradients(
  { features, guide, output, upstream }: FilterRows,
  tree: NormalisedTree,
  gradient: { readonly features: Float32Array; readonly guide: Float32Array },
): void {
  const aggregate = features.slice();
  sumSubtrees(aggregate, tree); // A↑
  const h = gradient.features;
  const q = divideBySums(upstream, output, tree, h);
  sumSubtrees(h, tree); // H↑
  sumSubtrees(q, tree); // Q↑
  const dWeights = spreadGradients(h, q, aggregate, output, tree);
  addGuideGradient(gradient.guide, guide, dWeights, tree);
}

/** h = G / Z, and returns q = Σ_c h y, [n, groups] */
function divideBySums(
  upstream: Float32Array,
  output: Float32Array,
  { sums }: NormalisedTree,
  h: Float32Array,
): Float32Array {
  const q = new Float32Array(sums.length);
  const width = upstream.length / q.length;
  for (let row = 0, k = 0; row < q.length; row++) {
    let product = 0;
    for (const end = k + width; k < end; k++) {
      h[k] = upstream[k] / sums[row];
      product += h[k] * output[k];
    }
    q[row] = product;
  }
  return q;
}

/**
 * Root to leaves: H↑ ← H = H↑ + w (H_p − w H↑), Q likewise, and on the way dL/dw, which needs the child's sum as it was and
 * the parent's as it becomes. [n, groups]
 */
function spreadGradients(
  h: Float32Array,
  q: Float32Array,
  aggregate: Float32Array,
  output: Float32Array,
  { order, parent, groups, weights, sums, subtreeSums }: NormalisedTree,
): Float32Array {
  const dWeights = new Float32Array(weights.length);
  const channels = h.length / order.length;
  const width = channels / groups;
  for (let k = 1; k < order.length; k++) {
    const node = order[k];
    let own = node * channels;
    let up = parent[node] * channels;
    for (let group = 0; group < groups; group++) {
      const i = node * groups + group;
      const p = parent[node] * groups + group;
      const weight = weights[i];
      const sum = sums[p]; // A_p = y_p Z_p
      let change = 0;
      for (const end = own + width; own < end; own++, up++) {
        const outside = h[up] - weight * h[own];
        change += h[own] * (sum * output[up] - weight * aggregate[own]) + aggregate[own] * outside;
        h[own] += weight * outside;
      }
      const outside = q[p] - weight * q[i];
      dWeights[i] = change - q[i] * (sum - weight * subtreeSums[i]) - subtreeSums[i] * outside;
      q[i] += weight * outside;
    }
  }
  return dWeights;
}

/** dL/de_i += −2 w_i dL/dw_i (e_i − e_p), dL/de_p the opposite. */
function addGuideGradient(
  gradient: Float32Array,
  guide: Float32Array,
  dWeights: Float32Array,
  { order, parent, groups, weights }: NormalisedTree,
): void {
  const channels = guide.length / order.length;
  const width = channels / groups;
  for (let k = 1; k < order.length; k++) {
    const node = order[k];
    let own = node * channels;
    let up = parent[node] * channels;
    for (let group = 0; group < groups; group++) {
      const scale = -2 * weights[node * groups + group] * dWeights[node * groups + group];
      for (const end = own + width; own < end; own++, up++) {
        const change = scale * (guide[own] - guide[up]);
        gradient[own] += change;
        gradient[up] -= change;
      }
    }
  }
}
