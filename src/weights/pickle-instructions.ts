/** The instructions of pickle protocols 0 to 5, as far as data need them. */

import os from "node:os";
import type { PickleMachine, PickleValue } from "./pickle-machine";
import { type PickleReader, toNumber } from "./pickle-reader";

export type Instruction = (machine: PickleMachine, reader: PickleReader) => void;

/** An instruction that pushes what it reads. */
const pushing =
  (read: (reader: PickleReader, machine: PickleMachine) => PickleValue): Instruction =>
  (machine, reader) =>
    machine.push(read(reader, machine));

/** By code, with the names of Python's `pickletools`. Left out, so refused: EXT1–4, INST, OBJ, buffers outside the file. */
export const instructions: ReadonlyMap<number, Instruction> = new Map(
  Object.entries<Instruction>({
    // PROTO, FRAME: the length of a frame tells nothing that the bytes' end does not.
    "\x80": (_, reader) => {
      const protocol = reader.byte();
      if (protocol > 5) throw reader.fail(`protocol ${protocol}`);
    },
    "\x95": (_, reader) => void reader.unsigned(8),

    // NONE, NEWTRUE, NEWFALSE
    N: pushing(() => null),
    "\x88": pushing(() => true),
    "\x89": pushing(() => false),
    // BININT1, BININT2, BININT, LONG1, LONG4, BINFLOAT
    K: pushing((reader) => reader.byte()),
    M: pushing((reader) => reader.unsigned(2)),
    J: pushing((reader) => reader.int32()),
    "\x8a": pushing((reader) => reader.longInteger(reader.byte())),
    "\x8b": pushing((reader) => reader.longInteger(reader.unsigned(4))),
    G: pushing((reader) => reader.float64BigEndian()),
    // Protocol 0's text: INT, LONG, FLOAT, STRING, UNICODE
    I: pushing((reader) => textInteger(reader)),
    L: pushing((reader) => textInteger(reader)),
    F: pushing((reader) => textFloat(reader)),
    S: pushing((reader) => quotedString(reader)),
    V: pushing((reader) => escapedText(reader)),
    // SHORT_BINSTRING, BINSTRING: Python 2's strings, which are bytes
    U: pushing((reader) => reader.string(reader.byte(), "latin1")),
    T: pushing((reader) => reader.string(reader.unsigned(4), "latin1")),
    // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
    "\x8c": pushing((reader) => reader.string(reader.byte(), "utf8")),
    X: pushing((reader) => reader.string(reader.unsigned(4), "utf8")),
    "\x8d": pushing((reader) => reader.string(reader.unsigned(8), "utf8")),
    // SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8
    C: pushing((reader) => reader.bytes(reader.byte())),
    B: pushing((reader) => reader.bytes(reader.unsigned(4))),
    "\x8e": pushing((reader) => reader.bytes(reader.unsigned(8))),
    "\x96": pushing((reader) => reader.bytes(reader.unsigned(8))),

    // MARK, POP, POP_MARK, DUP
    "(": (machine) => machine.mark(),
    "0": (machine) => machine.popOrUnmark(),
    "1": (machine) => void machine.popMarked(),
    "2": pushing((_, machine) => machine.top()),

    // EMPTY_TUPLE, TUPLE1–3, TUPLE
    ")": pushing((_, machine) => machine.popTuple(0)),
    "\x85": pushing((_, machine) => machine.popTuple(1)),
    "\x86": pushing((_, machine) => machine.popTuple(2)),
    "\x87": pushing((_, machine) => machine.popTuple(3)),
    t: pushing((_, machine) => machine.popMarked()),
    // EMPTY_LIST, LIST, EMPTY_SET, FROZENSET
    "]": pushing((_, machine) => machine.popTuple(0)),
    l: pushing((_, machine) => machine.popMarked()),
    "\x8f": pushing((_, machine) => machine.popTuple(0)),
    "\x91": pushing((_, machine) => machine.popMarked()),
    // EMPTY_DICT, DICT
    "}": pushing((_, machine) => machine.map([])),
    d: pushing((_, machine) => machine.map(machine.popMarked())),
    // APPEND, APPENDS, ADDITEMS, SETITEM, SETITEMS
    a: (machine) => {
      const items = machine.popTuple(1);
      machine.append(machine.top(), items);
    },
    e: (machine) => {
      const items = machine.popMarked();
      machine.append(machine.top(), items);
    },
    "\x90": (machine) => {
      const items = machine.popMarked();
      machine.append(machine.top(), items);
    },
    s: (machine) => {
      const items = machine.popTuple(2);
      machine.setItems(machine.top(), items);
    },
    u: (machine) => {
      const items = machine.popMarked();
      machine.setItems(machine.top(), items);
    },

    // PUT, BINPUT, LONG_BINPUT, MEMOIZE, GET, BINGET, LONG_BINGET
    p: (machine, reader) => machine.store(lineIndex(reader)),
    q: (machine, reader) => machine.store(reader.byte()),
    r: (machine, reader) => machine.store(reader.unsigned(4)),
    "\x94": (machine) => machine.store("next"),
    g: pushing((reader, machine) => machine.recall(lineIndex(reader))),
    h: pushing((reader, machine) => machine.recall(reader.byte())),
    j: pushing((reader, machine) => machine.recall(reader.unsigned(4))),

    // GLOBAL, STACK_GLOBAL
    c: pushing((reader, machine) => machine.global(reader.line(), reader.line())),
    "\x93": pushing((_, machine) => {
      const [module, name] = machine.popTuple(2);
      return machine.global(module, name);
    }),
    // REDUCE, NEWOBJ, NEWOBJ_EX
    R: pushing((_, machine) => {
      const [target, args] = machine.popTuple(2);
      return machine.call(target, args);
    }),
    "\x81": pushing((_, machine) => {
      const [target, args] = machine.popTuple(2);
      return machine.call(target, args);
    }),
    "\x92": pushing((reader, machine) => {
      const [target, args, named] = machine.popTuple(3);
      if (!(named instanceof Map) || named.size > 0) throw reader.fail("arguments by name");
      return machine.call(target, args);
    }),
    // BUILD
    b: (machine) => {
      const state = machine.pop();
      machine.build(machine.top(), state);
    },
    // PERSID, BINPERSID
    P: pushing((reader, machine) => machine.persistent(reader.line())),
    Q: pushing((_, machine) => machine.persistent(machine.pop())),
  }).map(([code, instruction]) => [code.charCodeAt(0), instruction]),
);

