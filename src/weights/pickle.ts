/**
 * Reads Python pickles as data, protocols 0 to 5. The file's bytes drive a small stack machine that builds numbers,
 * strings, lists and dictionaries; names of Python functions and classes are looked up in a list of ours, whose entries
 * build data as well. Nothing is imported, looked up in a module or executed, nothing recurses, and time and memory are
 * bounded by the file's length and by `MAX_WORK`.
 */

import { UserError } from "../errors";
import { createPickleReader, type PickleReader, toNumber } from "./pickle-reader";

/** Lists, tuples and sets are arrays, dictionaries are maps. They may refer to each other in circles: never recurse. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | PickleObject;

/** A stand-in for a Python function, class or object. */
export interface PickleObject {
  readonly kind: string;
  /** What a function or class makes of its arguments. */
  call?(args: readonly PickleValue[], context: PickleContext): PickleValue;
  /** Takes what Python would give to `__setstate__`. */
  setState?(state: PickleValue, context: PickleContext): void;
}

/** For stand-ins: the bound on their work, and errors that name the file and the place. */
export interface PickleContext {
  /** To be told how many elements are copied. */
  charge(elements: number): void;
  fail(what: string): UserError;
}

/** What a pickle may refer to. */
export interface PickleRules {
  /** The stand-in for `module.name`, or undefined to refuse it. */
  global(name: string): PickleObject | undefined;
  /** What a persistent id stands for; without this, such ids are refused. */
  persistent?(id: PickleValue, context: PickleContext): PickleValue;
}

/** Instructions and copied elements, some 32 bytes each, so 0.5 GB at worst; the tags of 120,000 images take 6 million. */
const MAX_WORK = 1 << 24;
const CONTAINER_WORK = 8;

/**
 * @param start where the pickle begins in `bytes`
 * @returns the value, and where the pickle ends
 * @throws UserError "weights" for cut off and malformed pickles and for everything the rules refuse
 */
export function unpickle(
  bytes: Uint8Array,
  where: string,
  rules: PickleRules,
  start = 0,
): { value: PickleValue; end: number } {
  const reader = createPickleReader(bytes, where, start);
  const machine = createMachine(reader, rules, where);
  for (;;) {
    machine.charge(1);
    const code = reader.byte();
    if (code === STOP) return { value: machine.result(), end: reader.position() };
    const instruction = instructions.get(code);
    if (instruction === undefined) throw reader.fail(`instruction 0x${code.toString(16)} is unknown or refused`);
    instruction(machine, reader);
  }
}

export function isPickleObject(value: PickleValue): value is PickleObject {
  return typeof value === "object" && value !== null && "kind" in value;
}

interface Machine {
  charge(work: number): void;
  push(value: PickleValue): void;
  pop(): PickleValue;
  top(): PickleValue;
  mark(): void;
  /** Pops everything above the last mark, and the mark. */
  popMarked(): PickleValue[];
  popTuple(length: number): PickleValue[];
  popOrUnmark(): void;
  store(index: number | "next"): void;
  recall(index: number): PickleValue;
  append(target: PickleValue, items: readonly PickleValue[]): void;
  /** @param items key, value, key, value, … */
  setItems(target: PickleValue, items: readonly PickleValue[]): void;
  map(items: readonly PickleValue[]): Map<PickleValue, PickleValue>;
  global(module: PickleValue, name: PickleValue): PickleObject;
  call(target: PickleValue, args: PickleValue): PickleValue;
  build(target: PickleValue, state: PickleValue): void;
  persistent(id: PickleValue): PickleValue;
  result(): PickleValue;
}

