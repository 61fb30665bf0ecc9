import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import type { NdArray } from "../src/nd-array";
import { openWeights, openWeightsFrom } from "../src/weights/checkpoint";
import { openSafetensors, writeSafetensors } from "../src/weights/safetensors";
import { bytesInMemory, damaged, readsOrRefuses } from "./damage";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-safetensors-"));
after(() => fs.rmSync(folder, { recursive: true }));

function safetensors(header: unknown, data: Uint8Array = new Uint8Array(0)): Buffer {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

const tensor = (dtype: string, shape: unknown, begin: number, end: number): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

test("what is written is read again, with its notes; every tensor is aligned", async () => {
  const parameters = new Map<string, NdArray>([
    ["z", { shape: [3], data: Uint8Array.of(1, 2, 3) }],
    ["b.weight", { shape: [2, 1, 1, 2], data: Float32Array.of(1, -0, Number.NaN, 4) }],
    ["a", { shape: [], data: Float64Array.of(Math.PI) }],
    ["empty", { shape: [0, 3], data: Float32Array.of() }],
    ["i16", { shape: [1], data: Int16Array.of(-5) }],
    ["u16", { shape: [1], data: Uint16Array.of(60000) }],
    ["i32", { shape: [1], data: Int32Array.of(-70000) }],
    ["__proto__", { shape: [1], data: Int8Array.of(-5) }],
  ]);
  const file = path.join(folder, "written.safetensors");
  await writeSafetensors(file, parameters, { step: "train-affinity" });
  const weights = await openWeights(file);
  assert.equal(weights.format, "safetensors");
  assert.deepEqual(weights.names().sort(), [...parameters.keys()].sort());
  for (const [name, array] of parameters) {
    assert.deepEqual(weights.shape(name), array.shape);
    assert.deepEqual(await weights.read(name), array);
  }
  await weights.close();
  const bytes = fs.readFileSync(file);
  const { metadata } = await openSafetensors(bytesInMemory(bytes));
  assert.deepEqual(metadata, new Map([["step", "train-affinity"]]));
  const headerBytes = Number(bytes.readBigUInt64LE());
  assert.equal(headerBytes % 8, 0);
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerBytes)) as Record<string, { data_offsets?: number[] }>;
  for (const [name, { data_offsets: range }] of Object.entries(header))
    if (range !== undefined) assert.equal(range[0] % (parameters.get(name)?.data.BYTES_PER_ELEMENT ?? 0), 0, name);
});

test("in half precision: rounded to the nearest, ties to even, and read again as float32", async () => {
  const exact = [0, 1, -2.5, 2 ** -24, -(2 ** -14), 65504, 1 + 2 ** -10, 1024, 2 ** -15];
  const rounded: readonly (readonly [given: number, wanted: number])[] = [
    [1 + 2 ** -11, 1],
    [1 + 3 * 2 ** -11, 1 + 2 ** -9],
    [2049, 2048],
    [2051, 2052],
    [65519, 65504],
    [65520, Number.POSITIVE_INFINITY],
    [-1e9, Number.NEGATIVE_INFINITY],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2 ** -23],
    [2 - 2 ** -12, 2],
    [Number.NaN, Number.NaN],
  ];
  const given = Float32Array.from([...exact, ...rounded.map(([value]) => value)]);
  const file = path.join(folder, "half.safetensors");
  const counts = Int32Array.of(70000);
  const parameters = new Map<string, NdArray>([
    ["w", { shape: [given.length], data: given }],
    ["n", { shape: [1], data: counts }],
  ]);
  await writeSafetensors(file, parameters, {}, "half");
  const weights = await openWeights(file);
  const { data } = await weights.read("w");
  assert.deepEqual(data, Float32Array.from([...exact, ...rounded.map(([, value]) => value)]));
  assert.deepEqual((await weights.read("n")).data, counts);
  await weights.close();
  assert.ok(fs.readFileSync(file).includes('"dtype":"F16"'));
});

