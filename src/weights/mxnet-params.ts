/**
 * MXNet's `.params` files: a list of arrays, then the list of their names. Arrays come in three layouts, told apart by
 * their first number: a magic number (version 2, or 1 without the storage type), or in files of 2016 the rank itself.
 * ResNet38's names become the reference's, as its network/resnet38d.py has it (`convert_mxnet_to_torch`).
 */

import { expected, UserError } from "../errors";
import type { ByteSource } from "./byte-source";
import { decodeElements, type ElementType, elementBytes } from "./element-type";
import { checkedSize } from "./npy";
import type { WeightFile } from "./weight-file";

const LIST_MAGIC = 0x112;
/** With numpy's meaning of shapes; version 2 otherwise. */
const VERSION_3 = 0xf993faca;
const VERSION_2 = 0xf993fac9;
const VERSION_1 = 0xf993fac8;

/** By MXNet's type flag. */
const elementTypes: readonly (ElementType | undefined)[] = [
  "float32",
  "float64",
  "float16",
  "uint8",
  "int32",
  "int8",
  "int64",
  "bool",
  "int16",
  "uint16",
  "uint32",
  "uint64",
  "bfloat16",
];

const MAX_RANK = 32;
const MAX_ARRAYS = 1 << 20;
const MAX_NAME_BYTES = 4096;

interface StoredArray {
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** Where its elements begin in the file. */
  readonly offset: number;
}

/** Whether a file that begins with these bytes is a list of MXNet arrays. */
export function isMxnetParams(first: Uint8Array): boolean {
  return first.length >= 8 && Buffer.from(first).readBigUInt64LE() === BigInt(LIST_MAGIC);
}

/**
 * Parameters of a `.params` file under the reference's names. The ImageNet classifier (`linear1000`) is left out.
 * @throws UserError "weights" for damaged files, sparse arrays, arrays without names
 */
export async function openMxnetParams(source: ByteSource): Promise<WeightFile> {
  const arrays = new Map<string, StoredArray>();
  for (const [mxnetName, array] of await readArrays(source)) {
    const name = referenceName(mxnetName);
    if (name === undefined) continue;
    if (arrays.has(name)) throw new UserError("weights", `two arrays are both "${name}" (${source.where})`);
    arrays.set(name, array);
  }
  const arrayOf = (name: string): StoredArray => {
    const array = arrays.get(name);
    if (array === undefined) throw expected("weights", `a parameter "${name}"`, "none", source.where);
    return array;
  };
  return {
    format: "params",
    where: source.where,
    names: () => [...arrays.keys()],
    shape: (name) => arrayOf(name).shape,
    async read(name) {
      const { shape, type, offset } = arrayOf(name);
      const bytes = await source.read(offset, checkedSize(shape, name) * elementBytes[type]);
      return { shape, data: decodeElements(type, bytes, `parameter "${name}" in ${source.where}`) };
    },
    close: () => source.close(),
  };
}

const normParameters: Readonly<Record<string, string>> = {
  gamma: "weight",
  beta: "bias",
  mean: "running_mean",
  var: "running_var",
};

/**
 * `arg:res5b1_branch2a_weight` → `b5_1.conv_branch2a.weight`, `aux:bn7_moving_var` → `bn7.running_var`; undefined for
 * what the networks here have no use for. Names of other networks stay as they are.
 */
export function referenceName(mxnetName: string): string | undefined {
  const name = mxnetName.replace(/^(arg|aux):/, "");
  if (name.startsWith("linear1000")) return undefined;
  if (name === "conv1a_weight") return "conv1a.weight";
  const [, kind, level, block, branch, conv, norm] =
    /^(res|bn)(\d)(?:a|b(\d))_(branch\w+?)_(?:(weight)|(?:moving_)?(gamma|beta|mean|var))$/.exec(name) ?? [];
  const unit = block === undefined ? `b${level}` : `b${level}_${block}`;
  if (kind === "res" && conv !== undefined) return `${unit}.conv_${branch}.weight`;
  if (kind === "bn" && norm !== undefined) return `${unit}.bn_${branch}.${normParameters[norm]}`;
  const last = /^bn7_(?:moving_)?(gamma|beta|mean|var)$/.exec(name)?.[1];
  return last === undefined ? name : `bn7.${normParameters[last]}`;
}

