/**
 * A forward pass whose gradient is asked for later. TensorFlow.js takes a gradient of a function that it runs itself; but what a
 * loss divides by may be known only after the forward passes of a whole batch. So the first part of a function is recorded
 * here, and `continueTape` lets a gradient begin where it ended, instead of running it again.
 */

import * as tf from "@tensorflow/tfjs";

type Nodes = NonNullable<ReturnType<typeof tf.engine>["state"]["activeTape"]>;

/** What TensorFlow.js does around a function whose gradient it takes; its declarations hide it. */
interface Recorder {
  readonly state: { readonly activeTape: Nodes };
  startTape(): void;
  endTape(): void;
}

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
