/**
 * The affinity attention graph network (docs/method.md, section 3.2; reference pygcn/A2GNN.py):
 *   X·W₀ → ReLU → dropout → attention layers → ·W₁.
 * Forward and backward are written out, because a training step on one image is the inner loop of everything: the tape
 * would keep every intermediate of every layer until the end of the step.
 */

import * as tf from "@tensorflow/tfjs";
import { deriveSeed, Random } from "../random";
import {
  type AttentionState,
  type AttentionWindow,
  attentionBackward,
  attentionForward,
  attentionWeights,
  createAttentionWindow,
} from "./attention";
import type { ImageGraph } from "./image-graph";
import type { NodeNetwork, NodeState, OpenNodeNetwork } from "./node-network";

export interface A2gnnOptions {
  readonly hidden?: number;
  /** Attention layers. */
  readonly layers?: number;
  /** Dropout rate after the first product. */
  readonly dropout?: number;
  /** Weight of the affinity in the attention's scores; default: the paper's 10. */
  readonly affinityWeight?: number;
}

/** The network of the paper, of the reference's size by default, in the form that `fitGraph` trains. */
export function a2gnn({ hidden = 256, layers = 3, dropout = 0.5, affinityWeight }: A2gnnOptions = {}): NodeNetwork {
  return (graph, { classes, seed }): OpenNodeNetwork<A2gnnState> => {
    const window = createAttentionWindow(graph.affinity, affinityWeight);
    const shape = [graph.height * graph.width, hidden] as const;
    return {
      parameters: parameterList(initialParameters(graph, { hidden, classes, layers, seed })),
      forward(parameters, step) {
        const factors =
          step !== undefined && dropout > 0
            ? dropoutFactors(shape, dropout, deriveSeed(seed, "dropout", step))
            : undefined;
        return a2gnnForward(graph.features, parametersFromList(parameters), window, factors);
      },
      backward: (parameters, state, { dLogits, dNodes }) =>
        a2gnnBackward(graph.features, parametersFromList(parameters), state, window, dLogits, dNodes).gradients,
      attention: (state) => state.layers.map((layer) => attentionWeights(layer, window)),
      dispose: () => window.dispose(),
    };
  };
}

/** Letters: n nodes, c feature channels, m hidden channels, K classes. The owner disposes the tensors. */
export interface A2gnnParameters {
  /** W₀ [c, m], `embeddinglayer.weight` */
  readonly embedding: tf.Tensor2D;
  /** β of each layer, `attentionlayers.*.beta` */
  readonly betas: readonly tf.Scalar[];
  /** W₁ [m, K], `outputlayer.weight` */
  readonly output: tf.Tensor2D;
}

/** All parameters in one fixed order: embedding, betas, output. */
export function parameterList({ embedding, betas, output }: A2gnnParameters): tf.Tensor[] {
  return [embedding, ...betas, output];
}

export function parametersFromList(list: readonly tf.Tensor[]): A2gnnParameters {
  return {
    embedding: list[0] as tf.Tensor2D,
    betas: list.slice(1, -1) as tf.Scalar[],
    output: list[list.length - 1] as tf.Tensor2D,
  };
}

/** Xavier-uniform weights and β uniform in [0, 1), as the reference initialises them, from an explicit seed. */
export function initialParameters(
  graph: Pick<ImageGraph, "channels" | "columns">,
  options: { readonly hidden: number; readonly classes: number; readonly layers: number; readonly seed: number },
): A2gnnParameters {
  const { hidden, classes, layers, seed } = options;
  const xavier = (rows: number, columns: number, stream: string): Float32Array => {
    const random = new Random(deriveSeed(seed, stream));
    const limit = Math.sqrt(6 / (rows + columns));
    return Float32Array.from({ length: rows * columns }, () => random.uniform(-limit, limit));
  };
  const full = xavier(graph.channels, hidden, "embedding");
  const beta = new Random(deriveSeed(seed, "beta"));
  return {
    embedding: tf.tensor2d(selectRows(full, graph.columns, hidden), [graph.columns.length, hidden]),
    betas: Array.from({ length: layers }, () => tf.scalar(beta.uniform())),
    output: tf.tensor2d(xavier(hidden, classes, "output"), [hidden, classes]),
  };
}

