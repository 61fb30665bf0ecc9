/**
 * PyTorch's `.pth` files: the zip archive that `torch.save` writes since 1.6 (a pickle and a file for each storage) and
 * the legacy format (five pickles, then the storages one after the other). Opening reads the pickle; each parameter is
 * read from its own range of the file when asked for.
 */

import { expected, UserError } from "../errors";
import { sizeOf } from "../nd-array";
import type { ByteSource } from "./byte-source";
import { decodeElements, elementBytes } from "./element-type";
import { numpyGlobals } from "./numpy-globals";
import { isPickleObject, type PickleRules, type PickleValue, unpickle } from "./pickle";
import { pythonGlobals, rulesOf } from "./python-globals";
import { gather, isContiguous, spanOf } from "./strided";
import { isTensor, type PickledStorage, type PickledTensor, storageOf, torchGlobals } from "./torch-globals";
import type { WeightFile } from "./weight-file";
import { contentOffset, readZipEntries } from "./zip";

/** What a `.pth` file holds: its pickle as data, and where its storages' bytes are. */
export interface PthContent {
  readonly value: PickleValue;
  readonly byteOrder: "LE" | "BE";
  /** Where a storage begins in the file. */
  storageOffset(storage: PickledStorage): Promise<number>;
}

/** The pickle of a full-width network has 60 kB. */
const MAX_PICKLE_BYTES = 1 << 26;
/** Elements of a view that repeats its storage's elements. */
const MAX_EXPANDED = 1 << 26;

/** PyTorch's mark at the beginning of a legacy file, and the version of its layout. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_VERSION = 1001;

/**
 * Parameters of a `.pth` file that holds a state_dict, bare or as an entry of a dictionary, e.g. {"state_dict": …}.
 * @throws UserError "weights" for damaged files and for pickles that ask for anything else than data
 */
export async function openPth(source: ByteSource): Promise<WeightFile> {
  const content = await readPthContent(source);
  const tensors = parametersOf(content.value, source.where);
  const tensorOf = (name: string): PickledTensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw expected("weights", `a parameter "${name}"`, "none", source.where);
    return tensor;
  };
  return {
    format: "pth",
    where: source.where,
    names: () => [...tensors.keys()],
    shape: (name) => tensorOf(name).shape,
    async read(name) {
      const { storage, type, offset, shape, strides } = tensorOf(name);
      const label = `parameter "${name}" in ${source.where}`;
      const span = spanOf(shape, strides);
      if (sizeOf(shape) > Math.max(span, MAX_EXPANDED))
        throw expected("weights", `at most ${MAX_EXPANDED} repeated values`, `[${shape.join(", ")}]`, label);
      const start = (await content.storageOffset(storage)) + offset * elementBytes[type];
      const data = decodeElements(type, await source.read(start, span * elementBytes[type]), label, content.byteOrder);
      return { shape, data: isContiguous(shape, strides) ? data : gather(data, shape, strides) };
    },
    close: () => source.close(),
  };
}

/** Reads everything but the tensors' values. */
export async function readPthContent(source: ByteSource): Promise<PthContent> {
  const first = await source.read(0, Math.min(4, source.size));
  return Buffer.from(first).toString("latin1").startsWith("PK") ? readZip(source) : readLegacy(source);
}

/** Whether a file that begins with these bytes is a legacy `.pth`. */
export function isLegacyPth(first: Uint8Array): boolean {
  return Buffer.from(first.subarray(0, 14)).toString("hex") === "80028a0a6cfc9c46f9206aa85019";
}

async function readZip(source: ByteSource): Promise<PthContent> {
  const entries = await readZipEntries(source);
  const pickles = [...entries.values()].filter(({ name }) => /^([^/]*\/)?data\.pkl$/.test(name));
  if (pickles.length !== 1)
    throw expected(
      "weights",
      "one data.pkl, as torch.save writes it",
      `${pickles.length} in the archive`,
      source.where,
    );
  const [pickle] = pickles;
  const folder = pickle.name.slice(0, -"data.pkl".length);
  if (pickle.size > MAX_PICKLE_BYTES)
    throw expected("weights", `a data.pkl of at most ${MAX_PICKLE_BYTES} bytes`, String(pickle.size), source.where);
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    const entry = entries.get(folder + name);
    return entry && source.read(await contentOffset(source, entry), Math.min(entry.size, MAX_PICKLE_BYTES));
  };
  const { value, storages } = unpickleTensors((await read("data.pkl")) as Uint8Array, source.where);
  for (const storage of storages.values()) {
    const size = entries.get(`${folder}data/${storage.key}`)?.size;
    if (size === undefined || size < bytesOf(storage))
      throw expected(
        "weights",
        `${bytesOf(storage)} bytes in data/${storage.key}`,
        String(size ?? "none"),
        source.where,
      );
  }
  const byteOrder = Buffer.from((await read("byteorder")) ?? "").toString("latin1");
  return {
    value,
    byteOrder: byteOrder.startsWith("big") ? "BE" : "LE",
    async storageOffset({ key }) {
      const entry = entries.get(`${folder}data/${key}`);
      if (entry === undefined) throw expected("weights", `data/${key}`, "none", source.where);
      return contentOffset(source, entry);
    },
  };
}

