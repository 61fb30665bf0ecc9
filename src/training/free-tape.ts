/**
 * Frees each activation and gradient as soon as the backward pass has used it, as PyTorch does. TensorFlow.js keeps every
 * activation, and the gradient in every one of them, until the last gradient is computed, though each serves one node
 * of the tape alone.
 */

import * as tf from "@tensorflow/tfjs";

/**
 * Call this at the end of the function whose gradient is wanted: operations recorded later are not freed. Not for
 * gradients of gradients, which need the tape whole.
 */
export function freeTapeAsItGoes(): void {
  let used: tf.Tensor[] = []; // by the node before
  const handedOn = new WeakSet<tf.Tensor>(); // gradients already, or freed with a node that has saved them
  const reached = new Set<number>(); // tensors that a gradient has come to already, by their ids
  for (const node of tf.engine().state.activeTape ?? []) {
    const { gradient, inputs, saved = [] } = node;
    if (gradient === undefined) continue;
    node.gradient = (upstream) => {
      tf.dispose(used);
      used = [...upstream.filter((each) => each !== null), ...saved];
      for (const each of used) handedOn.add(each);
      const ofInput = (name: string, compute: () => tf.Tensor) => (): tf.Tensor => {
        const computed = compute();
        const result = handedOn.has(computed) ? computed.clone() : computed; // one tensor in two places is freed in both
        handedOn.add(result);
        const { id } = inputs[name];
        if (reached.has(id)) used.push(result); // it is added to what came before
        reached.add(id);
        return result;
      };
      return Object.fromEntries(
        Object.entries(gradient(upstream)).map(([name, compute]) => [name, ofInput(name, compute)]),
      );
    };
  }
}
