/**
 * Minimum spanning trees of feature maps (Song et al., NeurIPS 2019, section 3.1; reference lib_tree_filter, mst and
 * bfs): the nodes are the cells of the grid, edges join a cell with its four neighbours, and an edge weighs the squared
 * distance of its ends' features. What is alike hangs together; a border is crossed at its weakest place only.
 *
 * Borůvka: every component takes its lightest edge, until one is left; rounds halve the components at least. Of equal
 * edges the first counts (vertical before horizontal ones, row-major, as the reference lists them), so the tree is
 * always the same. The reference adds 1 to every weight, which changes no order but makes small differences equal by
 * rounding: left out.
 */

import type * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";

/** The tree of one image. Nodes are numbered row-major. */
export interface SpanningTree {
  /** All nodes, breadth first from node 0: each one after its parent, [n]. */
  readonly order: Int32Array;
  /** Parent of each node; −1 for the root, [n]. */
  readonly parent: Int32Array;
}

/** The trees of a batch, each on the same grid. */
export interface SpanningTrees {
  readonly height: number;
  readonly width: number;
  readonly images: readonly SpanningTree[];
}

/**
 * The trees of a guide [b, h, w, e]. No gradient passes through the choice of edges. The guide's values are read
 * synchronously: on a GPU the computation waits for them here.
 * @throws UserError "input" where the guide is not [b, h, w, e] with at least one node
 */
export function minimumSpanningTrees(guide: tf.Tensor4D): SpanningTrees {
  if (guide.rank !== 4 || guide.size === 0)
    throw expected("input", "a guide [b, h, w, e]", `[${guide.shape.join(", ")}]`, "minimum spanning trees");
  const [batch, height, width, channels] = guide.shape;
  const values = guide.dataSync<"float32">();
  const grid = gridEdges(height, width);
  const size = height * width * channels;
  const images = Array.from({ length: batch }, (_, image) => {
    const weights = gridWeights(values.subarray(image * size, (image + 1) * size), channels, grid);
    return rootedTree(spanningEdges(weights, grid), grid);
  });
  return { height, width, images };
}

/** Squared distance of two rows of `length` numbers, which begin at `a` and `b`. */
export function squaredDistance(values: Float32Array, a: number, b: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) {
    const difference = values[a + k] - values[b + k];
    sum += difference * difference;
  }
  return sum;
}

/** Edge e joins the nodes source[e] and target[e]. */
interface GridEdges {
  readonly nodes: number;
  readonly source: Int32Array;
  readonly target: Int32Array;
}

function gridEdges(height: number, width: number): GridEdges {
  const vertical = (height - 1) * width;
  const source = new Int32Array(vertical + height * (width - 1));
  const target = new Int32Array(source.length);
  for (let edge = 0; edge < vertical; edge++) {
    source[edge] = edge;
    target[edge] = edge + width;
  }
  for (let y = 0, edge = vertical; y < height; y++) {
    for (let x = 0; x + 1 < width; x++, edge++) {
      source[edge] = y * width + x;
      target[edge] = source[edge] + 1;
    }
  }
  return { nodes: height * width, source, target };
}

/** NaN counts as infinitely far, so that there is a tree anyway; the filter then hands the NaN on. */
function gridWeights(values: Float32Array, channels: number, { source, target }: GridEdges): Float64Array {
  const weights = new Float64Array(source.length);
  for (let edge = 0; edge < weights.length; edge++) {
    const distance = squaredDistance(values, source[edge] * channels, target[edge] * channels, channels);
    weights[edge] = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
  }
  return weights;
}

/** The edges of the minimum spanning tree, [n − 1]. */
function spanningEdges(weights: Float64Array, { nodes, source, target }: GridEdges): Int32Array {
  const chosen = new Int32Array(nodes - 1);
  const component = Int32Array.from({ length: nodes }, (_, node) => node);
  const joined = component.slice(); // a component → one it has become part of, or itself
  const lightest = new Int32Array(nodes);
  let edges = Int32Array.from(weights, (_, edge) => edge); // those between two components, in their order
  for (let count = 0; count < chosen.length; ) {
    // 1. The lightest edge of each component.
    lightest.fill(-1);
    let left = 0;
    for (const edge of edges) {
      const a = component[source[edge]];
      const b = component[target[edge]];
      if (a === b) continue;
      edges[left++] = edge;
      if (lightest[a] < 0 || weights[edge] < weights[lightest[a]]) lightest[a] = edge;
      if (lightest[b] < 0 || weights[edge] < weights[lightest[b]]) lightest[b] = edge;
    }
    edges = edges.subarray(0, left);
    // 2. Join along them; two components may have taken the same one.
    for (const edge of lightest) {
      if (edge < 0) continue;
      const a = lastJoined(joined, component[source[edge]]);
      const b = lastJoined(joined, component[target[edge]]);
      if (a === b) continue;
      joined[Math.max(a, b)] = Math.min(a, b);
      chosen[count++] = edge;
    }
    // 3. Rename the components.
    for (let node = 0; node < nodes; node++) component[node] = lastJoined(joined, component[node]);
  }
  return chosen;
}

function lastJoined(joined: Int32Array, component: number): number {
  let each = component;
  while (joined[each] !== each) {
    joined[each] = joined[joined[each]];
    each = joined[each];
  }
  return each;
}

function rootedTree(edges: Int32Array, { nodes, source, target }: GridEdges): SpanningTree {
  const neighbours = new Int32Array(4 * nodes);
  const degree = new Uint8Array(nodes);
  for (const edge of edges) {
    const [a, b] = [source[edge], target[edge]];
    neighbours[4 * a + degree[a]++] = b;
    neighbours[4 * b + degree[b]++] = a;
  }
  const order = new Int32Array(nodes);
  const parent = new Int32Array(nodes);
  parent[0] = -1;
  for (let read = 0, written = 1; read < nodes; read++) {
    const node = order[read];
    for (let k = 0; k < degree[node]; k++) {
      const neighbour = neighbours[4 * node + k];
      if (neighbour === parent[node]) continue;
      parent[neighbour] = node;
      order[written++] = neighbour;
    }
  }
  return { order, parent };
}