function lineIndex(reader: PickleReader): number {
  const text = reader.line();
  if (!/^\d{1,9}$/.test(text)) throw reader.fail("no index");
  return Number(text);
}

/** INT's `00` and `01` are false and true. */
function textInteger(reader: PickleReader): PickleValue {
  const text = reader.line();
  if (text === "00" || text === "01") return text === "01";
  if (!/^[+-]?\d{1,150}L?$/.test(text)) throw reader.fail("no integer");
  return toNumber(BigInt(text.replace(/^\+|L$/g, "")));
}

function textFloat(reader: PickleReader): number {
  const text = reader.line();
  if (/^[+-]?(inf|nan)$/.test(text))
    return text.endsWith("nan") ? Number.NaN : text.startsWith("-") ? -Infinity : Infinity;
  if (!/^[+-]?[\d.]{1,40}(e[+-]?\d{1,4})?$/.test(text) || Number.isNaN(Number(text))) throw reader.fail("no number");
  return Number(text);
}

/** Python 2's `repr` of a string of bytes. */
function quotedString(reader: PickleReader): string {
  const line = reader.lineBytes();
  const quote = line[0];
  const isQuoted = line.length >= 2 && (quote === 0x22 || quote === 0x27) && line[line.length - 1] === quote;
  if (!isQuoted) throw reader.fail("a string without quotes");
  const text = line.subarray(1, -1);
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const next = text[at] === BACKSLASH ? text[at + 1] : undefined;
    const code = next === X ? hexadecimal(text, at + 2, 2) : undefined;
    if (code !== undefined) {
      bytes[length++] = code;
      at += 3;
    } else if (next !== undefined && LETTERS.has(next)) {
      bytes[length++] = LETTERS.get(next) as number;
      at++;
    } else bytes[length++] = text[at];
  }
  return bytes.toString("latin1", 0, length);
}

/** Protocol 0's text: Latin-1 with escapes for the rest. */
function escapedText(reader: PickleReader): string {
  const line = reader.lineBytes();
  if (!line.includes(BACKSLASH)) return Buffer.from(line.buffer, line.byteOffset, line.length).toString("latin1");
  const units = new Uint16Array(line.length); // an escape is longer than what it stands for
  let length = 0;
  for (let at = 0; at < line.length; at++) {
    const digits = line[at] !== BACKSLASH ? 0 : line[at + 1] === LOWER_U ? 4 : line[at + 1] === UPPER_U ? 8 : 0;
    const point = digits === 0 ? undefined : hexadecimal(line, at + 2, digits);
    if (point === undefined || point > 0x10ffff) units[length++] = line[at];
    else {
      at += 1 + digits;
      if (point > 0xffff) units[length++] = 0xd800 + ((point - 0x10000) >> 10);
      units[length++] = point > 0xffff ? 0xdc00 + ((point - 0x10000) & 0x3ff) : point;
    }
  }
  if (os.endianness() === "BE") Buffer.from(units.buffer).swap16();
  return Buffer.from(units.buffer, 0, 2 * length).toString("utf16le");
}

const [BACKSLASH, X, LOWER_U, UPPER_U] = Buffer.from("\\xuU");

const LETTERS: ReadonlyMap<number, number> = new Map(
  [...Buffer.from("\\'\"abfnrtv")].map((letter, i) => [letter, Buffer.from("\\'\"\x07\b\f\n\r\t\v")[i]]),
);

/** A number of so many hexadecimal digits; undefined where there are none. */
function hexadecimal(bytes: Uint8Array, from: number, digits: number): number | undefined {
  let value = 0;
  for (let at = from; at < from + digits; at++) {
    const byte = bytes[at];
    const digit =
      byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : (byte | 32) >= 0x61 && (byte | 32) <= 0x66 ? (byte | 32) - 0x57 : -1;
    if (digit < 0 || byte === undefined) return undefined;
    value = value * 16 + digit;
  }
  return value;
}
