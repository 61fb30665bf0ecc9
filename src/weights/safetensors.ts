/**
 * `.safetensors` files: the length of a header, the header (JSON: type, shape and byte range of each tensor), the bytes.
 * Nothing in them can run, and each tensor is a range of the file.
 */

import fs from "node:fs/promises";
import { replaceAtomic } from "../atomic-write";
import { expected, UserError } from "../errors";
import type { NdArray, NumberArray } from "../nd-array";
import type { ByteSource } from "./byte-source";
import { decodeElements, type ElementType, elementBytes, narrowHalf } from "./element-type";
import { checkedSize } from "./npy";
import type { WeightFile } from "./weight-file";

const elementTypes: Readonly<Record<string, ElementType>> = {
  F16: "float16",
  BF16: "bfloat16",
  F32: "float32",
  F64: "float64",
  I8: "int8",
  I16: "int16",
  I32: "int32",
  I64: "int64",
  U8: "uint8",
  U16: "uint16",
  U32: "uint32",
  U64: "uint64",
  BOOL: "bool",
};

const METADATA = "__metadata__";
const MAX_RANK = 64;
/** The format's own limit is 100 MB; a full-width network has 40 kB. */
const MAX_HEADER_BYTES = 1 << 22;

interface StoredTensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** First byte and the byte after the last, from the beginning of the file. */
  readonly begin: number;
  readonly end: number;
}

/** Whether a file that begins with these bytes and has this size may be one. */
export function isSafetensors(first: Uint8Array, size: number): boolean {
  return first.length >= 9 && first[8] === 0x7b && Buffer.from(first).readBigUInt64LE() <= BigInt(size - 8);
}

/**
 * @returns the parameters, and `metadata`, the writer's notes
 * @throws UserError "weights" for damaged files and for tensors that overlap or leave gaps
 */
export async function openSafetensors(
  source: ByteSource,
): Promise<WeightFile & { readonly metadata: ReadonlyMap<string, string> }> {
  const { tensors, metadata } = await readHeader(source);
  const tensorOf = (name: string): StoredTensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw expected("weights", `a parameter "${name}"`, "none", source.where);
    return tensor;
  };
  return {
    format: "safetensors",
    where: source.where,
    metadata,
    names: () => [...tensors.keys()],
    shape: (name) => tensorOf(name).shape,
    async read(name) {
      const { type, shape, begin, end } = tensorOf(name);
      const bytes = await source.read(begin, end - begin);
      return { shape, data: decodeElements(type, bytes, `parameter "${name}" in ${source.where}`) };
    },
    close: () => source.close(),
  };
}

async function readHeader(
  source: ByteSource,
): Promise<{ tensors: Map<string, StoredTensor>; metadata: Map<string, string> }> {
  const { where } = source;
  const length = Number(Buffer.from(await source.read(0, 8)).readBigUInt64LE());
  if (length > MAX_HEADER_BYTES)
    throw expected("weights", `a header of at most ${MAX_HEADER_BYTES} bytes`, String(length), where);
  const header = parseObject(await source.read(8, length), where);
  const tensors = new Map<string, StoredTensor>();
  let metadata = new Map<string, string>();
  for (const [name, entry] of Object.entries(header))
    if (name === METADATA) metadata = metadataOf(entry, where);
    else tensors.set(name, storedTensor(entry, 8 + length, `tensor ${JSON.stringify(name.slice(0, 100))} in ${where}`));
  let at = 8 + length;
  for (const { begin, end } of [...tensors.values()].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) throw expected("weights", `a tensor at byte ${at}`, `one at byte ${begin}`, where);
    at = end;
  }
  if (at !== source.size) throw expected("weights", `a file of ${at} bytes`, `${source.size} bytes`, where);
  return { tensors, metadata };
}

function parseObject(bytes: Uint8Array, where: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new UserError("weights", `its header is no JSON (${where})`, { cause: error });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw expected("weights", "a header with an entry for each tensor", "something else", where);
  return parsed as Record<string, unknown>;
}

function metadataOf(entry: unknown, where: string): Map<string, string> {
  const notes = typeof entry === "object" && entry !== null ? Object.entries(entry) : [];
  if (!notes.every(([, note]) => typeof note === "string")) throw expected("weights", "notes of text", "others", where);
  return new Map(notes as [string, string][]);
}

function storedTensor(entry: unknown, dataStart: number, where: string): StoredTensor {
  const { dtype, shape, data_offsets: range } = (entry ?? {}) as Record<string, unknown>;
  const type = typeof dtype === "string" && Object.hasOwn(elementTypes, dtype) ? elementTypes[dtype] : undefined;
  if (type === undefined) {
    const got = typeof dtype === "string" ? JSON.stringify(dtype.slice(0, 40)) : typeof dtype;
    throw expected("weights", `one of the types ${Object.keys(elementTypes).join(", ")}`, got, where);
  }
  if (!areExtents(shape) || shape.length > MAX_RANK) throw expected("weights", "a shape", "something else", where);
  const bytes = checkedSize(shape, where) * elementBytes[type];
  if (!areExtents(range) || range.length !== 2 || range[1] - range[0] !== bytes)
    throw expected(
      "weights",
      `a range of ${bytes} bytes`,
      areExtents(range) ? range.slice(0, 2).join(" to ") : "none",
      where,
    );
  return { type, shape, begin: dataStart + range[0], end: dataStart + range[1] };
}

function areExtents(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
}

/**
 * Writes parameters, larger elements first so that all are aligned, then by name.
 * @param metadata notes for the reader, e.g. the step and its options
 * @param precision half: 16 bits for what is a Float32Array, rounded to the nearest
 * @throws UserError "output" where the disk refuses; nothing is left behind then
 */
export async function writeSafetensors(
  file: string,
  parameters: ReadonlyMap<string, NdArray>,
  metadata: Readonly<Record<string, string>> = {},
  precision: "full" | "half" = "full",
): Promise<void> {
  const stored = [...parameters].map(([name, { shape, data }]) => {
    const isHalved = precision === "half" && data instanceof Float32Array;
    return { name, shape, data: isHalved ? narrowHalf(data) : data, dtype: isHalved ? "F16" : dtypeOf(data) };
  });
  const sorted = stored.sort(
    ({ name: a, data: x }, { name: b, data: y }) => y.BYTES_PER_ELEMENT - x.BYTES_PER_ELEMENT || (a < b ? -1 : 1),
  );
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let at = 0;
  for (const { name, shape, data, dtype } of sorted) {
    if (name === METADATA) throw new UserError("output", `a parameter cannot be called ${METADATA} (${file})`);
    header.push([name, { dtype, shape, data_offsets: [at, at + data.byteLength] }]);
    at += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)), "utf8");
  const head = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, " ");
  head.writeBigUInt64LE(BigInt(head.length - 8));
  text.copy(head, 8);
  await replaceAtomic(file, async (temporary) => {
    const chunks = [head, ...sorted.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
    await fs.writeFile(temporary, chunks);
  });
}

/** F32, U8, … of a typed array. */
function dtypeOf(data: NumberArray): string {
  const kind = data.constructor.name.startsWith("Float") ? "F" : data.constructor.name.startsWith("Uint") ? "U" : "I";
  return `${kind}${8 * data.BYTES_PER_ELEMENT}`;
}
