/**
 * Numbers that stand in formulas (`tf.mul(x, 0.9)`) become tensors of one value. tfjs-node makes a new one at each use, which
 * on a card is a copy to it that waits for all work before; here equal numbers share one. TensorFlow never writes into its
 * inputs, and nothing of the values changes.
 */

/** What is used of tfjs-node's addon. Tensors are known by a number. */
export interface TensorBinding {
  readonly TF_FLOAT: number;
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
}

interface Shared {
  readonly id: number;
  readonly bits: number;
  /** Tensors of TensorFlow.js that stand for it now. */
  users: number;
}

/** Numbers that nobody uses at the moment are kept up to this many; then the oldest goes, and comes again when it is used. */
const KEPT = 256;

/** Puts the sharing addon in the place of tfjs-node's, whose functions cannot be replaced; a second time it does nothing. */
export function shareScalars(backend: { binding: TensorBinding }): void {
  if (sharing.has(backend.binding)) return;
  const { binding } = backend;
  const { createTensor, deleteTensor } = binding;
  const byBits = new Map<number, Shared>();
  const byId = new Map<number, Shared>();
  const createShared: TensorBinding["createTensor"] = (shape, dtype, values) => {
    if (shape.length > 0 || dtype !== binding.TF_FLOAT || !(values instanceof Float32Array))
      return createTensor(shape, dtype, values);
    number[0] = values[0];
    const bits = numberBits[0]; // −0 is not 0
    const known = byBits.get(bits);
    const shared = known ?? { id: createTensor(shape, dtype, values), bits, users: 0 };
    shared.users++;
    if (known !== undefined) return known.id;
    byBits.set(bits, shared);
    byId.set(shared.id, shared);
    if (byBits.size > KEPT) forgetOldest();
    return shared.id;
  };
  const deleteShared = (id: number): void => {
    const shared = byId.get(id);
    if (shared === undefined) deleteTensor(id);
    else shared.users--;
  };
  backend.binding = Object.create(binding, {
    createTensor: { value: createShared, writable: true },
    deleteTensor: { value: deleteShared, writable: true },
  }) as TensorBinding;
  sharing.add(backend.binding);

  function forgetOldest(): void {
    for (const { id, bits, users } of byBits.values()) {
      if (users > 0) continue;
      byBits.delete(bits);
      byId.delete(id);
      deleteTensor(id);
      return;
    }
  }
}

const sharing = new WeakSet<TensorBinding>();

/** One number, and its bits. */
const number = new Float32Array(1);
const numberBits = new Int32Array(number.buffer);
