/**
 * The affinity attention layer (docs/method.md, section 3.2; reference pygcn/A2GNN.py, GraphAttentionLayer):
 *   P = softmax over the window of (β·cos(x_i, x_j) + 10·A_ij),  x ← P·x,  cos = x_i·x_j / (‖x_i‖‖x_j‖ + 1e-7),
 * cells outside the window, or with cos < 0, left out. The reference forms N×N matrices; here every product runs on
 * tiles.
 *
 * Backward, written by hand because the tape would hold a dozen score tensors a layer. With e = exp(score − 10), s_i =
 * Σ_j e_ij, P = e/s, O = P·x, g̃ = G/s and δ̃_i = g̃_i·O_i:
 *   dZ_ij = e_ij (g̃_i·x_j − δ̃_i)                      gradient of the scores
 *   dβ   = Σ dZ_ij cos_ij = ½ Σ (dZ + dZᵀ)_ij cos_ij    cos is symmetric
 *   E    = (dZ + dZᵀ) / (‖x_i‖‖x_j‖ + 1e-7)
 *   dx_i = Σ_j e_ji g̃_j + β Σ_j E_ij x_j − β (x_i/‖x_i‖) Σ_j E_ij cos_ij ‖x_j‖
 * The window is symmetric: the pair (j, i) of every pair (i, j) has a place of its own among the tiles, so a transposed term
 * is picked out of the tensor itself, number by number, which is cheaper than the product that would compute it again.
 *
 * Scores lie as [tile, key, query]: in a product of keys and queries TensorFlow then turns the 64 queries of a tile before it
 * multiplies, and not its 256 keys, which took half as long again (docs/measurements.md, "A training step and its limit").
 */

import * as tf from "@tensorflow/tfjs";
import { valuesOf } from "../tensor-values";
import {
  createTileLayout,
  gatherKeys,
  gatherNodes,
  gatherQueries,
  oppositePairs,
  type TileLayout,
  tilesToWindow,
  windowToTiles,
} from "../window/tiles";
import { forEachNeighbour, transposed, type WindowedMap } from "../window/windowed-map";
import { divideRows } from "./divide-rows";

/** Weight of the affinity among the scores (paper equation 5; fixed in the reference). 0 leaves the cosine alone. */
const AFFINITY_WEIGHT = 10;
/** Keeps the cosine finite for empty features. */
const EPSILON = 1e-7;
/** Score of a pair that is left out: its exponential is exactly 0. */
const MASKED = -1e9;

/** The constant part of the scores of one image, shared by all layers and steps. */
export interface AttentionWindow {
  readonly layout: TileLayout;
  /** 10·A_ij − 10 inside the window and map, else −1e9: [t, k, q]. */
  readonly scores: tf.Tensor3D;
  /** Place of (j, i) for the place of each pair (i, j) in a tensor [t, k, q]. */
  readonly opposite: tf.Tensor1D;
  /** Whether A_ij = A_ji everywhere, and so e_ij = e_ji. */
  readonly symmetric: boolean;
  dispose(): void;
}

/** @param affinity adjacency, its diagonal 1 */
export function createAttentionWindow(affinity: WindowedMap, weight: number = AFFINITY_WEIGHT): AttentionWindow {
  const layout = createTileLayout(affinity);
  const weighted = affinity.values.map((a) => weight * (a - 1));
  const scores = tf.tidy(() => turnTiles(windowToTiles(weighted, layout, MASKED)));
  const opposite = tf.tensor1d(oppositePairs(layout), "int32");
  return {
    layout,
    scores,
    opposite,
    symmetric: sameNeighbours(affinity, transposed(affinity)),
    dispose: () => {
      tf.dispose([scores, opposite]);
      layout.dispose();
    },
  };
}

/**
 * What the forward pass keeps for the backward pass: in a `tf.tidy` of the caller. Rows of halos and products of norms are
 * computed once more on the way back, which takes less time than they take memory.
 */
export interface AttentionState {
  readonly x: tf.Tensor2D;
  readonly output: tf.Tensor2D;
  readonly beta: tf.Scalar;
  readonly norm: tf.Tensor2D; // [n, 1]
  readonly rowSum: tf.Tensor2D; // [n, 1]
  readonly cos: tf.Tensor3D; // [t, k, q]
  readonly weights: tf.Tensor3D; // e, [t, k, q]
  readonly negative: tf.Tensor3D | undefined; // cos < 0
}

/**
 * One layer, forward. Exact while |β| < 80 (a step moves β by at most the learning rate); beyond, exp would leave float32.
 * @param x node features [n, c]
 * @param nonNegative true where x ≥ 0 is known, as after the ReLU: then cos < 0 cannot happen and its mask is left out
 */
export function attentionForward(
  x: tf.Tensor2D,
  beta: tf.Scalar,
  window: AttentionWindow,
  nonNegative = false,
): AttentionState {
  const { layout, scores } = window;
  const norm = tf.sqrt(tf.sum(tf.square(x), 1, true)) as tf.Tensor2D;
  const keys = gatherKeys(x, layout);
  const cos = tf.tidy(() => tf.div(products(keys, x, layout), normProducts(norm, layout))) as tf.Tensor3D;
  const negative = nonNegative ? undefined : (tf.less(cos, 0) as tf.Tensor3D);
  const weights = scoreWeights(cos, beta, scores, negative);
  const rowSum = gatherNodes(tf.sum(weights, 1).reshape([layout.tiles, layout.queries, 1]) as tf.Tensor3D, layout);
  const output = tf.tidy(() => tf.div(gatherNodes(tf.matMul(weights, keys, true), layout), rowSum)) as tf.Tensor2D;
  return { x, output, beta, norm, rowSum, cos, weights, negative };
}

