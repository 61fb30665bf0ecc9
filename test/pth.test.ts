import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import zlib from "node:zlib";
import type { NdArray } from "../src/nd-array";
import { openWeights, openWeightsFrom, type WeightFile } from "../src/weights/checkpoint";
import { readPthContent } from "../src/weights/pth";
import { writePth } from "../src/weights/pth-writer";
import { bytesInMemory, damaged, readsOrRefuses } from "./damage";

const fixtures = path.join(__dirname, "fixtures", "weights");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-pth-"));
after(() => fs.rmSync(folder, { recursive: true }));

async function everything(file: WeightFile): Promise<Map<string, NdArray>> {
  const parameters = new Map<string, NdArray>();
  for (const name of file.names()) {
    const array = await file.read(name);
    assert.deepEqual(array.shape, file.shape(name));
    parameters.set(name, array);
  }
  await file.close();
  return parameters;
}

const open = (bytes: Uint8Array): Promise<WeightFile> => openWeightsFrom(bytesInMemory(bytes));

/** A zip archive of stored entries, made wrong on request. */
function zip(entries: readonly [string, Uint8Array | string][], { method = 0, flags = 0, grow = 0 } = {}): Buffer {
  const chunks: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, text] of entries) {
    const content = Buffer.from(text as string, "latin1");
    const local = Buffer.alloc(30 + name.length);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(name.length, 26);
    local.write(name, 30, "latin1");
    const entry = Buffer.alloc(46 + name.length);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(flags, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(content.length + grow, 20);
    entry.writeUInt32LE(content.length + grow, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    entry.write(name, 46, "latin1");
    directory.push(entry);
    chunks.push(local, content);
    at += local.length + content.length;
  }
  const contents = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(contents.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...chunks, contents, end]);
}

/** The pickle of {"x": a tensor}. */
const tensorPickle = (shape: string, strides: string, length = "K\x04", offset = "K\0", key = "0"): string =>
  `\x80\x02}X\x01\0\0\0xctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n` +
  `U${String.fromCharCode(key.length)}${key}X\x03\0\0\0cpu${length}tQ${offset}${shape}${strides}\x89}tRs.`;
const fourFloats = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);

test("PyTorch's own files, zip and legacy: all types, views, wrappers, DataParallel", async () => {
  for (const name of ["torch-zip.pth", "torch-legacy.pth"]) {
    assert.deepEqual(
      [...(await everything(await openWeights(path.join(fixtures, name))))],
      [
        ["base", { shape: [3, 4], data: Float32Array.from({ length: 12 }, (_, i) => i) }],
        ["columns", { shape: [2, 2], data: Float32Array.of(4, 6, 8, 10) }],
        ["expanded", { shape: [2, 3], data: new Float32Array(6).fill(2.5) }],
        ["bfloat16", { shape: [3], data: Float32Array.of(1.5, -3.00405527047391e38, Infinity) }],
        ["half", { shape: [2], data: Float32Array.of(0.5, -(2 ** -24)) }],
        ["int8", { shape: [2], data: Int8Array.of(-1, 2) }],
        ["int16", { shape: [2], data: Int16Array.of(-300, 2) }],
        ["int32", { shape: [2], data: Int32Array.of(-70000, 2) }],
        ["uint16", { shape: [2], data: Uint16Array.of(60000, 2) }],
        ["parameter", { shape: [1, 2], data: Float32Array.of(1, 1) }],
      ],
      name,
    );
    const { value } = await readPthContent(bytesInMemory(fs.readFileSync(path.join(fixtures, name))));
    assert.ok(value instanceof Map);
    assert.equal(value.get("epoch"), 7);
    assert.equal(value.get("best"), 0.5);
  }
});

test("a pickled model is refused by the name of its class", async () => {
  await assert.rejects(openWeights(path.join(fixtures, "torch-model.pth")), {
    code: "weights",
    message:
      /state_dict\(\), file\) writes them, got a pickle that asks for Python's "torch\.nn\.modules\.linear\.Linear"/,
  });
});