/** The rows of a row-major matrix whose columns of X were kept. */
export function selectRows(matrix: Float32Array, rows: Int32Array, width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    out.set(matrix.subarray(row * width, (row + 1) * width), i * width);
  });
  return out;
}

/** What the forward pass keeps for the backward pass. */
export interface A2gnnState extends NodeState {
  /** Node features after the last attention layer, before W₁: [n, m] */
  readonly nodes: tf.Tensor2D;
  readonly layers: readonly AttentionState[];
  /** ReLU(X·W₀) [n, m] */
  readonly hidden: tf.Tensor2D;
  readonly dropout: tf.Tensor2D | undefined;
}

/** @param dropout factors [n, m] (0 or 1/(1 − p)) from `dropoutFactors`; absent at inference */
export function a2gnnForward(
  features: tf.Tensor2D,
  parameters: A2gnnParameters,
  window: AttentionWindow,
  dropout?: tf.Tensor2D,
): A2gnnState {
  const hidden: tf.Tensor2D = tf.relu(tf.matMul(features, parameters.embedding));
  let x = dropout === undefined ? hidden : tf.mul(hidden, dropout);
  const layers: AttentionState[] = [];
  for (const beta of parameters.betas) {
    const input = x as tf.Tensor2D;
    const state = tf.tidy(() => ({ ...attentionForward(input, beta, window, true) })); // intermediates go at once
    layers.push(state);
    x = state.output;
  }
  const nodes = x as tf.Tensor2D;
  const logits: tf.Tensor2D = tf.matMul(nodes, parameters.output);
  return { logits, nodes, layers, hidden, dropout };
}

/**
 * Gradients in the order of `parameterList`. Uses up the state: each layer's scores are freed as soon as they are done with.
 * @param dLogits dL/dlogits [n, K]
 * @param dNodes dL/dnodes [n, m] of losses on the node features, where there are any
 */
export function a2gnnBackward(
  features: tf.Tensor2D,
  parameters: A2gnnParameters,
  state: A2gnnState,
  window: AttentionWindow,
  dLogits: tf.Tensor2D,
  dNodes?: tf.Tensor2D,
): { readonly gradients: tf.Tensor[]; readonly dEmbedded: tf.Tensor2D } {
  const dOutput: tf.Tensor = tf.matMul(state.nodes, dLogits, true);
  let upstream = tf.matMul(dLogits, parameters.output, false, true) as tf.Tensor2D;
  if (dNodes !== undefined) upstream = tf.add(upstream, dNodes);
  const dBetas: tf.Scalar[] = [];
  for (let i = state.layers.length - 1; i >= 0; i--) {
    const layer = state.layers[i];
    const above = upstream;
    const back = tf.tidy(() => ({ ...attentionBackward(above, layer, window) }));
    tf.dispose([layer.cos, layer.weights]);
    dBetas.unshift(back.beta);
    upstream = back.x;
  }
  if (state.dropout !== undefined) upstream = tf.mul(upstream, state.dropout);
  const dEmbedded = tf.mul(upstream, tf.step(state.hidden)) as tf.Tensor2D; // dL/d(X·W₀)
  return { gradients: [featureGradient(features, dEmbedded), ...dBetas, dOutput], dEmbedded };
}

/** Xᵀ·dL/d(X·W₀) as the transpose of a product that turns the small matrix before it multiplies, and not X. */
function featureGradient(features: tf.Tensor2D, dEmbedded: tf.Tensor2D): tf.Tensor2D {
  return tf.transpose(tf.matMul(dEmbedded, features, true)) as tf.Tensor2D;
}

/**
 * Dropout factors: 0 with probability `rate`, else 1/(1 − rate), one per entry, a function of the seed alone.
 * Probabilities are multiples of 1/65536.
 */
export function dropoutFactors(shape: readonly [number, number], rate: number, seed: number): tf.Tensor2D {
  const factors = new Float32Array(shape[0] * shape[1]);
  new Random(seed).scatter(factors, Math.fround(1 / (1 - rate)), Math.round(rate * 65536));
  return tf.tensor2d(factors, shape as [number, number]);
}
