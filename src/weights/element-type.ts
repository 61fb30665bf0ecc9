/**
 * Number formats of weight files (.npy, .pth, .params, .safetensors) and how they become typed arrays: half and bfloat16
 * are widened to float32, booleans become 0/1, 64-bit integers are checked and narrowed.
 */

import os from "node:os";
import { UserError } from "../errors";
import type { NumberArray } from "../nd-array";

export type ElementType =
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "bool";

/** Bytes per element in a file. */
export const elementBytes: Readonly<Record<ElementType, number>> = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
};

/**
 * Reads the elements of a run of bytes. Takes `bytes` over: it may be changed and the result may share its memory.
 * int64, uint64 and uint32 give an Int32Array where all values fit, else a Float64Array.
 * @param bytes a whole number of elements
 * @throws UserError "weights" where a 64-bit integer is beyond ±2⁵³ and would lose digits
 */
export function decodeElements(
  type: ElementType,
  bytes: Uint8Array,
  where: string,
  byteOrder: "LE" | "BE" = "LE",
): NumberArray {
  const width = elementBytes[type];
  const { buffer, byteOffset, length } = bytes.byteOffset % width === 0 ? bytes : Uint8Array.from(bytes);
  const count = length / width;
  if (byteOrder !== os.endianness() && width > 1) swapBytes(Buffer.from(buffer, byteOffset, length), width);
  switch (type) {
    case "float32":
      return new Float32Array(buffer, byteOffset, count);
    case "float64":
      return new Float64Array(buffer, byteOffset, count);
    case "int8":
      return new Int8Array(buffer, byteOffset, count);
    case "int16":
      return new Int16Array(buffer, byteOffset, count);
    case "int32":
      return new Int32Array(buffer, byteOffset, count);
    case "uint8":
      return new Uint8Array(buffer, byteOffset, count);
    case "uint16":
      return new Uint16Array(buffer, byteOffset, count);
    case "bool":
      return new Uint8Array(buffer, byteOffset, count).map((value) => (value === 0 ? 0 : 1));
    case "float16":
      return widenHalf(new Uint16Array(buffer, byteOffset, count));
    case "bfloat16":
      return new Float32Array(
        Uint32Array.from(new Uint16Array(buffer, byteOffset, count), (bits) => bits << 16).buffer,
      );
    case "uint32":
      return narrowed(Float64Array.from(new Uint32Array(buffer, byteOffset, count)));
    case "int64":
    case "uint64":
      return narrowed(wideIntegers(new Uint32Array(buffer, byteOffset, 2 * count), type === "int64", where));
  }
}

function swapBytes(bytes: Buffer, width: number): void {
  if (width === 2) bytes.swap16();
  else if (width === 4) bytes.swap32();
  else bytes.swap64();
}

function widenHalf(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  const values = new Float32Array(bits.buffer);
  for (let i = 0; i < halves.length; i++) {
    const sign = (halves[i] & 0x8000) << 16;
    const exponent = (halves[i] >> 10) & 31;
    const mantissa = halves[i] & 0x3ff;
    if (exponent === 0) values[i] = (sign === 0 ? mantissa : -mantissa) * 2 ** -24;
    else bits[i] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (mantissa << 13);
  }
  return values;
}

/** Float32 to the nearest half, ties to even; beyond the largest half, infinity. The bits of each. */
export function narrowHalf(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    const size = Math.abs(value);
    if (Number.isNaN(value)) return 0x7e00;
    if (size < 2 ** -14) return sign | roundHalfEven(size * 2 ** 24); // 2 ** 10 is the smallest normal one
    const exponent = Math.floor(Math.log2(size));
    const exact = size >= 2 ** (exponent + 1) ? exponent + 1 : size < 2 ** exponent ? exponent - 1 : exponent; // of log2's rounding
    const bits = ((exact + 14) << 10) + roundHalfEven(size * 2 ** (10 - exact)); // a mantissa of 2 carries over
    return sign | (bits >= 0x7c00 || exact > 15 ? 0x7c00 : bits);
  });
}

function roundHalfEven(value: number): number {
  const whole = Math.floor(value);
  const rest = value - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
}

/** @param words the two halves of each integer, in the machine's order */
function wideIntegers(words: Uint32Array, signed: boolean, where: string): Float64Array {
  const low = os.endianness() === "LE" ? 0 : 1;
  const values = new Float64Array(words.length / 2);
  for (let i = 0; i < values.length; i++) {
    const high = words[2 * i + 1 - low];
    values[i] = (signed ? high | 0 : high) * 2 ** 32 + words[2 * i + low];
    if (!Number.isSafeInteger(values[i]))
      throw new UserError("weights", `expected integers between -2^53 and 2^53, got about ${values[i]} (${where})`);
  }
  return values;
}

function narrowed(values: Float64Array): Int32Array | Float64Array {
  const small = Int32Array.from(values);
  return values.every((value, i) => value === small[i]) ? small : values;
}
