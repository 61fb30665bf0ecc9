/**
 * A small WebAssembly assembler: instructions are functions that return bytes, so that a kernel reads like an expression and
 * TypeScript loops unroll it for a known number of classes. Only the instructions our kernels use are here.
 */

/** Bytes of instructions, nested as they are put together. */
export type Code = number | readonly Code[];
export type ValueType = "i32" | "f32" | "v128";

/** A parameter or variable of a function. */
export interface Local {
  readonly type: ValueType;
  readonly get: Code;
  set(value: Code): Code;
}

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly variables: readonly ValueType[];
  readonly body: Code;
}

const TYPE_BYTE: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };
const EMPTY_BLOCK = 0x40;

/** A function without result; `write` receives its parameters and a maker of variables, which begin as 0. */
export function defineFunction(
  name: string,
  parameters: readonly ValueType[],
  write: (parameters: readonly Local[], variable: (type: ValueType) => Local) => Code,
): WasmFunction {
  const variables: ValueType[] = [];
  const body = write(
    parameters.map((type, index) => local(type, index)),
    (type) => local(type, parameters.length + variables.push(type) - 1),
  );
  return { name, parameters, variables, body };
}

/** A module that imports its memory, which threads may share, as `env.memory` and exports the functions by their names. */
export function encodeModule(functions: readonly WasmFunction[], mostPages: number): Uint8Array {
  const types = functions.map((each) => [0x60, list(each.parameters.map((type) => TYPE_BYTE[type])), 0]);
  const memory = [text("env"), text("memory"), 0x02, 0x03, unsigned(0), unsigned(mostPages)];
  const exported = functions.map((each, index) => [text(each.name), 0x00, unsigned(index)]);
  const bodies = functions.map((each) => {
    const code = flatten([list(each.variables.map((type) => [1, TYPE_BYTE[type]])), each.body, 0x0b]);
    return [unsigned(code.length), code];
  });
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, list(types)),
      section(2, list([memory])),
      section(3, list(functions.map((_, index) => unsigned(index)))),
      section(7, list(exported)),
      section(10, list(bodies)),
    ]),
  );
}

/** Repeats the body as long as the condition, computed after it, holds. */
export function repeatWhile(condition: Code, body: Code): Code {
  return [0x03, EMPTY_BLOCK, body, condition, 0x0d, 0, 0x0b];
}

export function ifTrue(condition: Code, body: Code, otherwise: Code = []): Code {
  return [condition, 0x04, EMPTY_BLOCK, body, 0x05, otherwise, 0x0b];
}

/** pointer += bytes */
export function advance(pointer: Local, bytes: number): Code {
  return pointer.set(i32.add(pointer.get, i32.const(bytes)));
}

/** What `make` returns for 0 … count − 1: unrolled loops. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Addresses are an expression plus a constant number of bytes. */
export const i32 = {
  const: (value: number): Code => [0x41, signed(value)],
  add: (a: Code, b: Code): Code => [a, b, 0x6a],
  mul: (a: Code, b: Code): Code => [a, b, 0x6c],
  sub: (a: Code, b: Code): Code => [a, b, 0x6b],
  and: (a: Code, b: Code): Code => [a, b, 0x71],
  or: (a: Code, b: Code): Code => [a, b, 0x72],
  xor: (a: Code, b: Code): Code => [a, b, 0x73],
  shiftLeft: (a: Code, b: Code): Code => [a, b, 0x74],
  /** The sign is shifted in. */
  shiftRight: (a: Code, b: Code): Code => [a, b, 0x75],
  /** Zeros are shifted in. */
  shiftRightUnsigned: (a: Code, b: Code): Code => [a, b, 0x76],
  isZero: (a: Code): Code => [a, 0x45],
  lessThan: (a: Code, b: Code): Code => [a, b, 0x48],
  /** Unsigned, as addresses are. */
  below: (a: Code, b: Code): Code => [a, b, 0x49],
  load: (address: Code, offset = 0): Code => [address, 0x28, 2, unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, 0x36, 2, unsigned(offset)],
  loadByte: (address: Code): Code => [address, 0x2d, 0, 0],
  storeByte: (address: Code, value: Code): Code => [address, value, 0x3a, 0, 0],
};

export const f32 = {
  add: (a: Code, b: Code): Code => [a, b, 0x92],
  max: (a: Code, b: Code): Code => [a, b, 0x97],
};

