/**
 * Writes a state_dict as PyTorch's zip archive, readable by `torch.load(file, weights_only=True)`: a pickle of an
 * OrderedDict of tensors, one stored entry for each tensor's bytes at a multiple of 64 bytes, and the marks that PyTorch
 * looks for. Our own zip writer because the archive needs that alignment, which libraries do not offer.
 */

import fs from "node:fs/promises";
import zlib from "node:zlib";
import { replaceAtomic } from "../atomic-write";
import { expected } from "../errors";
import type { NdArray, NumberArray } from "../nd-array";
import { contiguousStrides } from "./strided";

const FOLDER = "archive";
const ALIGNMENT = 64;
/** Beyond this a zip archive needs another layout. */
const MAX_BYTES = 0xffffffff;

/** Classes of storages by our arrays'. PyTorch has none for Uint16Array. */
const storageClasses: Readonly<Record<string, string>> = {
  Float32Array: "FloatStorage",
  Float64Array: "DoubleStorage",
  Int32Array: "IntStorage",
  Int16Array: "ShortStorage",
  Int8Array: "CharStorage",
  Uint8Array: "ByteStorage",
};

/**
 * @throws UserError "weights" for 16-bit unsigned integers and for more than 4 GB, "output" where the disk refuses;
 * nothing is left behind then
 */
export async function writePth(file: string, parameters: ReadonlyMap<string, NdArray>): Promise<void> {
  const pickle = encodeStateDict(parameters, file);
  const entries: [string, Uint8Array][] = [
    ["data.pkl", pickle],
    ["byteorder", Buffer.from("little")],
    ...[...parameters.values()].map(({ data }, i): [string, Uint8Array] => [
      `data/${i}`,
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    ]),
    ["version", Buffer.from("3\n")],
  ];
  const chunks: Uint8Array[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of entries) {
    const fullName = Buffer.from(`${FOLDER}/${name}`);
    const crc = zlib.crc32(content);
    const padding = alignmentField(at + 30 + fullName.length);
    const local = zipHeader(0x04034b50, fullName, content.length, crc, padding.length);
    directory.push(zipHeader(0x02014b50, fullName, content.length, crc, 0, at));
    chunks.push(local, padding, content);
    at += local.length + padding.length + content.length;
  }
  const contents = Buffer.concat(directory);
  if (at + contents.length > MAX_BYTES)
    throw expected("weights", "less than 4 GB for a .pth file, or .safetensors", `${at} bytes`, file);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(contents.length, 12);
  end.writeUInt32LE(at, 16);
  await replaceAtomic(file, (temporary) => fs.writeFile(temporary, [...chunks, contents, end]));
}

/** A local header, or with `offset` an entry of the table of contents, both with the name at their end. */
function zipHeader(
  signature: number,
  name: Buffer,
  size: number,
  crc: number,
  extraBytes: number,
  offset: number | undefined = undefined,
): Buffer {
  const head = Buffer.alloc(offset === undefined ? 30 : 46);
  const rest = offset === undefined ? 4 : 6;
  head.writeUInt32LE(signature, 0);
  if (offset !== undefined) {
    head.writeUInt16LE(20, 4);
    head.writeUInt32LE(offset, 42);
  }
  head.writeUInt16LE(20, rest); // version 2.0, stored
  head.writeUInt16LE(0x800, rest + 2); // names in UTF-8
  head.writeUInt16LE(0x21, rest + 8); // 1 January 1980: results do not depend on the clock
  head.writeUInt32LE(crc, rest + 10);
  head.writeUInt32LE(size, rest + 14);
  head.writeUInt32LE(size, rest + 18);
  head.writeUInt16LE(name.length, rest + 22);
  head.writeUInt16LE(extraBytes, rest + 24);
  return Buffer.concat([head, name]);
}

/** An extra field ("FB", as PyTorch calls it) after which the content begins at a multiple of 64 bytes. */
function alignmentField(at: number): Buffer {
  const field = Buffer.alloc(4 + ((ALIGNMENT - ((at + 4) % ALIGNMENT)) % ALIGNMENT), "Z");
  field.write("FB", 0);
  field.writeUInt16LE(field.length - 4, 2);
  return field;
}

/** Protocol 2, the one PyTorch writes: OrderedDict([(name, tensor), …]) */
function encodeStateDict(parameters: ReadonlyMap<string, NdArray>, file: string): Buffer {
  const items = [...parameters].flatMap(([name, array], i) => [
    text(name),
    ...tensor(array, i, `"${name}" in ${file}`),
  ]);
  return Buffer.concat([ascii("\x80\x02ccollections\nOrderedDict\n)R("), ...items, ascii("u.")]);
}

/** torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict()) */
function tensor({ shape, data }: NdArray<NumberArray>, index: number, where: string): Buffer[] {
  const storageClass = storageClasses[data.constructor.name];
  if (storageClass === undefined)
    throw expected("weights", "a type of numbers that PyTorch stores", data.constructor.name, where);
  return [
    ascii("ctorch._utils\n_rebuild_tensor_v2\n(("),
    text("storage"),
    ascii(`ctorch\n${storageClass}\n`),
    text(String(index)),
    text("cpu"),
    integer(data.length),
    ascii("tQ"),
    integer(0),
    tuple(shape),
    tuple(contiguousStrides(shape)),
    ascii("\x89ccollections\nOrderedDict\n)RtR"),
  ];
}

function ascii(codes: string): Buffer {
  return Buffer.from(codes, "latin1");
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  const head = Buffer.alloc(5, "X");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function tuple(values: readonly number[]): Buffer {
  return Buffer.concat([ascii("("), ...values.map(integer), ascii("t")]);
}

/** BININT, or beyond 31 bits LONG1 of 8 bytes. */
function integer(value: number): Buffer {
  if ((value | 0) === value) {
    const bytes = Buffer.alloc(5, "J");
    bytes.writeInt32LE(value, 1);
    return bytes;
  }
  const bytes = Buffer.from([0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeBigInt64LE(BigInt(value), 2);
  return bytes;
}
