/**
 * Weights as Detectron2 and Detectron pickle them: a dictionary of NumPy arrays, `{"model": {…}, "__author__": …}` or
 * `{"blobs": {…}}`. Read as data by the restricted unpickler; nothing in them is run.
 */

import { expected } from "../errors";
import type { NdArray } from "../nd-array";
import type { ByteSource } from "./byte-source";
import { isPickledArray, numbersOf, numpyGlobals, type PickledArray } from "./numpy-globals";
import { type PickleValue, unpickle } from "./pickle";
import { pythonGlobals, rulesOf } from "./python-globals";
import type { WeightFile } from "./weight-file";

/** The published networks have 170 to 250 MB. */
const MAX_BYTES = 1 << 30;

/** A pickle of protocol 2 or later says so. */
export function isPickle(first: Uint8Array): boolean {
  return first[0] === 0x80 && first[1] >= 2 && first[1] <= 5;
}

/** @throws UserError "weights" for a damaged file, and for anything else than arrays of numbers by name */
export async function openDetectronPkl(source: ByteSource): Promise<WeightFile> {
  const { where, size } = source;
  if (size > MAX_BYTES) throw expected("weights", `a pickle of at most ${MAX_BYTES} bytes`, String(size), where);
  const bytes = await source.read(0, size);
  const { value } = unpickle(bytes, where, rulesOf(pythonGlobals, numpyGlobals));
  const arrays = arraysOf(value, where);
  const found = (name: string): PickledArray => {
    const array = arrays.get(name);
    if (array === undefined) throw expected("weights", `"${name}"`, "none such", where);
    return array;
  };
  return {
    format: "pkl",
    where,
    names: () => [...arrays.keys()],
    shape: (name) => found(name).shape,
    read: async (name): Promise<NdArray> => numbersOf(found(name), `"${name}" in ${where}`),
    close: () => source.close(),
  };
}

/** Optimisers' momenta are left out. */
function arraysOf(value: PickleValue, where: string): Map<string, PickledArray> {
  const inside = value instanceof Map ? (value.get("model") ?? value.get("blobs") ?? value) : value;
  if (!(inside instanceof Map)) throw expected("weights", "a dictionary of arrays", "something else", where);
  const arrays = new Map<string, PickledArray>();
  for (const [name, array] of inside)
    if (typeof name === "string" && isPickledArray(array) && !name.endsWith("_momentum")) arrays.set(name, array);
  if (arrays.size === 0) throw expected("weights", "a dictionary of arrays", "one without any", where);
  return arrays;
}