export const v128 = {
  load: (address: Code, offset = 0): Code => [address, simd(0x00), 4, unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, simd(0x0b), 4, unsigned(offset)],
  /** One lane of four. */
  storeLane: (address: Code, value: Code, lane: number, offset = 0): Code => [
    [address, value, simd(0x5a)],
    [2, unsigned(offset), lane],
  ],
  /** 16 bits: one lane of eight. */
  storeHalfLane: (address: Code, value: Code, lane: number, offset = 0): Code => [
    [address, value, simd(0x59)],
    [1, unsigned(offset), lane],
  ],
  and: (a: Code, b: Code): Code => [a, b, simd(0x4e)],
  or: (a: Code, b: Code): Code => [a, b, simd(0x50)],
  xor: (a: Code, b: Code): Code => [a, b, simd(0x51)],
  /** 1 where any bit is set, else 0. */
  anyTrue: (a: Code): Code => [a, simd(0x53)],
};

export const i16x8 = {
  const: (values: ArrayLike<number>): Code => [simd(0x0c), [...new Uint8Array(Int16Array.from(values).buffer)]],
  add: (a: Code, b: Code): Code => [a, b, simd(0x8e)],
  /** i32x4: the sums of the products of two lanes each. */
  dot: (a: Code, b: Code): Code => [a, b, simd(0xba)],
};

export const f32x4 = {
  const: (value: number): Code => [simd(0x0c), times(4, () => [...new Uint8Array(Float32Array.of(value).buffer)])],
  splat: (value: Code): Code => [value, simd(0x13)],
  /** One float of memory in all four lanes. */
  loadSplat: (address: Code, offset = 0): Code => [address, simd(0x09), 2, unsigned(offset)],
  lane: (value: Code, index: number): Code => [value, simd(0x1f), index],
  nearest: (a: Code): Code => [a, simd(0x6a)],
  /** Comparisons give all bits set (−1) or none, lane by lane. */
  lessThan: (a: Code, b: Code): Code => [a, b, simd(0x43)],
  add: (a: Code, b: Code): Code => [a, b, simd(0xe4)],
  sub: (a: Code, b: Code): Code => [a, b, simd(0xe5)],
  mul: (a: Code, b: Code): Code => [a, b, simd(0xe6)],
  div: (a: Code, b: Code): Code => [a, b, simd(0xe7)],
  /** `pmin` and `pmax`: one machine instruction, unlike `min` and `max`, which take care of NaN. */
  min: (a: Code, b: Code): Code => [a, b, simd(0xea)],
  max: (a: Code, b: Code): Code => [a, b, simd(0xeb)],
};

export const i32x4 = {
  lane: (value: Code, index: number): Code => [value, simd(0x1b), index],
  const: (value: number): Code => [simd(0x0c), times(4, () => [...new Uint8Array(Int32Array.of(value).buffer)])],
  shiftLeft: (a: Code, count: number): Code => [a, i32.const(count), simd(0xab)],
  shiftRight: (a: Code, count: number): Code => [a, i32.const(count), simd(0xac)],
  add: (a: Code, b: Code): Code => [a, b, simd(0xae)],
  sub: (a: Code, b: Code): Code => [a, b, simd(0xb1)],
  equal: (a: Code, b: Code): Code => [a, b, simd(0x37)],
  lessThan: (a: Code, b: Code): Code => [a, b, simd(0x39)],
  fromFloat: (a: Code): Code => [a, simd(0xf8)],
  toFloat: (a: Code): Code => [a, simd(0xfa)],
};

function local(type: ValueType, index: number): Local {
  return { type, get: [0x20, unsigned(index)], set: (value) => [value, 0x21, unsigned(index)] };
}

function simd(instruction: number): Code {
  return [0xfd, unsigned(instruction)];
}

function section(id: number, content: Code): Code {
  const bytes = flatten(content);
  return [id, unsigned(bytes.length), bytes];
}

function list(items: readonly Code[]): Code {
  return [unsigned(items.length), items];
}

function text(name: string): Code {
  return list([...new TextEncoder().encode(name)]);
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 128 ? value : [(value & 127) | 128, unsigned(Math.floor(value / 128))];
}

function signed(value: number): Code {
  return value >= -64 && value < 64 ? value & 127 : [(value & 127) | 128, signed(value >> 7)];
}

function flatten(code: Code): number[] {
  const bytes: number[] = [];
  const visit = (each: Code): void => {
    if (typeof each === "number") bytes.push(each);
    else each.forEach(visit);
  };
  visit(code);
  return bytes;
}