test("types that only other writers have", async () => {
  const data = Buffer.from("803f00c0003c0000000000000100000100000001", "hex");
  const header = {
    bf16: tensor("BF16", [2], 0, 4),
    f16: tensor("F16", [1], 4, 6),
    i64: tensor("I64", [1], 6, 14),
    u32: tensor("U32", [1], 14, 18),
    bool: tensor("BOOL", [2], 18, 20),
  };
  const weights = await openWeightsFrom(bytesInMemory(safetensors(header, data)));
  assert.deepEqual((await weights.read("bf16")).data, Float32Array.of(1, -2));
  assert.deepEqual((await weights.read("f16")).data, Float32Array.of(1));
  assert.deepEqual((await weights.read("i64")).data, Float64Array.of(2 ** 48));
  assert.deepEqual((await weights.read("u32")).data, Int32Array.of(1 << 8));
  assert.deepEqual((await weights.read("bool")).data, Uint8Array.of(0, 1));
});

test("hostile headers", async () => {
  const refused = (header: unknown, message: RegExp, bytes = 4): Promise<void> =>
    assert.rejects(openSafetensors(bytesInMemory(safetensors(header, new Uint8Array(bytes)))), {
      name: "UserError",
      code: "weights",
      message,
    });
  await refused("{", /no JSON/);
  await refused(`{"a":${"[".repeat(100000)}`, /no JSON/);
  await refused(`{"a":${"[".repeat(100000)}${"]".repeat(100000)}}`, /one of the types/);
  await refused(`{"a":{"dtype":${"[".repeat(100000)}${"]".repeat(100000)}}}`, /one of the types/);
  await refused("[]", /an entry for each tensor/);
  await refused({ a: null }, /one of the types/);
  await refused({ a: tensor("F8_E4M3", [4], 0, 4) }, /got "F8_E4M3" \(tensor "a"/);
  await refused({ a: tensor("constructor", [1], 0, 4) }, /one of the types/);
  await refused({ a: tensor("F32", [-1], 0, 4) }, /a shape/);
  await refused({ a: tensor("F32", [0.5], 0, 2) }, /a shape/);
  await refused({ a: tensor("F32", [2 ** 40, 2 ** 40], 0, 4) }, /possible shape/);
  await refused({ a: tensor("F32", [1e9], 0, 4e9) }, /expected a file of 4\d+ bytes/);
  await refused({ a: tensor("F32", [1], 0, 5) }, /a range of 4 bytes, got 0 to 5/);
  await refused({ a: tensor("F32", [1], -4, 0) }, /a range of 4 bytes/);
  await refused({ a: tensor("F32", [1], 0, 4), b: tensor("F32", [1], 0, 4) }, /a tensor at byte/);
  await refused({ a: tensor("F32", [1], 4, 8) }, /a tensor at byte/, 8);
  await refused({ a: tensor("F32", [1], 0, 4) }, /bytes, got/, 5);
  await refused({ __metadata__: { a: 1 } }, /notes of text/);
  const long = Buffer.alloc(9, "{");
  long.writeBigUInt64LE(1n << 40n);
  await assert.rejects(openSafetensors(bytesInMemory(long)), { code: "weights", message: /header of at most/ });
});

test("damaged files are read or refused, nothing else", async () => {
  const header = { a: tensor("F32", [1, 2], 0, 8), b: tensor("BOOL", [3], 8, 11) };
  const good = safetensors(header, Buffer.from("0000803f0000004000ff01", "hex"));
  let refused = 0;
  for (const bad of damaged(good, 2000)) {
    const read = async (): Promise<void> => {
      const weights = await openWeightsFrom(bytesInMemory(bad));
      for (const name of weights.names()) await weights.read(name);
    };
    if ((await readsOrRefuses(read)) === "refused") refused++;
  }
  assert.ok(refused >= good.length);
});

test("a full disk or a folder in the way leaves nothing behind", async () => {
  fs.mkdirSync(path.join(folder, "taken.safetensors", "inside"), { recursive: true });
  const file = path.join(folder, "taken.safetensors");
  const parameters = new Map([["a", { shape: [1], data: Float32Array.of(1) }]]);
  await assert.rejects(writeSafetensors(file, parameters), { code: "output" });
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.endsWith(".tmp")),
    [],
  );
  await assert.rejects(
    writeSafetensors(path.join(folder, "m"), new Map([["__metadata__", { shape: [], data: Float32Array.of(1) }]])),
    { code: "output" },
  );
});
