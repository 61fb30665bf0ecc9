/**
 * What the bytes of results depend on beside options and inputs, as each step's help says it (docs/trust.md has the trial).
 * Sums of floating-point numbers come out differently in another order, and their order follows from how the work is split.
 */

/** Of steps that use no TensorFlow. */
export const PLAIN_BYTES =
  "They depend on options and inputs alone: not on threads, shards, the order of the list or the other photographs in it.";

/** Of steps that label photographs with TensorFlow. */
export const LABEL_BYTES =
  "They depend on options and inputs, possibly on the number of TensorFlow's threads (last digits of sums), and on the processor's instructions; not on shards, worker threads, the order of the list or the other photographs in it. --deterministic fixes the threads.";

/** Of steps that train a network. */
export const TRAINING_BYTES =
  "They depend on options and inputs, on the number of TensorFlow's threads and of processes (--gpus) and on --micro-batch, which add gradients in another order, and on the processor's instructions: differences of a last digit grow with every step. They do not depend on --num-workers, nor on where a training was stopped and resumed. --deterministic fixes the threads.";
