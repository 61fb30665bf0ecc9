/**
 * The form of a network that labels the nodes of one graph. `fitGraph` trains A2GNN (a2gnn.ts) by default; any function of
 * this form can take its place. The smallest one, a linear classifier of the cells:
 *
 *   const linear = (graph, { classes }) => ({
 *     parameters: [tf.zeros([graph.features.shape[1], classes])],
 *     forward: ([weights]) => ({ logits: tf.matMul(graph.features, weights) }),
 *   });
 */

import * as tf from "@tensorflow/tfjs";
import type { WindowedMap } from "../window/windowed-map";
import type { ImageGraph } from "./image-graph";

/** Called once per training. Letters: n nodes, m hidden channels, K classes. */
export type NodeNetwork = (graph: ImageGraph, task: NodeTask) => OpenNodeNetwork;

export interface NodeTask {
  /** K, background included. */
  readonly classes: number;
  /** Whatever the network draws at random should follow from it. */
  readonly seed: number;
}

export interface OpenNodeNetwork<State extends NodeState = NodeState> {
  /** Where training begins. The optimiser takes them over and disposes them. */
  readonly parameters: tf.Tensor[];
  /** @param step number of the training step, for dropout and the like; absent at inference. Called inside a `tf.tidy` */
  forward(parameters: readonly tf.Tensor[], step?: number): State;
  /**
   * Gradients in the order of the parameters, from dL/dlogits and, where a loss reads the nodes, dL/dnodes. Without this
   * method TensorFlow's tape finds them, at the price of a second forward pass.
   */
  backward?(parameters: readonly tf.Tensor[], state: State, upstream: NodeGradients): tf.Tensor[];
  /** How each layer weighs the cells around, for pictures. */
  attention?(state: State): readonly WindowedMap[];
  dispose?(): void;
}

/** What a forward pass returns at least; it may keep more for the way back. */
export interface NodeState {
  /** Class scores [n, K] */
  readonly logits: tf.Tensor2D;
  /** Node features before the classifier, [n, m]; the multi-point loss compares them. */
  readonly nodes?: tf.Tensor2D;
}

export interface NodeGradients {
  readonly dLogits: tf.Tensor2D;
  readonly dNodes?: tf.Tensor2D;
}

/** The network's own backward pass, or the tape's. */
export function parameterGradients(
  network: OpenNodeNetwork,
  parameters: readonly tf.Tensor[],
  state: NodeState,
  upstream: NodeGradients,
  step: number,
): tf.Tensor[] {
  if (network.backward !== undefined) return network.backward(parameters, state, upstream);
  const { dLogits, dNodes } = upstream;
  const through = tf.grads((...current) => {
    const { logits, nodes } = network.forward(current, step);
    const value = tf.sum(tf.mul(logits, dLogits));
    return nodes === undefined || dNodes === undefined ? value : tf.add(value, tf.sum(tf.mul(nodes, dNodes)));
  });
  return through([...parameters]);
}
