/**
 * Dictionaries of arrays in `.npy` files, as `np.save(file, {…})` pickles them and `np.load(file, allow_pickle=True).item()`
 * reads them: class activation maps {class − 1: H×W} and image tags {id: vector}. NumPy 1's and 2's are read, and what
 * is written can be read by both.
 */

import { expected, UserError } from "../errors";
import type { NdArray, NumberArray } from "../nd-array";
import { decodeNpyHeader, encodeNpyHeader, numpyDescr } from "./npy";
import { isPickledArray, numbersOf, numpyGlobals, objectsOf, type PickledArray } from "./numpy-globals";
import { type PickleValue, unpickle } from "./pickle";
import { pythonGlobals, rulesOf } from "./python-globals";

/** Decoded bytes per byte of the file: arrays may share content, and some types are widened when decoded. */
const MAX_GROWTH = 8;

/**
 * @param where the file, for messages
 * @returns keys in the file's order; NumPy integers are plain numbers
 * @throws UserError "weights" for anything else than a whole dictionary from numbers or strings to arrays of numbers
 */
export function readNpyDictionary(bytes: Uint8Array, where: string): Map<string | number, NdArray> {
  const { descr, shape, dataOffset } = decodeNpyHeader(bytes, where);
  if (descr !== "|O" || shape.length !== 0)
    throw expected("weights", "a dictionary saved by np.save", `an array of type ${descr.slice(0, 40)}`, where);
  const { value, end } = unpickle(bytes, where, rulesOf(pythonGlobals, numpyGlobals), dataOffset);
  if (end !== bytes.length)
    throw expected("weights", "nothing after the dictionary", `${bytes.length - end} bytes`, where);
  const dictionary = isPickledArray(value) ? objectsOf(value)?.[0] : value;
  if (!(dictionary instanceof Map)) throw expected("weights", "a dictionary", describe(dictionary), where);
  const decoded = new Map<PickledArray, NdArray>();
  let decodedBytes = 0;
  return new Map(
    [...dictionary].map(([key, entry]): [string | number, NdArray] => {
      if (typeof key !== "string" && typeof key !== "number")
        throw expected("weights", "a number or a string as key", describe(key), where);
      const label = `key ${JSON.stringify(String(key).slice(0, 80))} in ${where}`;
      if (!isPickledArray(entry)) throw expected("weights", "an array of numbers", describe(entry), label);
      const array = decoded.get(entry) ?? numbersOf(entry, label);
      if (!decoded.has(entry)) decodedBytes += array.data.byteLength;
      if (decodedBytes > MAX_GROWTH * bytes.length)
        throw new UserError("weights", `its arrays are larger than the file allows for (${where})`);
      decoded.set(entry, array);
      return [key, array];
    }),
  );
}

function describe(value: PickleValue | undefined): string {
  if (value === null || typeof value !== "object") return typeof value === "string" ? "a string" : String(value);
  if (Array.isArray(value)) return "a list";
  return value instanceof Map ? "a dictionary" : value instanceof Uint8Array ? "bytes" : value.kind;
}

/** The bytes of an `.npy` file: a pickle of protocol 3 that names NumPy's functions as both versions know them. */
export function encodeNpyDictionary(dictionary: ReadonlyMap<string | number, NdArray>): Uint8Array {
  const entries = [...dictionary].flatMap(([key, array]) => [encodeKey(key), ...encodeArray(array)]);
  return Buffer.concat([
    encodeNpyHeader("|O", []),
    Buffer.from("\x80\x03", "latin1"),
    ...encodeReconstruct([], "O8", "|", 63),
    Buffer.from("]}(", "latin1"),
    ...entries,
    Buffer.from("uatb.", "latin1"),
  ]);
}

/** Everything up to the content, after which `tb` closes the state. */
function encodeReconstruct(shape: readonly number[], code: string, order: string, flags: number): Buffer[] {
  const dtype = [
    global("numpy", "dtype"),
    encodeTuple([encodeText(code), Buffer.from("\x89\x88", "latin1")]), // (code, False, True)
    Buffer.from("R", "latin1"),
    encodeTuple([
      encodeInteger(3),
      encodeText(order),
      Buffer.from("NNN", "latin1"),
      ...[-1, -1, flags].map(encodeInteger),
    ]),
    Buffer.from("b", "latin1"),
  ];
  return [
    global("numpy.core.multiarray", "_reconstruct"),
    encodeTuple([global("numpy", "ndarray"), encodeTuple([encodeInteger(0)]), encodeBytes(Buffer.from("b"))]),
    Buffer.from("R(", "latin1"),
    encodeInteger(1),
    encodeTuple(shape.map(encodeInteger)),
    ...dtype,
    Buffer.from("\x89", "latin1"), // C order
  ];
}

function encodeArray({ shape, data }: NdArray<NumberArray>): Buffer[] {
  const [order, ...code] = numpyDescr(data);
  const content = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return [...encodeReconstruct(shape, code.join(""), order, 0), encodeBytes(content), Buffer.from("tb", "latin1")];
}

function encodeKey(key: string | number): Buffer {
  return typeof key === "string" ? encodeText(key) : encodeInteger(key);
}

function global(module: string, name: string): Buffer {
  return Buffer.from(`c${module}\n${name}\n`, "latin1");
}

function encodeTuple(items: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from("("), ...items, Buffer.from("t")]);
}

function encodeInteger(value: number): Buffer {
  if ((value | 0) !== value) throw new RangeError(`expected an integer of 32 bits, got ${value}`);
  const bytes = Buffer.alloc(5, "J");
  bytes.writeInt32LE(value, 1);
  return bytes;
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  const head = Buffer.alloc(5, "X");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function encodeBytes(bytes: Buffer): Buffer {
  const head = Buffer.alloc(5, "B");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