function createMachine({ fail }: PickleReader, rules: PickleRules, where: string): Machine {
  const stack: PickleValue[] = [];
  const marks: number[] = [];
  const memo = new Map<number, PickleValue>();
  let work = 0;
  const charge = (amount: number): void => {
    work += amount;
    if (!(work <= MAX_WORK)) throw fail("too many objects");
  };
  const top = (): PickleValue => {
    if (stack.length <= (marks.at(-1) ?? 0)) throw fail("nothing on the stack");
    return stack[stack.length - 1];
  };
  const pop = (): PickleValue => {
    top();
    return stack.pop() as PickleValue;
  };
  const setItems = (target: PickleValue, items: readonly PickleValue[]): void => {
    if (!(target instanceof Map)) throw fail("items for something that is no dictionary");
    if (items.length % 2 !== 0) throw fail("a key without a value");
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  };
  return {
    charge,
    pop,
    top,
    setItems,
    push: (value) => void stack.push(value),
    mark: () => void marks.push(stack.length),
    popMarked() {
      charge(CONTAINER_WORK);
      const mark = marks.pop();
      if (mark === undefined) throw fail("no mark on the stack");
      return stack.splice(mark);
    },
    popTuple(length) {
      charge(CONTAINER_WORK);
      const items = Array.from({ length }, pop);
      return items.reverse();
    },
    popOrUnmark() {
      if (stack.length === marks.at(-1)) marks.pop();
      else pop();
    },
    store: (index) => void memo.set(index === "next" ? memo.size : index, top()),
    recall(index) {
      const value = memo.get(index);
      if (value === undefined) throw fail(`nothing remembered as ${index}`);
      return value;
    },
    append(target, items) {
      if (!Array.isArray(target)) throw fail("items for something that is no list");
      for (const item of items) target.push(item);
    },
    map(items) {
      charge(CONTAINER_WORK);
      const map = new Map<PickleValue, PickleValue>();
      setItems(map, items);
      return map;
    },
    global(module, name) {
      if (typeof module !== "string" || typeof name !== "string") throw fail("a name that is no string");
      const found = rules.global(`${module}.${name}`);
      if (found !== undefined) return found;
      const asked = JSON.stringify(`${module}.${name}`.slice(0, 100));
      throw new UserError(
        "weights",
        `expected tensors and plain data, as torch.save(model.state_dict(), file) writes them, got a pickle that asks for Python's ${asked}: refused (${where})`,
      );
    },
    call(target, args) {
      if (!isPickleObject(target) || target.call === undefined) throw fail("a call of what is no function");
      if (!Array.isArray(args)) throw fail("a call without arguments");
      charge(CONTAINER_WORK);
      return target.call(args, { charge, fail });
    },
    build(target, state) {
      if (target instanceof Map) return; // attributes of an OrderedDict, e.g. a state_dict's _metadata
      if (!isPickleObject(target) || target.setState === undefined) throw fail("a state for what has none");
      target.setState(state, { charge, fail });
    },
    persistent(id) {
      if (rules.persistent === undefined) throw fail("a reference to something outside");
      charge(CONTAINER_WORK);
      return rules.persistent(id, { charge, fail });
    },
    result() {
      const value = pop();
      if (stack.length > 0 || marks.length > 0) throw fail("values left on the stack");
      return value;
    },
  };
}

const STOP = ".".charCodeAt(0);

type Instruction = (machine: Machine, reader: PickleReader) => void;

/** An instruction that pushes what it reads. */
const pushing =
  (read: (reader: PickleReader, machine: Machine) => PickleValue): Instruction =>
  (machine, reader) =>
    machine.push(read(reader, machine));

/** By code, with the names of Python's `pickletools`. Left out, so refused: EXT1–4, INST, OBJ, buffers outside the file. */
const instructions: ReadonlyMap<number, Instruction> = new Map(
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
    V: pushing((reader) => unescape(reader.line(), /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g)),
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
  const text = reader.line();
  const inside = /^(['"])(.*)\1$/.exec(text)?.[2];
  if (inside === undefined) throw reader.fail("a string without quotes");
  return unescape(inside, /\\(?:x([0-9a-fA-F]{2})|([\\'"abfnrtv]))/g);
}

const letters: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** @param escapes hexadecimal digits in group 1, more of them or a letter in group 2 */
function unescape(text: string, escapes: RegExp): string {
  return text.replace(escapes, (whole, digits: string | undefined, other: string | undefined) => {
    if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
    if (other === undefined || other.length === 1) return letters[other ?? ""] ?? other ?? whole;
    const point = Number.parseInt(other, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}
