import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after, before } from "node:test";
import zlib from "node:zlib";
import { encode } from "fast-png";
import { parseJson } from "../src/data/json";
import { decodeLabel } from "../src/data/label-png";
import { parseXml } from "../src/data/xml";
import { openWeights } from "../src/weights/checkpoint";
import { encodeNpyHeader } from "../src/weights/npy";
import { readNpyDictionary } from "../src/weights/npy-dictionary";
import { numpyGlobals } from "../src/weights/numpy-globals";
import { type PickleValue, unpickle } from "../src/weights/pickle";
import { plainNames } from "../src/weights/plain-names";
import { pythonGlobals, rulesOf } from "../src/weights/python-globals";
import { writeSafetensors } from "../src/weights/safetensors";
import { torchGlobals } from "../src/weights/torch-globals";

let root = "";
before(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "saved-"));
});
after(() => fs.rmSync(root, { recursive: true }));

test("what wrappers put in front of names goes, in every order, and their counters", async () => {
  const plain = (names: string[]): string[] => [...plainNames(names).values()];
  assert.deepEqual(plain(["module.a.weight", "module.b.bias"]), ["a.weight", "b.bias"]);
  assert.deepEqual(plain(["_orig_mod.module.a", "_orig_mod.module.b"]), ["a", "b"]);
  assert.deepEqual(plain(["n_averaged", "module.a", "module.b"]), ["a", "b"]);
  assert.deepEqual(plain(["model.conv1a.weight", "model.fc8.weight"]), ["conv1a.weight", "fc8.weight"]);
  assert.deepEqual(plain(["module.a", "b"]), ["module.a", "b"]);
  assert.deepEqual(plain(["conv1a.weight", "module_x"]), ["conv1a.weight", "module_x"]);

  const file = path.join(root, "parallel.safetensors");
  const tensor = { shape: [2], data: Float32Array.of(1, 2) };
  await writeSafetensors(file, new Map([["module._orig_mod.conv1a.weight", tensor]]));
  const weights = await openWeights(file);
  assert.deepEqual(weights.names(), ["conv1a.weight"]);
  assert.deepEqual(weights.shape("conv1a.weight"), [2]);
  assert.deepEqual((await weights.read("conv1a.weight")).data, tensor.data);
  await weights.close();
});

test("harmless objects beside the weights are notes, and run nothing", () => {
  const read = (text: string): PickleValue =>
    unpickle(Buffer.from(text, "latin1"), "x", rulesOf(pythonGlobals, numpyGlobals, torchGlobals)).value;
  for (const name of [
    "pathlib\nPosixPath",
    "pathlib._local\nPosixPath",
    "pathlib._local\nWindowsPath",
    "torch.torch_version\nTorchVersion",
    "datetime\ndatetime",
    "datetime\ntimedelta",
    "uuid\nUUID",
    "types\nSimpleNamespace",
  ])
    assert.deepEqual(Object.keys(read(`c${name}\n(S'x'\ntR.`) as object), ["kind", "setState"], name);
  assert.deepEqual(read("ccollections\ndeque\n((lI3\ntR(I1\nI2\ne."), [1, 2]);
  for (const name of ["os\nsystem", "builtins\neval", "builtins\ngetattr", "pathlib\nPath.unlink", "subprocess\nPopen"])
    assert.throws(() => read(`c${name}\n(S'x'\ntR.`), /refused/);
});

test("dictionaries with np.str_ and NumPy integers as keys", () => {
  const scalar = (type: string, order: string, content: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(
        `cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'${type}'\nI00\nI01\ntR(I3\nS'${order}'\nNNNI4\nI4\nI8\ntb`,
      ),
      Buffer.from("C"),
      Buffer.of(content.length),
      content,
      Buffer.from("tR"),
    ]);
  const text = Buffer.from(Uint32Array.from([..."n01"], (letter) => letter.charCodeAt(0)).buffer);
  const number = Buffer.alloc(8);
  number.writeBigInt64LE(2007000032n);
  const array =
    "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2\ntcnumpy\ndtype\n(S'u1'\nI00\nI01\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbI00\nS'\\x00\\x01'\ntb";
  const pickle = Buffer.concat([
    ...[Buffer.from("(d"), scalar("U3", "<", text), Buffer.from(`${array}s`)],
    ...[scalar("i8", "<", number), Buffer.from(`${array}s.`)],
  ]);
  const read = readNpyDictionary(Buffer.concat([encodeNpyHeader("|O", []), pickle]), "x");
  assert.deepEqual([...read.keys()], ["n01", 2007000032]);
  assert.deepEqual([...(read.get("n01")?.data ?? [])], [0, 1]);
});

test("escapes of protocol 0 in one pass: bytes, Unicode, what is no escape", () => {
  const read = (text: string): PickleValue => unpickle(Buffer.from(text, "latin1"), "x", rulesOf(pythonGlobals)).value;
  assert.equal(read("S'a\\x41\\n\\'\\\\q\\z'\n."), "aA\n'\\q\\z");
  assert.equal(read("Vcaf\\u00e9 \\U0001f600 \\uZZ\n."), "café 😀 \\uZZ");
  assert.equal(read("Vcaf\u00e9\n."), "café");
});

