/** The operands of pickle instructions, read from bytes: every length is checked against what is left. */

import { UserError } from "../errors";

export interface PickleReader {
  /** An error that names the file and the place. */
  fail(what: string): UserError;
  position(): number;
  /** Bytes from where the pickle begins to the end of what it is read from. */
  readonly size: number;
  byte(): number;
  /** Little-endian. */
  unsigned(bytes: 1 | 2 | 4 | 8): number;
  int32(): number;
  float64BigEndian(): number;
  /** Two's complement, little-endian. */
  longInteger(bytes: number): number | bigint;
  /** A view, not a copy. */
  bytes(length: number): Uint8Array;
  string(length: number, encoding: "utf8" | "latin1"): string;
  /** Up to the next line feed: at most MAX_LINE characters. */
  line(): string;
  /** The same of any length, as a view. */
  lineBytes(): Uint8Array;
}

/** Longest integer: PyTorch's magic number has 10 bytes. */
const MAX_LONG_BYTES = 64;
/** Longest name, number or index as text. */
const MAX_LINE = 1000;

export function createPickleReader(source: Uint8Array, where: string, start: number): PickleReader {
  const buffer = Buffer.from(source.buffer, source.byteOffset, source.length);
  let at = start;
  const fail = (what: string): UserError =>
    new UserError("weights", `not a readable pickle: ${what} at byte ${at} (${where})`);
  /** Moves on by `length` and gives the place before. */
  const take = (length: number): number => {
    if (!(length >= 0) || length > buffer.length - at) throw fail(`${length} bytes wanted, ${buffer.length - at} left`);
    at += length;
    return at - length;
  };
  const lineBytes = (): Buffer => {
    const end = buffer.indexOf(10, at);
    if (end < 0) throw fail("a line without end");
    const from = take(end + 1 - at);
    return buffer.subarray(from, end);
  };
  return {
    fail,
    size: buffer.length - start,
    position: () => at,
    byte: () => buffer[take(1)],
    unsigned(bytes) {
      const from = take(bytes);
      if (bytes < 8) return buffer.readUIntLE(from, bytes);
      return buffer.readUInt32LE(from) + buffer.readUInt32LE(from + 4) * 2 ** 32;
    },
    int32: () => buffer.readInt32LE(take(4)),
    float64BigEndian: () => buffer.readDoubleBE(take(8)),
    longInteger(bytes) {
      if (bytes > MAX_LONG_BYTES) throw fail(`an integer of ${bytes} bytes`);
      const from = take(bytes);
      const digits = Buffer.from(buffer.subarray(from, from + bytes)).reverse();
      if (bytes === 0) return 0;
      return toNumber(BigInt.asIntN(8 * bytes, BigInt(`0x${digits.toString("hex")}`)));
    },
    bytes(length) {
      const from = take(length);
      return buffer.subarray(from, from + length);
    },
    string(length, encoding) {
      const from = take(length);
      return buffer.toString(encoding, from, from + length);
    },
    line() {
      const bytes = lineBytes();
      if (bytes.length > MAX_LINE) throw fail(`a line of ${bytes.length} characters`);
      return bytes.toString("latin1");
    },
    lineBytes,
  };
}

/** A plain number where it keeps all digits. */
export function toNumber(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
