/**
 * NumPy's `.npy` files: header versions 1 to 3, numbers of either byte order, C or Fortran order; written as version 1.0.
 * Sizes are checked against the bytes at hand before anything is allocated.
 */

import { expected, UserError } from "../errors";
import { type NdArray, type NumberArray, sizeOf } from "../nd-array";
import { decodeElements, type ElementType, elementBytes } from "./element-type";
import { fortranStrides, gather } from "./strided";

/** NumPy's type codes without byte order. */
const numpyTypes: Readonly<Record<string, ElementType>> = {
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  b1: "bool",
};

const magic = "\x93NUMPY";
const maxHeaderBytes = 65536;
/** NumPy's own limit. */
const maxRank = 64;

export interface NpyHeader {
  /** As written, e.g. `<f4` or `|O`. */
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where the header ends and the data begin. */
  readonly dataOffset: number;
}

/**
 * Reads an array of numbers.
 * @param where the file, for messages
 * @throws UserError "weights" for anything that is not a whole `.npy` file of numbers
 */
export function decodeNpy(bytes: Uint8Array, where: string): NdArray {
  const { descr, fortranOrder, shape, dataOffset } = decodeNpyHeader(bytes, where);
  const { type, byteOrder } = numpyElementType(descr, where);
  const count = checkedSize(shape, where);
  const dataBytes = count * elementBytes[type];
  if (bytes.length - dataOffset !== dataBytes)
    throw expected(
      "weights",
      `${dataBytes} bytes for [${shape.join(", ")}] of ${type}`,
      String(bytes.length - dataOffset),
      where,
    );
  const data = decodeElements(type, Uint8Array.from(bytes.subarray(dataOffset)), where, byteOrder);
  return { shape, data: fortranOrder && shape.length > 1 ? gather(data, shape, fortranStrides(shape)) : data };
}

/** Reads the header alone: object arrays (pickles) have one too. */
export function decodeNpyHeader(bytes: Uint8Array, where: string): NpyHeader {
  const fail = (what: string): UserError => new UserError("weights", `not a .npy file: ${what} (${where})`);
  if (bytes.length < 10 || latin1(bytes.subarray(0, 6)) !== magic) throw fail("it does not begin with \\x93NUMPY");
  const version = bytes[6];
  if (version < 1 || version > 3) throw fail(`version ${version} is unknown`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const lengthBytes = version === 1 ? 2 : 4;
  if (bytes.length < 8 + lengthBytes) throw fail("its header is cut off");
  const headerBytes = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataOffset = 8 + lengthBytes + headerBytes;
  if (headerBytes > maxHeaderBytes) throw fail(`a header of ${headerBytes} bytes`);
  if (dataOffset > bytes.length) throw fail("its header is cut off");
  return { ...parseHeader(latin1(bytes.subarray(8 + lengthBytes, dataOffset)), fail), dataOffset };
}

/** The header is a Python dictionary of three entries in any order: descr, fortran_order, shape. */
function parseHeader(text: string, fail: (what: string) => UserError): Omit<NpyHeader, "dataOffset"> {
  const body = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1].trim() ?? "";
  const entry = /\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"]*)\3|(True|False)|\(([\dL,\s]*)\))\s*(?:,|$)/y;
  let descr: string | undefined;
  let fortranOrder: boolean | undefined;
  let shape: number[] | undefined;
  for (let match = entry.exec(body); match !== null; match = entry.exec(body)) {
    const [, , key, , string, flag, extents] = match;
    if (key === "descr") descr = string;
    else if (key === "fortran_order") fortranOrder = flag === undefined ? undefined : flag === "True";
    else if (key === "shape") shape = extents === undefined ? undefined : parseShape(extents);
    if (entry.lastIndex === body.length) break;
  }
  if (descr === undefined || fortranOrder === undefined || shape === undefined)
    throw fail(
      `expected descr, fortran_order and shape in its header, got ${JSON.stringify(text.trim().slice(0, 120))}`,
    );
  return { descr, fortranOrder, shape };
}

/** `(2, 3)`, `(2,)`, `()`, and Python 2's `(2L, 3L)`, without the brackets. */
function parseShape(text: string): number[] | undefined {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  const extents = parts.map((part) => (/^\d{1,16}L?$/.test(part) ? Number.parseInt(part, 10) : Number.NaN));
  return extents.length <= maxRank && extents.every(Number.isSafeInteger) ? extents : undefined;
}

/** @throws UserError "weights" for strings, objects, records, complex numbers and the like */
export function numpyElementType(descr: string, where: string): { type: ElementType; byteOrder: "LE" | "BE" } {
  const [, order, code] = /^([<>|=])?(\w+)$/.exec(descr) ?? [];
  const type = code !== undefined && Object.hasOwn(numpyTypes, code) ? numpyTypes[code] : undefined;
  if (type === undefined)
    throw expected("weights", "an array of real numbers", `NumPy type ${JSON.stringify(descr.slice(0, 40))}`, where);
  return { type, byteOrder: order === ">" ? "BE" : "LE" };
}

/** Number of elements of a shape that comes from a file. @throws UserError "weights" beyond 2⁵³ */
export function checkedSize(shape: readonly number[], where: string): number {
  const size = shape.includes(0) ? 0 : sizeOf(shape);
  if (!Number.isSafeInteger(size) || shape.some((extent) => !(extent >= 0)))
    throw expected("weights", "a possible shape", `[${shape.join(", ").slice(0, 120)}]`, where);
  return size;
}

/** Writes an array as `.npy` version 1.0, C order. */
export function encodeNpy({ shape, data }: NdArray): Uint8Array {
  const header = encodeNpyHeader(numpyDescr(data), shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

/** The little-endian NumPy type code of a typed array, e.g. `<f4`. */
export function numpyDescr(data: NumberArray): string {
  const kind =
    data instanceof Float32Array || data instanceof Float64Array
      ? "f"
      : /^Uint/.test(data.constructor.name)
        ? "u"
        : "i";
  return `${data.BYTES_PER_ELEMENT === 1 ? "|" : "<"}${kind}${data.BYTES_PER_ELEMENT}`;
}

/** Everything before the data; its length is a multiple of 64. */
export function encodeNpyHeader(descr: string, shape: readonly number[]): Uint8Array {
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${extents}), }`;
  const headerBytes = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const prefix = [...Buffer.from(magic, "latin1"), 1, 0, headerBytes & 255, headerBytes >> 8];
  return Uint8Array.from([...prefix, ...Buffer.from(`${dictionary.padEnd(headerBytes - 1)}\n`, "latin1")]);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