test("code is refused by name, wherever it stands", async () => {
  for (const pickle of ["cos\nsystem\n(X\x02\0\0\0lstR.", `}X\x01\0\0\0xcnt\nsystem\n(U\x01atRs.`]) {
    await assert.rejects(open(zip([["a/data.pkl", pickle]])), { code: "weights", message: /system": refused/ });
    const magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    const legacy = Buffer.from(`${magic}\x80\x02M\xe9\x03.\x80\x02}.${pickle}`, "latin1");
    await assert.rejects(open(legacy), { code: "weights", message: /system": refused/ });
    await assert.rejects(open(Buffer.from(magic + pickle, "latin1")), { code: "weights", message: /system": refused/ });
  }
});

test("only what is asked for is read: 500 MB open at the cost of their pickle", async () => {
  const count = 50;
  const shape = [1 << 20, 5, 1, 1];
  const parameters = new Map<string, NdArray>([["first", { shape: [1], data: Float32Array.of(7) }]]);
  await writePth(path.join(folder, "small.pth"), parameters);
  // A sparse safetensors file takes no disk.
  const entries = Array.from({ length: count }, (_, i) => {
    const bytes = 4 * shape[0] * shape[1];
    return [`b${i}`, { dtype: "F32", shape, data_offsets: [i * bytes, (i + 1) * bytes] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const file = path.join(folder, "sparse.safetensors");
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(header.length));
  fs.writeFileSync(file, Buffer.concat([head, header]));
  fs.truncateSync(file, 8 + header.length + count * 4 * shape[0] * shape[1]);
  assert.ok(fs.statSync(file).size > 1e9);
  const weights = await openWeights(file);
  const before = process.memoryUsage().arrayBuffers;
  const { data } = await weights.read("b49");
  assert.equal(data.length, shape[0] * shape[1]);
  assert.ok(process.memoryUsage().arrayBuffers - before < 3 * data.byteLength);
  await weights.close();

  const bytes = fs.readFileSync(path.join(fixtures, "torch-zip.pth"));
  const source = bytesInMemory(bytes);
  const pth = await openWeightsFrom(source);
  const opened = source.bytesRead;
  await pth.read("int8");
  assert.equal(source.bytesRead - opened, 2 + 30); // the values and the entry's header
});

test("what is written is read again, and is a zip archive as PyTorch wants it", async () => {
  const parameters = new Map<string, NdArray>([
    ["conv1a.weight", { shape: [2, 1, 1, 2], data: Float32Array.of(1, -0, Number.NaN, 4) }],
    ["double", { shape: [1], data: Float64Array.of(Math.PI) }],
    ["scalar", { shape: [], data: Int32Array.of(-70000) }],
    ["empty", { shape: [0, 3], data: Float32Array.of() }],
    ["short", { shape: [1], data: Int16Array.of(-5) }],
    ["char", { shape: [1], data: Int8Array.of(-5) }],
    ["byte ü", { shape: [1], data: Uint8Array.of(250) }],
  ]);
  const file = path.join(folder, "written.pth");
  await writePth(file, parameters);
  assert.deepEqual(await everything(await openWeights(file)), parameters);
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.endsWith(".tmp")),
    [],
  );

  const bytes = fs.readFileSync(file);
  const names: string[] = [];
  const end = bytes.length - 22;
  assert.equal(bytes.readUInt32LE(end), 0x06054b50);
  let at = bytes.readUInt32LE(end + 16);
  while (at < end) {
    assert.equal(bytes.readUInt32LE(at), 0x02014b50);
    const nameBytes = bytes.readUInt16LE(at + 28);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameBytes);
    const local = bytes.readUInt32LE(at + 42);
    const content = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const size = bytes.readUInt32LE(at + 24);
    assert.equal(content % 64, 0, name);
    assert.equal(bytes.readUInt32LE(at + 16), zlib.crc32(bytes.subarray(content, content + size)), name);
    assert.deepEqual(bytes.subarray(local + 14, local + 26), bytes.subarray(at + 16, at + 28), name);
    assert.equal(bytes.toString("utf8", local + 30, local + 30 + nameBytes), name);
    names.push(name);
    at += 46 + nameBytes;
  }
  const storages = Array.from({ length: 7 }, (_, i) => `archive/data/${i}`);
  assert.deepEqual(names, ["archive/data.pkl", "archive/byteorder", ...storages, "archive/version"]);
  assert.equal(bytes.readUInt16LE(end + 10), names.length);
});

test("what PyTorch has no storage for is not written, and leaves nothing behind", async () => {
  const file = path.join(folder, "no.pth");
  const parameters = new Map([["x", { shape: [1], data: Uint16Array.of(1) }]]);
  await assert.rejects(writePth(file, parameters), { code: "weights", message: /Uint16Array \("x" in/ });
  assert.ok(!fs.existsSync(file));
});

test("state_dicts are found bare or wrapped; a stray tensor beside them does not count", async () => {
  const bare = tensorPickle("K\x04\x85", "K\x01\x85");
  const inner = bare.slice(2, -1);
  const archive = (pickle: string): Buffer =>
    zip([
      ["m/data.pkl", pickle],
      ["m/data/0", fourFloats],
    ]);
  const wanted = new Map([["x", { shape: [4], data: Float32Array.of(1, 2, 3, 4) }]]);
  assert.deepEqual(await everything(await open(archive(bare))), wanted);
  for (const key of ["state_dict", "model", "net"])
    assert.deepEqual(
      await everything(await open(archive(`}U${String.fromCharCode(key.length)}${key}${inner}s.`))),
      wanted,
    );
  const stray = `${inner}(U\x0astate_dict${inner.replace("\x01\0\0\0x", "\x01\0\0\0y")}u.`;
  assert.deepEqual((await open(archive(stray))).names(), ["y"]);
  await assert.rejects(open(archive("}U\x05epochK\x01s.")), /got a dictionary with the keys "epoch"/);
  await assert.rejects((await open(archive(bare))).read("z"), { code: "weights", message: /a parameter "z"/ });
});

test("views outside their storage, huge shapes, storages that are not there", async () => {
  const archive = (pickle: string): Buffer =>
    zip([
      ["m/data.pkl", pickle],
      ["m/data/0", fourFloats],
    ]);
  const refused = (pickle: string, message: RegExp): Promise<void> =>
    assert.rejects(async () => (await open(archive(pickle))).read("x"), {
      name: "UserError",
      code: "weights",
      message,
    });
  const four = "J\xff\xff\xff\x7f";
  await refused(tensorPickle("K\x05\x85", "K\x01\x85"), /tensor of \[5\] in a storage of 4 elements/);
  await refused(tensorPickle("K\x04\x85", "K\x01\x85", "K\x04", "K\x01"), /tensor of \[4\] in a storage/);
  await refused(tensorPickle("K\x02\x85", "K\xff\x85"), /tensor of \[2\] in a storage/);
  await refused(tensorPickle(`${four}\x85`, "K\x00\x85"), /at most 67108864 repeated values/);
  await refused(tensorPickle(`(${four}${four}${four}t`, "(K\0K\0K\0t"), /possible shape/);
  await refused(tensorPickle("J\xff\xff\xff\xff\x85", "K\x01\x85"), /broken tensor/);
  await refused(tensorPickle("K\x04\x85", "J\xff\xff\xff\xff\x85"), /broken tensor/);
  await refused(tensorPickle("K\x04\x85", "K\x01K\x01\x86"), /tensor of \[4\] in a storage/);
  await refused(tensorPickle(`${four}\x85`, "K\x01\x85", four), /8589934588 bytes in data\/0, got 16/);
  await refused(tensorPickle("K\x04\x85", "K\x01\x85", "K\x04", "K\0", "../0"), /bytes in data\/\.\.\/0, got none/);
});

test("zip archives that are none, or no plain ones", async () => {
  const good: [string, string | Buffer][] = [
    ["m/data.pkl", tensorPickle("K\x04\x85", "K\x01\x85")],
    ["m/data/0", fourFloats],
  ];
  const refused = (bytes: Uint8Array, message: RegExp): Promise<void> =>
    assert.rejects(open(bytes), { name: "UserError", code: "weights", message });
  assert.equal((await everything(await open(zip(good)))).size, 1);
  await refused(zip(good, { method: 8 }), /"m\/data\.pkl" is compressed/);
  await refused(zip(good, { flags: 1 }), /is encrypted/);
  await refused(zip(good, { grow: 1e6 }), /is not wholly in the file/);
  await refused(zip([...good, good[1]]), /"m\/data\/0" occurs twice/);
  await refused(zip([...good, ["n/data.pkl", ""]]), /one data\.pkl.*got 2/);
  await refused(zip([["../../etc/data.pkl", "N."]]), /one data\.pkl.*got 0/);
  await refused(zip(good).subarray(0, -1), /cut off/);
  await refused(Buffer.from("PK\x03\x04"), /cut off/);
});

test("damaged files are read or refused, nothing else", async () => {
  for (const name of ["torch-zip.pth", "torch-legacy.pth", "torch-model.pth"]) {
    const good = fs.readFileSync(path.join(fixtures, name));
    let refused = 0;
    for (const bad of damaged(good, 1000))
      if ((await readsOrRefuses(async () => everything(await open(bad)))) === "refused") refused++;
    assert.ok(refused >= good.length, name);
  }
});