/** One layer, backward. @param upstream dL/d(output), [n, c] */
export function attentionBackward(
  upstream: tf.Tensor2D,
  state: AttentionState,
  window: AttentionWindow,
): { readonly x: tf.Tensor2D; readonly beta: tf.Scalar } {
  const { layout, opposite, symmetric } = window;
  const { x, output, beta, norm, rowSum, cos, weights } = state;
  const ofOpposite = (pairs: tf.Tensor3D): tf.Tensor3D =>
    tf.gather(pairs.reshape([pairs.size]), opposite).reshape(pairs.shape) as tf.Tensor3D;
  const scaled = tf.div(upstream, rowSum) as tf.Tensor2D; // g̃
  const shift = tf.sum(tf.mul(scaled, output), 1, true) as tf.Tensor2D; // δ̃, [n, 1]
  const keys = gatherKeys(x, layout);
  // Nothing of the scores' size is kept longer than the line that needs it: these are the largest tensors of a training.
  const dScores = tf.tidy(() => {
    const above = tf.tidy(() => tf.sub(products(keys, scaled, layout), alongQueries(shift, layout)));
    return tf.mul(weights, above);
  }) as tf.Tensor3D;
  const bothWays = tf.tidy(() => tf.add(dScores, ofOpposite(dScores))); // dZ + dZᵀ
  dScores.dispose();
  const dBeta = tf.tidy(() => tf.mul(tf.sum(tf.mul(bothWays, cos)), 0.5)) as tf.Scalar;
  const shared = tf.tidy(() => {
    const perCosine = tf.tidy(() => tf.div(bothWays, normProducts(norm, layout)));
    return tf.mul(perCosine, beta);
  }) as tf.Tensor3D; // β·E
  bothWays.dispose();
  const throughProducts = tf.tidy(() => {
    const own = tf.tidy(() => tf.matMul(symmetric ? weights : ofOpposite(weights), gatherKeys(scaled, layout), true));
    return gatherNodes(tf.add(own, tf.matMul(shared, keys, true)) as tf.Tensor3D, layout);
  });
  const dNorm = tf.tidy(() =>
    gatherNodes(tf.matMul(tf.mul(shared, cos) as tf.Tensor3D, gatherKeys(norm, layout), true), layout),
  ); // −dL/d‖x_i‖
  const dX = tf.sub(throughProducts, tf.mul(x, divideRows(dNorm, norm))) as tf.Tensor2D;
  return { x: dX, beta: dBeta };
}

/** The layer as a differentiable op: x [n, c], β scalar → [n, c]. */
export function attention(x: tf.Tensor2D, beta: tf.Scalar, window: AttentionWindow): tf.Tensor2D {
  const op = tf.customGrad((...inputs) => {
    const [nodes, scale, save] = inputs as unknown as [tf.Tensor2D, tf.Scalar, (tensors: tf.Tensor[]) => void];
    const state = attentionForward(nodes, scale, window);
    const names = (Object.keys(state) as (keyof AttentionState)[]).filter((name) => state[name] !== undefined);
    save(names.map((name) => state[name] as tf.Tensor));
    const gradFunc = (upstream: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const kept = Object.fromEntries(names.map((name, i) => [name, saved[i]])) as unknown as AttentionState;
      const back = attentionBackward(upstream as tf.Tensor2D, kept, window);
      return [back.x, back.beta.reshape(scale.shape)];
    };
    return { value: state.output as tf.Tensor, gradFunc: gradFunc as never };
  });
  return op(x, beta) as tf.Tensor2D;
}

/** The propagation weights P: for pictures and tests. */
export function attentionWeights(state: AttentionState, window: AttentionWindow): WindowedMap {
  const { layout } = window;
  const tiles = valuesOf(() => turnTiles(tf.div(state.weights, alongQueries(state.rowSum, layout))));
  return tilesToWindow(tiles, layout);
}

/** [t, q, k] to [t, k, q] and back. */
function turnTiles(tiles: tf.Tensor3D): tf.Tensor3D {
  return tf.transpose(tiles, [0, 2, 1]);
}

/** One number per node beside every pair of its tile: [n, 1] to [t, 1, q] */
function alongQueries(nodes: tf.Tensor2D, layout: TileLayout): tf.Tensor3D {
  return gatherQueries(nodes, layout).reshape([layout.tiles, 1, layout.queries]);
}

/** Products of each halo's rows with its tile's: [t, k, q]. @param keys halo rows [t, k, c] */
function products(keys: tf.Tensor3D, rows: tf.Tensor2D, layout: TileLayout): tf.Tensor3D {
  return tf.tidy(() => tf.matMul(keys, gatherQueries(rows, layout), false, true));
}

/** ‖x_i‖‖x_j‖ + 1e-7, [t, k, q] */
function normProducts(norm: tf.Tensor2D, layout: TileLayout): tf.Tensor3D {
  return tf.tidy(() => tf.add(tf.mul(gatherKeys(norm, layout), alongQueries(norm, layout)), EPSILON));
}

function scoreWeights(
  cos: tf.Tensor3D,
  beta: tf.Scalar,
  scores: tf.Tensor3D,
  negative: tf.Tensor3D | undefined,
): tf.Tensor3D {
  return tf.tidy(() => {
    const masked = negative === undefined ? scores : tf.where(negative, tf.fill(scores.shape, MASKED), scores);
    const sum = tf.tidy(() => tf.add(tf.mul(cos, beta), masked));
    return tf.exp(sum);
  }) as tf.Tensor3D;
}

/** Whether two maps hold the same values wherever the neighbour is inside. */
function sameNeighbours(a: WindowedMap, b: WindowedMap): boolean {
  let same = true;
  forEachNeighbour(a, (pair) => {
    if (a.values[pair] !== b.values[pair]) same = false;
  });
  return same;
}
