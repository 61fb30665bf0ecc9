/**
 * The tape of TensorFlow.js: what a forward pass records for its gradient. It keeps every activation, and the gradient in every
 * one of them, until the last gradient is computed, though each serves one node of the tape alone; `freeTapeAsItGoes` frees
 * each as soon as the backward pass has used it, as PyTorch does. And it takes a gradient only of a function that it runs
 * itself, though what a loss divides by may be known only after the forward passes of a whole batch; `holdTape` records the
 * first part of a function, and `continueTape` lets a gradient begin where it ended, instead of running it again.
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

type Nodes = NonNullable<ReturnType<typeof tf.engine>["state"]["activeTape"]>;

/** What TensorFlow.js does around a function whose gradient it takes; its declarations hide it. */
interface Recorder {
  readonly state: { readonly activeTape: Nodes };
  startTape(): void;
  endTape(): void;
}

/** A forward pass whose gradient is still to be taken. */
export interface HeldTape {
  /** Kept until `dropTape`. */
  readonly result: readonly tf.Tensor[];
  readonly nodes: Nodes;
}

/** Runs `forward` as inside a gradient, and keeps what its gradient needs. Not inside another gradient. */
export function holdTape(forward: () => tf.Tensor[]): HeldTape {
  const engine = tf.engine() as unknown as Recorder;
  engine.startTape();
  try {
    const result = tf.tidy(() => forward().map((tensor) => tf.keep(tensor)));
    return { result, nodes: engine.state.activeTape };
  } finally {
    engine.endTape();
  }
}

/** Call this at the beginning of the function whose gradient is wanted; it then uses `result` as if it had just been computed. */
export function continueTape({ nodes }: HeldTape): void {
  tf.engine().state.activeTape?.push(...nodes);
}

/** Frees the result, and what no gradient has used. */
export function dropTape({ result, nodes }: HeldTape): void {
  tf.dispose([...result]);
  for (const { saved = [] } of nodes) tf.dispose(saved);
}
