/**
 * The affinity attention layer (docs/method.md, section 3.2; reference pygcn/A2GNN.py, GraphAttentionLayer):
 *   P = softmax over the window of (β·cos(x_i, x_j) + 10·A_ij),  x ← P·x,  cos = x_i·x_j / (‖x_i‖‖x_j‖ + 1e-7),
 * cells outside the window, or with cos < 0, left out. The reference forms N×N matrices; here every product runs on
 * tiles.
 *
 * Backward, written by hand because the tape would hold a dozen score tensors a layer. With e = exp(score − 10), s_i =
 * Σ_j e_ij, P = e/s, O = P·x, g̃ = G/s and δ̃_i = g̃_i·O_i:
 *   dZ_ij = e_ij (g̃_i·x_j − δ̃_i)                      gradient of the scores
 *   dβ   = Σ dZ_ij cos_ij
 *   E    = (dZ + dZᵀ) / (‖x_i‖‖x_j‖ + 1e-7)             cos is symmetric
 *   dx_i = Σ_j e_ji g̃_j + β Σ_j E_ij x_j − β (x_i/‖x_i‖) Σ_j E_ij cos_ij ‖x_j‖
 * The window is symmetric, so transposed terms are computed directly on the tile's own rows and nothing is scattered.
 */

import * as tf from "@tensorflow/tfjs";
import { valuesOf } from "../tensor-values";
import {
  createTileLayout,
  gatherKeys,
  gatherNodes,
  gatherQueries,
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
  /** 10·A_ij − 10 inside the window and map, else −1e9: [t, q, k]. */
  readonly scores: tf.Tensor3D;
  /** The same of Aᵀ; the same tensor where A is symmetric. */
  readonly transposedScores: tf.Tensor3D;
  dispose(): void;
}

/** @param affinity adjacency, its diagonal 1 */
export function createAttentionWindow(affinity: WindowedMap, weight: number = AFFINITY_WEIGHT): AttentionWindow {
  const layout = createTileLayout(affinity);
  const toScores = ({ values }: WindowedMap): tf.Tensor3D =>
    windowToTiles(
      values.map((a) => weight * (a - 1)),
      layout,
      MASKED,
    );
  const backwards = transposed(affinity);
  const symmetric = sameNeighbours(affinity, backwards);
  const scores = toScores(affinity);
  const transposedScores = symmetric ? scores : toScores(backwards);
  return {
    layout,
    scores,
    transposedScores,
    dispose: () => {
      tf.dispose(symmetric ? [scores] : [scores, transposedScores]);
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
  readonly cos: tf.Tensor3D; // [t, q, k]
  readonly weights: tf.Tensor3D; // e, [t, q, k]
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
  const cos = tf.tidy(() => tf.div(products(x, keys, layout), normProducts(norm, layout))) as tf.Tensor3D;
  const negative = nonNegative ? undefined : (tf.less(cos, 0) as tf.Tensor3D);
  const weights = scoreWeights(cos, beta, scores, negative);
  const rowSum = gatherNodes(tf.sum(weights, 2, true) as tf.Tensor3D, layout);
  const output = tf.tidy(() => tf.div(gatherNodes(tf.matMul(weights, keys), layout), rowSum)) as tf.Tensor2D;
  return { x, output, beta, norm, rowSum, cos, weights, negative };
}

/** One layer, backward. @param upstream dL/d(output), [n, c] */
export function attentionBackward(
  upstream: tf.Tensor2D,
  state: AttentionState,
  window: AttentionWindow,
): { readonly x: tf.Tensor2D; readonly beta: tf.Scalar } {
  const { layout } = window;
  const { x, output, beta, norm, rowSum, cos, weights } = state;
  const transposedWeights =
    window.transposedScores === window.scores
      ? weights
      : scoreWeights(cos, beta, window.transposedScores, state.negative);
  const scaled = tf.div(upstream, rowSum) as tf.Tensor2D; // g̃
  const shift = tf.sum(tf.mul(scaled, output), 1, true) as tf.Tensor2D; // δ̃, [n, 1]
  const keys = gatherKeys(x, layout);
  const scaledKeys = gatherKeys(scaled, layout);
  // Nothing of the scores' size is kept longer than the line that needs it: these are the largest tensors of a training.
  const dScores = tf.tidy(() => {
    const above = tf.tidy(() => tf.sub(products(scaled, keys, layout), gatherQueries(shift, layout)));
    return tf.mul(weights, above);
  });
  const dBeta = tf.tidy(() => tf.sum(tf.mul(dScores, cos))) as tf.Scalar;
  const dSymmetric = tf.tidy(() => {
    const shiftKeys = gatherKeys(shift, layout).reshape([layout.tiles, 1, layout.keys]);
    const above = tf.tidy(() => tf.sub(products(x, scaledKeys, layout), shiftKeys));
    const dTransposed = tf.mul(transposedWeights, above);
    above.dispose();
    return tf.add(dScores, dTransposed);
  });
  dScores.dispose();
  const shared = tf.tidy(() => {
    const perCosine = tf.tidy(() => tf.div(dSymmetric, normProducts(norm, layout)));
    return tf.mul(beta, perCosine);
  }) as tf.Tensor3D; // β·E
  dSymmetric.dispose();
  const throughProducts = tf.tidy(() =>
    gatherNodes(tf.add(tf.matMul(transposedWeights, scaledKeys), tf.matMul(shared, keys)) as tf.Tensor3D, layout),
  );
  const dNorm = tf.tidy(() =>
    gatherNodes(tf.matMul(tf.mul(shared, cos) as tf.Tensor3D, gatherKeys(norm, layout)), layout),
  ); // −dL/d‖x_i‖
  const dX = tf.sub(throughProducts, tf.mul(divideRows(x, norm), dNorm)) as tf.Tensor2D;
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
  const tiles = valuesOf(() => tf.div(state.weights, gatherQueries(state.rowSum, window.layout)));
  return tilesToWindow(tiles, window.layout);
}

/** Products of each tile's rows with the halo's: [t, q, k]. @param keys halo rows [t, k, c] */
function products(rows: tf.Tensor2D, keys: tf.Tensor3D, layout: TileLayout): tf.Tensor3D {
  return tf.tidy(() => tf.matMul(gatherQueries(rows, layout), keys, false, true));
}

/** ‖x_i‖‖x_j‖ + 1e-7, [t, q, k] */
function normProducts(norm: tf.Tensor2D, layout: TileLayout): tf.Tensor3D {
  return tf.tidy(() => {
    const ofKeys = gatherKeys(norm, layout).reshape([layout.tiles, 1, layout.keys]);
    return tf.add(tf.mul(gatherQueries(norm, layout), ofKeys), EPSILON);
  });
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