test("floods are refused before they take memory", () => {
  const pickle = (body: Buffer): Buffer =>
    Buffer.concat([encodeNpyHeader("|O", []), Buffer.from("\x80\x04", "latin1"), body]);
  const flood = (pattern: string): Buffer => pickle(Buffer.alloc(8 << 20, pattern, "latin1"));
  for (const pattern of ["\x94", "N\x94", "N\x940", "]", "}", "(", "\x8c\x01a"])
    assert.throws(
      () => readNpyDictionary(pickle(Buffer.concat([Buffer.from("N"), flood(pattern).subarray(130)])), "x"),
      /too many (objects|values|marks)/,
      JSON.stringify(pattern),
    );
  assert.throws(() => parseXml(`<a>${"<b/>".repeat(300_000)}</a>`, "a", "x"), /more than 262144 elements/);
  assert.throws(() => parseXml(`<a>${"&#65;".repeat(20_000)}</a>`, "a", "x"), /a text of 100000 characters/);
  assert.throws(() => parseXml(`${"<a>".repeat(40)}`, "a", "x"), /nested more than 32 deep/);
  assert.throws(() => parseJson(`[${"[],".repeat(2_000_000)}0]`), /2000001 lists and objects in/);
});

test("a PNG with two headers, a wrong length, or empty chunks without end", () => {
  const label = Buffer.from(
    encode({ width: 3, height: 2, data: Uint8Array.of(0, 1, 2, 3, 4, 5), depth: 8, channels: 1 }),
  );
  assert.deepEqual([...decodeLabel(label, "x").data], [0, 1, 2, 3, 4, 5]);
  const header = Buffer.from(label.subarray(8, 33));
  header.writeUInt32BE(2, 8);
  header.writeUInt32BE(3, 12);
  header.writeUInt32BE(zlib.crc32(header.subarray(4, 21)), 21);
  const twice = Buffer.concat([label.subarray(0, 33), header, label.subarray(33)]);
  assert.throws(() => decodeLabel(twice, "x"), /a second header, which contradicts the first/);
  const wide = Buffer.concat([label.subarray(0, 8), header, label.subarray(33)]);
  assert.throws(() => decodeLabel(wide, "x"), /8 of 9 bytes of pixels/);
  const empty = Buffer.alloc(12);
  empty.write("IDAT", 4, "latin1");
  empty.writeUInt32BE(zlib.crc32(Buffer.from("IDAT")), 8);
  const many = Buffer.concat([label.subarray(0, 33), ...Array<Buffer>(10_000).fill(empty), label.subarray(33)]);
  assert.deepEqual([...decodeLabel(many, "x").data], [0, 1, 2, 3, 4, 5]);
});

test("interlaced labels of 1, 2, 4 and 8 bits, in all small sizes", () => {
  for (const depth of [1, 2, 4, 8])
    for (const [width, height] of [
      [1, 1],
      [2, 3],
      [5, 4],
      [9, 9],
      [17, 6],
    ]) {
      const value = (x: number, y: number): number => (3 * x + 5 * y + x * y) % 2 ** depth;
      const png = interlaced(width, height, depth, value);
      const wanted = Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width)));
      assert.deepEqual([...decodeLabel(png, "x").data], wanted, `${depth} bits, ${width}×${height}`);
    }
});

/** A palette PNG in Adam7's seven passes, each row with another filter. */
function interlaced(width: number, height: number, depth: number, value: (x: number, y: number) => number): Buffer {
  const passes = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ];
  const rows: Buffer[] = [];
  for (const [x0, y0, dx, dy] of passes) {
    const count = Math.ceil((width - x0) / dx);
    if (count <= 0) continue;
    let above = Buffer.alloc(Math.ceil((count * depth) / 8));
    for (let y = y0, row = 0; y < height; y += dy, row++) {
      const line = Buffer.alloc(above.length);
      for (let i = 0; i < count; i++)
        line[(i * depth) >> 3] |= value(x0 + i * dx, y) << (8 - depth - ((i * depth) & 7));
      const filter = row % 5;
      const filtered = line.map((byte, i) => {
        const [left, up, corner] = [i > 0 ? line[i - 1] : 0, above[i], i > 0 ? above[i - 1] : 0];
        const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
        const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
        return byte - [0, left, up, (left + up) >> 1, paeth][filter];
      });
      rows.push(Buffer.concat([Buffer.of(filter), filtered]));
      above = line;
    }
  }
  const chunk = (type: string, body: Uint8Array): Buffer => {
    const bytes = Buffer.alloc(12 + body.length);
    bytes.writeUInt32BE(body.length, 0);
    bytes.write(type, 4, "latin1");
    bytes.set(body, 8);
    bytes.writeUInt32BE(zlib.crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length);
    return bytes;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, 3, 0, 0, 1], 8);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("PLTE", new Uint8Array(3 * 2 ** depth)),
    chunk("IDAT", zlib.deflateSync(Buffer.concat(rows))),
    chunk("IEND", new Uint8Array(0)),
  ]);
}
