/**
 * Stand-ins for what NumPy 1 and 2 put into pickles: arrays, scalars and their types. Arrays keep the pickle's bytes and
 * are decoded when asked for.
 */

import { expected } from "../errors";
import { type NdArray, sizeOf } from "../nd-array";
import { decodeElements, elementBytes } from "./element-type";
import { checkedSize, numpyElementType } from "./npy";
import { isPickleObject, type PickleContext, type PickleObject, type PickleValue } from "./pickle";
import { type Call, callables } from "./python-globals";
import { fortranStrides, gather } from "./strided";

export interface PickledDtype extends PickleObject {
  readonly kind: "numpy.dtype";
  /** As in `.npy` headers, e.g. `<f4` or `|O`. */
  descr: string;
}

export interface PickledArray extends PickleObject {
  readonly kind: "numpy.ndarray";
  shape: readonly number[];
  descr: string;
  fortranOrder: boolean;
  /** The elements' bytes, or for an array of objects the objects. */
  content: Uint8Array | readonly PickleValue[];
}

export const isPickledArray = (value: PickleValue): value is PickledArray =>
  isPickleObject(value) && value.kind === "numpy.ndarray";

/**
 * The numbers of an array, in C order.
 * @throws UserError "weights" for arrays of anything but numbers, and where bytes and shape do not agree
 */
export function numbersOf({ shape, descr, fortranOrder, content }: PickledArray, where: string): NdArray {
  const { type, byteOrder } = numpyElementType(descr, where);
  if (!(content instanceof Uint8Array)) throw expected("weights", "the bytes of an array", "objects", where);
  if (content.length !== checkedSize(shape, where) * elementBytes[type])
    throw expected("weights", `the bytes of [${shape.join(", ")}] ${type}`, `${content.length} bytes`, where);
  const data = decodeElements(type, Uint8Array.from(content), where, byteOrder);
  return { shape, data: fortranOrder && shape.length > 1 ? gather(data, shape, fortranStrides(shape)) : data };
}

/** numpy.dtype(code, align, copy); its state then gives the byte order. */
function dtype([code]: readonly PickleValue[], { fail }: PickleContext): PickledDtype {
  const name = code instanceof Uint8Array ? Buffer.from(code).toString("latin1") : code;
  if (typeof name !== "string" || !/^[a-zA-Z]\w{0,8}$/.test(name)) throw fail("a numpy type without a code");
  return {
    kind: "numpy.dtype",
    descr: name.startsWith("O") ? "|O" : `|${name}`,
    setState(state) {
      const order = Array.isArray(state) ? state[1] : undefined;
      if (typeof order === "string" && /^[<>|=]$/.test(order)) this.descr = order + this.descr.slice(1);
      if (Array.isArray(state) && Array.isArray(state[3])) this.descr = "|V"; // a record
    },
  };
}

const isDtype = (value: PickleValue | undefined): value is PickledDtype =>
  value !== undefined && isPickleObject(value) && value.kind === "numpy.dtype";

function shapeOf(value: PickleValue | undefined, { fail }: PickleContext): number[] {
  if (!Array.isArray(value) || !value.every((extent) => Number.isSafeInteger(extent) && Number(extent) >= 0))
    throw fail("an array without a shape");
  return value.slice() as number[];
}

/** numpy.core.multiarray._reconstruct: an empty array that gets everything by its state. */
function reconstruct(): PickledArray {
  return {
    kind: "numpy.ndarray",
    shape: [0],
    descr: "<f8",
    fortranOrder: false,
    content: new Uint8Array(0),
    /** (version, shape, dtype, is_fortran, content) */
    setState(state, context) {
      const { fail } = context;
      if (!Array.isArray(state) || state.length < 4) throw fail("an array without a state");
      const [shape, type, fortranOrder, content] = state.slice(-4);
      if (!isDtype(type)) throw fail("an array without a type");
      // Python 2's bytes are strings of which each character is a byte.
      const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
      if (!(bytes instanceof Uint8Array) && !Array.isArray(bytes)) throw fail("an array without content");
      this.shape = shapeOf(shape, context);
      this.descr = type.descr;
      this.fortranOrder = fortranOrder === true || fortranOrder === 1;
      this.content = bytes;
    },
  };
}

/** numpy.core.numeric._frombuffer(bytes, dtype, shape, order), protocol 5 */
function fromBuffer([bytes, type, shape, order]: readonly PickleValue[], context: PickleContext): PickledArray {
  if (!(bytes instanceof Uint8Array) || !isDtype(type)) throw context.fail("an array without bytes or type");
  return {
    ...reconstruct(),
    shape: shapeOf(shape, context),
    descr: type.descr,
    fortranOrder: order === "F",
    content: bytes,
  };
}

/** numpy.core.multiarray.scalar(dtype, bytes): a plain number, or a note of what else it was */
function scalar([type, content]: readonly PickleValue[], { fail }: PickleContext): PickleValue {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  if (!isDtype(type)) throw fail("a numpy number without a type");
  if (bytes instanceof Uint8Array && /^[<>|=]U\d+$/.test(type.descr))
    return unicodeOf(bytes, type.descr.startsWith(">"));
  if (!(bytes instanceof Uint8Array) || !/^[<>|=][fiub]\d$/.test(type.descr)) return { kind: "numpy.generic" };
  const { data } = numbersOf({ ...reconstruct(), shape: [1], descr: type.descr, content: bytes }, "a numpy number");
  return data[0];
}

/** NumPy's texts: four bytes a character, filled up with zeros. */
function unicodeOf(bytes: Uint8Array, isBigEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = view.getUint32(at, !isBigEndian);
    if (point > 0 && point <= 0x10ffff) text += String.fromCodePoint(point);
  }
  return text;
}

const inCore: Readonly<Record<string, Call>> = {
  "multiarray._reconstruct": reconstruct,
  "multiarray.scalar": scalar,
  "numeric._frombuffer": fromBuffer,
};

/** NumPy 2 renamed `numpy.core` to `numpy._core`. */
export const numpyGlobals: ReadonlyMap<string, PickleObject> = callables({
  ...Object.fromEntries(Object.entries(inCore).map(([name, call]) => [`numpy.core.${name}`, call])),
  ...Object.fromEntries(Object.entries(inCore).map(([name, call]) => [`numpy._core.${name}`, call])),
  "numpy.dtype": dtype,
  "numpy.ndarray": reconstruct,
});

/** Elements of an array of objects; undefined for other arrays and where their number does not fit the shape. */
export function objectsOf({ shape, descr, content }: PickledArray): readonly PickleValue[] | undefined {
  if (descr !== "|O" || !Array.isArray(content) || content.length !== sizeOf(shape)) return undefined;
  return content;
}