async function readLegacy(source: ByteSource): Promise<PthContent> {
  const { where } = source;
  const bytes = await source.read(0, Math.min(source.size, MAX_PICKLE_BYTES));
  const nothing: PickleRules = { global: () => undefined };
  const magic = unpickle(bytes, where, nothing);
  const version = unpickle(bytes, where, nothing, magic.end);
  if (magic.value !== LEGACY_MAGIC || version.value !== LEGACY_VERSION)
    throw expected("weights", "PyTorch's magic number and version 1001", "others", where);
  const system = unpickle(bytes, where, nothing, version.end);
  const { value, storages, end } = unpickleTensors(bytes, where, system.end);
  const keys = unpickle(bytes, where, nothing, end);
  if (!Array.isArray(keys.value)) throw expected("weights", "the list of storages", "something else", where);
  const offsets = new Map<string, number>();
  let at = keys.end;
  for (const key of keys.value) {
    const storage = storages.get(typeof key === "string" || typeof key === "number" ? String(key) : "");
    if (storage === undefined || offsets.has(storage.key))
      throw new UserError("weights", `a storage that no tensor refers to, or that occurs twice (${where})`);
    const length = Buffer.from(await source.read(at, 8)).readBigUInt64LE();
    if (length !== BigInt(storage.length))
      throw expected("weights", `a storage of ${storage.length} elements`, String(length), where);
    offsets.set(storage.key, at + 8);
    at += 8 + bytesOf(storage);
    if (at > source.size)
      throw expected("weights", `a file of at least ${at} bytes`, `${source.size}: cut off?`, where);
  }
  for (const key of storages.keys())
    if (!offsets.has(key)) throw expected("weights", `a storage "${key.slice(0, 40)}"`, "none", where);
  return {
    value,
    byteOrder: "LE",
    async storageOffset({ key }) {
      const offset = offsets.get(key);
      if (offset === undefined) throw expected("weights", `a storage "${key.slice(0, 40)}"`, "none", where);
      return offset;
    },
  };
}

function bytesOf({ type, length }: PickledStorage): number {
  return type === undefined ? length : length * elementBytes[type];
}

/** @returns the storages by key as well: views of one storage agree on its type and length */
function unpickleTensors(
  bytes: Uint8Array,
  where: string,
  start = 0,
): { value: PickleValue; end: number; storages: Map<string, PickledStorage> } {
  const storages = new Map<string, PickledStorage>();
  const rules: PickleRules = {
    ...rulesOf(pythonGlobals, numpyGlobals, torchGlobals),
    persistent(id, context) {
      const storage = storageOf(id, context);
      const known = storages.get(storage.key);
      if (known !== undefined && (known.type !== storage.type || known.length !== storage.length))
        throw new UserError("weights", `two storages share the key "${storage.key.slice(0, 40)}" (${where})`);
      if (known === undefined) storages.set(storage.key, storage);
      return storage;
    },
  };
  return { ...unpickle(bytes, where, rules, start), storages };
}

/** Keys under which training scripts put the state_dict, the likelier first; one may be inside another. */
const wrappers = [
  ...["state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "params", "weights"],
  ...["ema", "ema_state_dict", "state_dict_ema", "model_ema"],
];
const MAX_WRAPPERS = 3;

function parametersOf(value: PickleValue, where: string): Map<string, PickledTensor> {
  const found = insideOf(value, MAX_WRAPPERS);
  if (found.size === 0) throw expected("weights", "a state_dict, or a dictionary with one", describe(value), where);
  return found;
}

/** The tensors of the likeliest wrapper that has any, else the dictionary's own. */
function insideOf(value: PickleValue, depth: number): Map<string, PickledTensor> {
  if (value instanceof Map && depth > 0)
    for (const key of wrappers) {
      const found = insideOf(value.get(key) ?? null, depth - 1);
      if (found.size > 0) return found;
    }
  return tensorsIn(value);
}

function tensorsIn(value: PickleValue): Map<string, PickledTensor> {
  const tensors = new Map<string, PickledTensor>();
  if (!(value instanceof Map)) return tensors;
  for (const [name, entry] of value) if (typeof name === "string" && isTensor(entry)) tensors.set(name, entry);
  return tensors;
}

function describe(value: PickleValue): string {
  if (value instanceof Map) {
    const keys = [...value.keys()].filter((key) => typeof key === "string");
    return `a dictionary with the keys ${keys
      .slice(0, 8)
      .map((key) => JSON.stringify(key.slice(0, 40)))
      .join(", ")}`;
  }
  return isPickleObject(value) ? value.kind : Array.isArray(value) ? "a list" : typeof value;
}
