/** Seeded damage to a good file: what disks, networks, other programs and attackers do to it. */

import type { Random } from "../../src/random";

/** Numbers on which readers have stumbled: bounds of lengths, signs, and what is no number. */
const NUMBERS = [
  "0",
  "-1",
  "1",
  "255",
  "256",
  "65536",
  "2147483647",
  "4294967296",
  "1e308",
  "-1e308",
  "NaN",
  "",
  "0x10",
  "1,5",
];
/** Bytes that mean much in headers, pickles and texts. */
const BYTES = [0, 1, 9, 10, 13, 27, 34, 38, 40, 44, 46, 60, 62, 91, 93, 123, 125, 127, 128, 255];

/** One to four changes, each drawn from the kinds below. */
export function mutated(good: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(good);
  for (let left = 1 + random.integer(4); left > 0; left--)
    bytes = Buffer.from(KINDS[random.integer(KINDS.length)](bytes, random));
  return bytes;
}

type Kind = (bytes: Buffer, random: Random) => Buffer;

const cut: Kind = (bytes, random) => bytes.subarray(0, random.integer(bytes.length + 1));

const bits: Kind = (bytes, random) => {
  for (let left = 1 + random.integer(8); left > 0 && bytes.length > 0; left--)
    bytes[random.integer(bytes.length)] ^= 1 << random.integer(8);
  return bytes;
};

const tellingBytes: Kind = (bytes, random) => {
  for (let left = 1 + random.integer(4); left > 0 && bytes.length > 0; left--)
    bytes[random.integer(bytes.length)] = BYTES[random.integer(BYTES.length)];
  return bytes;
};

/** A length or an offset of 4 bytes becomes huge or negative. */
const length: Kind = (bytes, random) => {
  if (bytes.length < 4) return bytes;
  const value = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, random.integer(2 ** 31)][random.integer(6)];
  bytes[random.uniform() < 0.5 ? "writeUInt32LE" : "writeUInt32BE"](value, random.integer(bytes.length - 3));
  return bytes;
};

const removed: Kind = (bytes, random) => {
  const at = random.integer(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.integer(64))]);
};

const repeated: Kind = (bytes, random) => {
  const at = random.integer(bytes.length + 1);
  const part = bytes.subarray(at, at + 1 + random.integer(256));
  const copies = Array.from({ length: 1 + random.integer(16) }, () => part);
  return Buffer.concat([bytes.subarray(0, at), ...copies, bytes.subarray(at)]);
};

/** A number in a text becomes another. */
const number: Kind = (bytes, random) => {
  const found = [
    ...bytes
      .subarray(0, 65_536)
      .toString("latin1")
      .matchAll(/-?\d+(\.\d+)?/g),
  ];
  if (found.length === 0) return bytes;
  const { 0: text, index } = found[random.integer(found.length)];
  const other = Buffer.from(NUMBERS[random.integer(NUMBERS.length)]);
  return Buffer.concat([bytes.subarray(0, index), other, bytes.subarray(index + text.length)]);
};

const nested: Kind = (bytes, random) => {
  const [open, close] = [
    ["[", "]"],
    ["{", "}"],
    ["<a>", "</a>"],
    ["(", ")"],
  ][random.integer(4)];
  const depth = 1 + random.integer(2000);
  const at = random.integer(bytes.length + 1);
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.from(open.repeat(depth) + close.repeat(depth)),
    bytes.subarray(at),
  ]);
};

const KINDS: readonly Kind[] = [cut, bits, tellingBytes, length, removed, repeated, number, nested];
