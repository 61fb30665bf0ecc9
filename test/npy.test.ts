import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { type NdArray, sizeOf } from "../src/nd-array";
import { decodeNpy, encodeNpy } from "../src/weights/npy";
import { damaged, readsOrRefuses } from "./damage";

const fixtures = path.join(__dirname, "fixtures", "weights");

function npy(header: string, data: Uint8Array, version = 1): Uint8Array {
  const length = version === 1 ? Buffer.alloc(2) : Buffer.alloc(4);
  length.writeUIntLE(header.length, 0, length.length);
  return Buffer.concat([
    Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0`, "latin1"),
    length,
    Buffer.from(header),
    data,
  ]);
}

const header = (descr: string, shape: string, fortran = "False"): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

test("NumPy's own files of all header versions: big-endian, Fortran order", () => {
  for (const version of [1, 2, 3]) {
    const array = decodeNpy(fs.readFileSync(path.join(fixtures, `array-v${version}.npy`)), "");
    assert.deepEqual(array, { shape: [3, 2], data: Int16Array.of(0, 3, 1, 4, 2, 5) });
  }
});

test("what is written is read again", () => {
  const arrays: NdArray[] = [
    { shape: [2, 3], data: Float32Array.of(1, -0, Number.NaN, Infinity, 1e-40, 5) },
    { shape: [], data: Float64Array.of(Math.PI) },
    { shape: [0, 7], data: Int32Array.of() },
    { shape: [3], data: Int32Array.of(1, -2, 2 ** 31 - 1) },
    { shape: [2], data: Int16Array.of(-300, 7) },
    { shape: [1, 1, 2], data: Int8Array.of(-1, 7) },
    { shape: [2], data: Uint8Array.of(255, 7) },
    { shape: [2], data: Uint16Array.of(65535, 7) },
  ];
  for (const array of arrays) {
    const bytes = encodeNpy(array);
    assert.equal((bytes.length - array.data.byteLength) % 64, 0);
    assert.deepEqual(decodeNpy(bytes, ""), array);
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    assert.deepEqual(decodeNpy(shifted, ""), array);
  }
});

test("all types of numbers, both byte orders", () => {
  const read = (descr: string, hex: string): number[] => {
    const data = Buffer.from(hex.replaceAll(" ", ""), "hex");
    const count = data.length / Number(descr.at(-1));
    return [...decodeNpy(npy(header(descr, `(${count},)`), data), "").data];
  };
  assert.deepEqual(read("<f2", "003c 00c0 0100 007c ff7b"), [1, -2, 2 ** -24, Infinity, 65504]);
  assert.deepEqual(read(">f2", "3c00 c000"), [1, -2]);
  assert.ok(Number.isNaN(read("<f2", "017e")[0]));
  assert.ok(Object.is(read("<f2", "0080")[0], -0));
  assert.deepEqual(read(">f4", "3f800000"), [1]);
  assert.deepEqual(read(">f8", "3ff0000000000000"), [1]);
  assert.deepEqual(read("<i8", "0100000000000000 ffffffffffffffff"), [1, -1]);
  assert.deepEqual(read(">i8", "0000010000000000"), [2 ** 40]);
  assert.deepEqual(read("<i8", "010000000000e0ff"), [-(2 ** 53) + 1]);
  assert.deepEqual(read("<u8", "ffffffffffff1f00"), [2 ** 53 - 1]);
  assert.deepEqual(read("<u4", "ffffffff 01000000"), [2 ** 32 - 1, 1]);
  assert.deepEqual(read("|b1", "00 01 02"), [0, 1, 1]);
  assert.throws(() => read("<i8", "0000000000002000"), /between -2\^53 and 2\^53/);
  assert.throws(() => read("<u8", "ffffffffffffffff"), /between -2\^53 and 2\^53/);
});

test("small 64-bit integers are int32, large ones float64", () => {
  const wide = (value: bigint): Uint8Array => new Uint8Array(BigInt64Array.of(value).buffer);
  assert.ok(decodeNpy(npy(header("<i8", "()"), wide(-5n)), "").data instanceof Int32Array);
  assert.ok(decodeNpy(npy(header("<i8", "()"), wide(-5000000000n)), "").data instanceof Float64Array);
});

test("headers of other writers: order, quotes, Python 2's integers", () => {
  const text = `{"shape": (2L, 1L), "fortran_order": False, "descr": "<i2"}`;
  assert.deepEqual(decodeNpy(npy(text, Uint8Array.of(1, 0, 2, 0)), ""), { shape: [2, 1], data: Int16Array.of(1, 2) });
});

test("hostile files are refused before anything is allocated", () => {
  const refused = (bytes: Uint8Array, message: RegExp): void => {
    assert.throws(() => decodeNpy(bytes, "x.npy"), { name: "UserError", code: "weights", message });
    assert.throws(() => decodeNpy(bytes, "x.npy"), /\(x\.npy\)$/);
  };
  const four = new Uint8Array(4);
  refused(npy(header("<f4", "(1000000000000,)"), four), /expected 4000000000000 bytes/);
  refused(npy(header("<f4", "(4294967296, 4294967296)"), four), /possible shape/);
  refused(npy(header("<f4", "(99999999999999999999,)"), four), /header/);
  refused(npy(header("<f4", "(-1,)"), four), /header/);
  refused(npy(header("<f4", `(${"1,".repeat(65)})`), four), /header/);
  refused(npy(header("<f4", "(1,)"), new Uint8Array(5)), /expected 4 bytes/);
  refused(npy(header("|O", "()"), four), /real numbers, got NumPy type "\|O"/);
  refused(npy(header("<c8", "(1,)"), four), /real numbers/);
  refused(npy(header("__proto__", "(1,)"), four), /real numbers/);
  refused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", four), /header/);
  refused(npy(header("<f4", "(1,)"), four, 4), /version 4/);
  refused(npy(" ".repeat(70000), four, 2), /header of 70000 bytes/);
  refused(Buffer.from("\x93NUMPY\x02\0\xff\xff\xff\xff", "latin1"), /header of 4294967295 bytes/);
  refused(Buffer.from("PK\x03\x04 and more"), /does not begin/);
});

test("damaged files are read or refused, nothing else", async () => {
  const good = encodeNpy({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  const counts = { read: 0, refused: 0 };
  for (const bad of damaged(good, 1500))
    counts[
      await readsOrRefuses(() => {
        const { shape, data } = decodeNpy(bad, "");
        assert.equal(data.length, sizeOf(shape));
      })
    ]++;
  assert.ok(counts.read > 0 && counts.refused > good.length, JSON.stringify(counts));
});
