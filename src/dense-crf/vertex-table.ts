/**
 * The lattice's vertices: a hash table from coordinates to ids. A vertex of a d-dimensional lattice has d + 1 coordinates that sum
 * to 0; the first d are its key, 16-bit integers as in the reference. `vertex-kernels.ts` holds the same table for WebAssembly.
 */

/** Int16 of a key: the coordinates, and 0 up to a vector. */
export const KEY_LENGTH = 8;

export interface VertexTable {
  size(): number;
  /** Keys by id, [size, KEY_LENGTH]. */
  keys(): Int16Array;
  /** The vertex with these coordinates, added when it is new. Ids count from 0 in the order of adding. */
  findOrAdd(key: Int16Array): number;
  /** The vertex with these coordinates, or −1. */
  find(key: Int16Array): number;
}

/** Slots to begin with. The table doubles when half full. */
const FIRST_BITS = 14;

export function createVertexTable(): VertexTable {
  let bits = FIRST_BITS;
  let slots = new Int32Array(1 << bits); // id + 1, 0 = empty
  let keys = new Int16Array(KEY_LENGTH << (bits - 1));
  let size = 0;

  /** The slot of a key, or the empty one where it belongs. */
  function slotOf(key: Int16Array): number {
    const mask = slots.length - 1;
    let slot = hashOf(key) >>> (32 - bits);
    while (slots[slot] !== 0 && !isKeyOf(slots[slot] - 1, key)) slot = (slot + 1) & mask;
    return slot;
  }

  function isKeyOf(id: number, key: Int16Array): boolean {
    for (let i = 0; i < KEY_LENGTH; i++) if (keys[id * KEY_LENGTH + i] !== key[i]) return false;
    return true;
  }

  function grow(): void {
    bits++;
    slots = new Int32Array(1 << bits);
    const longer = new Int16Array(2 * keys.length);
    longer.set(keys);
    keys = longer;
    for (let id = 0; id < size; id++) slots[slotOf(keys.subarray(id * KEY_LENGTH, (id + 1) * KEY_LENGTH))] = id + 1;
  }

  return {
    size: () => size,
    keys: () => keys.subarray(0, size * KEY_LENGTH),
    findOrAdd(key: Int16Array): number {
      const slot = slotOf(key);
      if (slots[slot] !== 0) return slots[slot] - 1;
      keys.set(key, size * KEY_LENGTH);
      slots[slot] = ++size;
      if (2 * size === slots.length) grow();
      return size - 1;
    },
    find: (key) => slots[slotOf(key)] - 1,
  };
}

function hashOf(key: Int16Array): number {
  let hash = 0;
  for (let i = 0; i < KEY_LENGTH; i++) hash = Math.imul(hash + key[i], 1664525);
  return hash;
}