async function readArrays(source: ByteSource): Promise<[string, StoredArray][]> {
  const { where } = source;
  const cursor = createCursor(source);
  const magic = await cursor.uint64();
  await cursor.uint64(); // reserved
  if (magic !== LIST_MAGIC) throw expected("weights", `the number ${LIST_MAGIC} in front`, String(magic), where);
  const count = await cursor.uint64();
  if (count > MAX_ARRAYS) throw expected("weights", `at most ${MAX_ARRAYS} arrays`, String(count), where);
  const arrays: StoredArray[] = [];
  for (let i = 0; i < count; i++) arrays.push(await readArray(cursor, `array ${i} in ${where}`));
  const names = await cursor.uint64();
  if (names !== count) throw expected("weights", `names for ${count} arrays`, String(names), where);
  const named: [string, StoredArray][] = [];
  for (const array of arrays) {
    const length = await cursor.uint64();
    if (length > MAX_NAME_BYTES) throw expected("weights", "a name", `${length} bytes`, where);
    named.push([Buffer.from(await cursor.bytes(length)).toString("utf8"), array]);
  }
  return named;
}

/** Reads an array's head and skips its elements. */
async function readArray(cursor: Cursor, where: string): Promise<StoredArray> {
  const first = await cursor.uint32();
  const version = [VERSION_1, VERSION_2, VERSION_3].indexOf(first) + 1;
  if (version >= 2) {
    const storage = await cursor.int32();
    if (storage !== 0) throw expected("weights", "a dense array", `storage type ${storage}`, where);
  }
  const rank = version === 0 ? first : await cursor.int32();
  const isNone = version === 3 ? rank === -1 : rank === 0;
  if (isNone) return { shape: [0], type: "float32", offset: cursor.position() };
  if (!(rank >= 0 && rank <= MAX_RANK)) throw expected("weights", `at most ${MAX_RANK} axes`, String(rank), where);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) shape.push(version === 0 ? await cursor.uint32() : await cursor.uint64());
  await cursor.bytes(8); // device
  const flag = await cursor.int32();
  const type = elementTypes[flag];
  if (type === undefined) throw expected("weights", "a known type of numbers", `type flag ${flag}`, where);
  const offset = cursor.position();
  cursor.skip(checkedSize(shape, where) * elementBytes[type]);
  return { shape, type, offset };
}

interface Cursor {
  position(): number;
  bytes(length: number): Promise<Uint8Array>;
  uint32(): Promise<number>;
  int32(): Promise<number>;
  uint64(): Promise<number>;
  skip(length: number): void;
}

const WINDOW_BYTES = 4096;

/** Small numbers one after the other, through a window of the file. */
function createCursor(source: ByteSource): Cursor {
  let at = 0;
  let window: Buffer = Buffer.alloc(0);
  let windowStart = 0;
  const take = async (length: number): Promise<Buffer> => {
    if (at < windowStart || at + length > windowStart + window.length) {
      windowStart = at;
      const wanted = Math.max(length, Math.min(WINDOW_BYTES, source.size - at));
      window = Buffer.from((await source.read(at, wanted)).buffer);
    }
    at += length;
    return window.subarray(at - length - windowStart, at - windowStart);
  };
  return {
    position: () => at,
    bytes: take,
    uint32: async () => (await take(4)).readUInt32LE(),
    int32: async () => (await take(4)).readInt32LE(),
    uint64: async () => Number((await take(8)).readBigUInt64LE()),
    skip(length) {
      if (!(at + length <= source.size))
        throw expected(
          "weights",
          `${length} bytes from byte ${at}`,
          `a file of ${source.size} bytes: cut off?`,
          source.where,
        );
      at += length;
    },
  };
}
