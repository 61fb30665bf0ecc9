/** The stack machine behind pickles: it can hold values and build data, and its work and memory are bounded. */

import { UserError } from "../errors";
import type { PickleReader } from "./pickle-reader";

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
  /** To be told how much is held: about 32 bytes each. */
  charge(units: number): void;
  fail(what: string): UserError;
}

/** What a pickle may refer to. */
export interface PickleRules {
  /** The stand-in for `module.name`, or undefined to refuse it. */
  global(name: string): PickleObject | undefined;
  /** What a persistent id stands for; without this, such ids are refused. */
  persistent?(id: PickleValue, context: PickleContext): PickleValue;
}

/**
 * What values may hold, in units of at most 32 bytes: a few times the pickle's own bytes and some 64 MB. The tags of
 * 120,000 images, 14 MB, hold 3 to 4 million units. Each instruction is a byte of the file at least, so time is bounded as well.
 */
const SPARE_UNITS = 1 << 21;
const BYTES_A_UNIT = 6;
/** A list, tuple or object; a dictionary; a text or bytes besides its content. */
const CONTAINER_UNITS = 2;
const MAP_UNITS = 12;
/** Places to remember values in, besides one for eight bytes. */
const MAX_SPARE_MEMO = 1 << 20;
/** Values on the stack at once; NumPy's and PyTorch's own pickles keep a few thousand there. */
const MAX_STACK = 1 << 21;

export function isPickleObject(value: PickleValue): value is PickleObject {
  return typeof value === "object" && value !== null && "kind" in value;
}

/** What instructions can do. Everything checks first and throws UserError "weights". */
export interface PickleMachine {
  charge(units: number): void;
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

export function createPickleMachine({ fail, size }: PickleReader, rules: PickleRules, where: string): PickleMachine {
  const stack: PickleValue[] = [];
  const marks: number[] = [];
  const memo: PickleValue[] = [];
  let left = SPARE_UNITS + size / BYTES_A_UNIT;
  const charge = (units: number): void => {
    left -= units;
    if (!(left >= 0)) throw fail("too many objects for its bytes");
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
    charge(items.length);
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  };
  return {
    charge,
    pop,
    top,
    setItems,
    push(value) {
      if (typeof value === "string") charge(1 + value.length / 32);
      else if (value instanceof Uint8Array) charge(CONTAINER_UNITS * 2);
      if (stack.push(value) > MAX_STACK) throw fail("too many values at once");
    },
    mark() {
      if (marks.push(stack.length) > MAX_STACK) throw fail("too many marks at once");
    },
    popMarked() {
      const mark = marks.pop();
      if (mark === undefined) throw fail("no mark on the stack");
      charge(CONTAINER_UNITS + (stack.length - mark) / 4);
      return stack.splice(mark);
    },
    popTuple(length) {
      charge(CONTAINER_UNITS);
      if (length === 0) return [];
      const last = pop();
      if (length === 1) return [last];
      const second = pop();
      return length === 2 ? [second, last] : [pop(), second, last];
    },
    popOrUnmark() {
      if (stack.length === marks.at(-1)) marks.pop();
      else pop();
    },
    store(index) {
      const place = index === "next" ? memo.length : index;
      if (place > MAX_SPARE_MEMO + size / 8) throw fail("too many objects for its bytes");
      charge(1 + Math.max(0, place - memo.length));
      while (memo.length < place) memo.push(undefined as unknown as PickleValue);
      memo[place] = top();
    },
    recall(index) {
      const value = memo[index];
      if (value === undefined) throw fail(`nothing remembered as ${index}`);
      return value;
    },
    append(target, items) {
      if (!Array.isArray(target)) throw fail("items for something that is no list");
      charge(items.length / 4);
      for (const item of items) target.push(item);
    },
    map(items) {
      charge(MAP_UNITS);
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
      charge(CONTAINER_UNITS * 2);
      return target.call(args, { charge, fail });
    },
    build(target, state) {
      if (target instanceof Map) return; // attributes of an OrderedDict, e.g. a state_dict's _metadata
      if (!isPickleObject(target) || target.setState === undefined) throw fail("a state for what has none");
      target.setState(state, { charge, fail });
    },
    persistent(id) {
      if (rules.persistent === undefined) throw fail("a reference to something outside");
      charge(CONTAINER_UNITS * 2);
      return rules.persistent(id, { charge, fail });
    },
    result() {
      const value = pop();
      if (stack.length > 0 || marks.length > 0) throw fail("values left on the stack");
      return value;
    },
  };
}
