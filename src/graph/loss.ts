/**
 * The form of a loss term: a function of the state of a training step that returns the term's value and its gradients. The
 * terms of the paper (seed-cross-entropy.ts, multi-point.ts, gated-crf.ts) have this form, and so has any other:
 *
 *   function confident({ probabilities: p }) {               // Σ p·(1 − p) / n
 *     const value = tf.mean(tf.sum(tf.mul(p, tf.sub(1, p)), 1));
 *     return { value, dLogits: throughSoftmax(p, tf.div(tf.sub(1, tf.mul(2, p)), p.shape[0])) };
 *   }
 *
 * `lossFromValue` finds the gradients of a value on TensorFlow's tape.
 */

import * as tf from "@tensorflow/tfjs";
import type { Box } from "../data/voc-boxes";
import type { Upsampler } from "../image-ops/upsampler";
import type { ImageGraph } from "./image-graph";

/** What a training knows of its image. Letters: n = height·width nodes of the graph, K classes. */
export interface FitInput {
  readonly graph: ImageGraph;
  /** K, background included. */
  readonly classes: number;
  /** The label of unknown pixels. */
  readonly ignore: number;
  /** Seed label of the padded image, row-major [stride·height · stride·width]. Not changed: losses edit a copy. */
  readonly seed: Uint8Array;
  /** What a person drew as a correction of other seeds, [stride·height · stride·width]: it counts as much as all of these. */
  readonly drawn?: Uint8Array;
  /** Boxes of the multi-point loss. */
  readonly boxes?: readonly Box[];
  /** The normalised, padded image resized to the grid, [n·3]; the gated CRF loss needs it. */
  readonly colour?: Float32Array;
}

/** The function's name is the name of its curve. Called inside a `tf.tidy`; `undefined` where the term does not count yet. */
export type Loss = (state: LossState) => LossTerm | undefined;

/** Letters: n nodes, K classes, m hidden channels, H·W pixels of the padded image. */
export interface LossTerm {
  /** Scalar. */
  readonly value: tf.Tensor;
  /** Gradient of the value with respect to the logits, [n, K]. */
  readonly dLogits?: tf.Tensor2D;
  /** Gradient of the value with respect to the node features, [n, m]. */
  readonly dNodes?: tf.Tensor2D;
}

export interface LossState {
  readonly input: FitInput;
  /** Number of the step, from 0. */
  readonly step: number;
  /** [n, K] */
  readonly logits: tf.Tensor2D;
  /** Softmax of the logits, [n, K]; computed when first read. */
  readonly probabilities: tf.Tensor2D;
  /** Logits at the pixels of the padded image, [H·W, K]; computed when first read. */
  readonly pixels: tf.Tensor2D;
  /** The same class by class, [K, H·W]; computed when first read. What passes over all pixels is faster on it. */
  readonly planes: tf.Tensor2D;
  /** Node features before the classifier, [n, m], where the network has any. */
  readonly nodes?: tf.Tensor2D;
  /** Between nodes and pixels. */
  readonly upsampler: Upsampler;
  /** A copy of the input's seed label that a loss may edit; terms later in the list see the change in the same step. */
  readonly seed: EditableSeed;
  /**
   * What depends on the image alone is made once and kept until the training ends, with every tensor in it.
   * @param owner whoever keeps it: the loss itself, or an object of its own
   */
  keep<T extends Disposable>(owner: object, make: () => T): T;
}

export interface EditableSeed {
  /** [H·W] */
  readonly labels: Uint8Array;
  /** Pixels changed so far; whoever edits adds to it. */
  edited: number;
}

export interface Disposable {
  dispose(): void;
}

/**
 * A loss whose gradients come from TensorFlow's tape.
 * @param name of its curve
 * @param value scalar from the logits [n, K] and, where the network has any, the node features [n, m]
 */
export function lossFromValue(
  name: string,
  value: (logits: tf.Tensor2D, state: LossState, nodes: tf.Tensor2D | undefined) => tf.Scalar,
): Loss {
  return namedLoss(name, (state) => {
    const inputs = state.nodes === undefined ? [state.logits] : [state.logits, state.nodes];
    const result = tf.valueAndGrads((...given) => {
      const [logits, nodes] = given as [tf.Tensor2D, tf.Tensor2D | undefined];
      // The tape refuses inputs that the value does not depend on: each is added once, times 0.
      return tf.addN([value(logits, state, nodes), ...given.map((each) => tf.mul(tf.sum(each), 0))]);
    })(inputs);
    const [dLogits, dNodes] = result.grads as tf.Tensor2D[];
    return { value: result.value, dLogits, ...(dNodes === undefined ? {} : { dNodes }) };
  });
}

/** The same loss under a name of one's own. */
export function namedLoss(name: string, loss: Loss): Loss {
  return Object.defineProperty((state: LossState) => loss(state), "name", { value: name });
}

/** dL/dlogits from dL/dy of y = softmax(logits). */
export function throughSoftmax(probabilities: tf.Tensor2D, gradient: tf.Tensor2D): tf.Tensor2D {
  const weighted = tf.mul(probabilities, gradient);
  return tf.sub(weighted, tf.mul(probabilities, tf.sum(weighted, 1, true))) as tf.Tensor2D;
}
