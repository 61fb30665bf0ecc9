import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { NdArray } from "../src/nd-array";
import { encodeNpy, encodeNpyHeader } from "../src/weights/npy";
import { encodeNpyDictionary, readNpyDictionary } from "../src/weights/npy-dictionary";
import { damaged, readsOrRefuses } from "./damage";

const fixtures = path.join(__dirname, "fixtures", "weights");
const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const pickled = (...parts: (Uint8Array | string)[]): Buffer =>
  Buffer.concat([encodeNpyHeader("|O", []), ...parts.map((part) => (typeof part === "string" ? latin1(part) : part))]);

test("dictionaries of NumPy 1 and 2 in all protocols, keys of Python and of NumPy", () => {
  for (const numpy of [1, 2])
    for (const protocol of [0, 2, 3, 5]) {
      const file = path.join(fixtures, `dictionary-numpy${numpy}-protocol${protocol}.npy`);
      assert.deepEqual(
        [...readNpyDictionary(fs.readFileSync(file), file)],
        [
          [3, { shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) }],
          [5, { shape: [2], data: Float64Array.of(1, -(2 ** 40)) }],
          [7, { shape: [2], data: Uint8Array.of(1, 0) }],
          [8, { shape: [0, 3], data: Float32Array.of() }],
          ["bär", { shape: [3], data: Float32Array.of(0, 0.5, 1) }],
          ["view", { shape: [2, 3], data: Int32Array.of(0, 4, 8, 2, 6, 10) }],
        ],
        file,
      );
    }
});

test("what is written is read again", () => {
  const dictionary = new Map<string | number, NdArray>([
    [0, { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
    [-7, { shape: [], data: Float64Array.of(Math.PI) }],
    ["a\nb ü", { shape: [0, 3], data: Uint8Array.of() }],
    ["i", { shape: [1], data: Int16Array.of(-5) }],
  ]);
  assert.deepEqual(readNpyDictionary(encodeNpyDictionary(dictionary), ""), dictionary);
  assert.deepEqual(readNpyDictionary(encodeNpyDictionary(new Map()), ""), new Map());
});

/** Checked with NumPy 1.26 and 2.4: both load it and give the dictionary back. */
test("the pickle that is written names NumPy's functions as both versions know them", () => {
  const bytes = Buffer.from(encodeNpyDictionary(new Map([[1, { shape: [1], data: Float32Array.of(1) }]])));
  assert.equal(bytes.subarray(0, 10).toString("hex"), "934e554d505901007600"); // \x93NUMPY, 1.0, 118 bytes
  assert.match(bytes.toString("latin1", 10), /^\{'descr': '\|O', 'fortran_order': False, 'shape': \(\), \}/);
  assert.equal(bytes.subarray(128, 130).toString("hex"), "8003");
  const names = [...bytes.toString("latin1").matchAll(/c([\w.]+)\n(\w+)\n/g)].map(
    ([, module, name]) => `${module}.${name}`,
  );
  assert.deepEqual([...new Set(names)].sort(), ["numpy.core.multiarray._reconstruct", "numpy.dtype", "numpy.ndarray"]);
});

test("only dictionaries of arrays", () => {
  const refused = (bytes: Uint8Array, message: RegExp): void => {
    assert.throws(() => readNpyDictionary(bytes, "x.npy"), { name: "UserError", code: "weights", message });
  };
  refused(encodeNpy({ shape: [1], data: Float32Array.of(1) }), /saved by np\.save, got an array of type <f4/);
  refused(pickled("cos\nsystem\n(X\x02\0\0\0lstR."), /"os\.system": refused/);
  refused(pickled("cbuiltins\neval\n."), /"builtins\.eval": refused/);
  refused(pickled("]."), /expected a dictionary, got a list/);
  refused(pickled("}(K\x01K\x02u."), /expected an array of numbers, got 2 \(key "1"/);
  refused(pickled("}(NK\x02u."), /as key, got null/);
  refused(pickled("}(cnumpy\nndarray\nK\x02u."), /as key, got function/);
  refused(pickled("}(K\x01cnumpy\nndarray\nu."), /an array of numbers, got function/);
  refused(pickled("}.", "more"), /nothing after the dictionary, got 4 bytes/);
  // An array whose bytes do not fit its shape, [1000000000]:
  const bytes = Buffer.from(encodeNpyDictionary(new Map([[1, { shape: [5], data: Float32Array.of(1, 2, 3, 4, 5) }]])));
  const at = bytes.indexOf("J\x05\0\0\0", 0, "latin1");
  bytes.writeInt32LE(1000000000, at + 1);
  refused(bytes, /expected the bytes of \[1000000000\] float32, got 20 bytes/);
});

test("arrays that share their content cost memory once, or are refused", () => {
  const one = encodeNpyDictionary(new Map([[1, { shape: [1000], data: new Float32Array(1000) }]]));
  const text = Buffer.from(one).toString("latin1");
  const array = text.slice(text.indexOf("J\x01\0\0\0c") + 5, -5);
  // The same object under many keys: one array.
  const keys = Array.from({ length: 200 }, (_, i) => `K${String.fromCharCode(i)}h\x01`).join("");
  const shared = readNpyDictionary(pickled("}(NN1", `(${array}q\x01`, "1", `(${keys}`, "u."), "");
  assert.equal(new Set([...shared.values()].map(({ data }) => data.buffer)).size, 1);
  // Other objects of the same content: each would be a copy.
  const content = array.indexOf("B\xa0\x0f\0\0");
  const head = array.slice(0, content);
  const bytes = array.slice(content, content + 5 + 4000);
  const copies = Array.from({ length: 200 }, (_, i) => `K${String.fromCharCode(i)}${head}h\x02tb`).join("");
  assert.throws(() => readNpyDictionary(pickled("}(", bytes, "q\x021", `(${copies}`, "u."), ""), {
    code: "weights",
    message: /larger than the file allows for/,
  });
});

test("damaged files are read or refused, nothing else", async () => {
  for (const name of ["dictionary-numpy1-protocol0", "dictionary-numpy1-protocol3", "dictionary-numpy2-protocol5"]) {
    const good = fs.readFileSync(path.join(fixtures, `${name}.npy`));
    let refused = 0;
    for (const bad of damaged(good, 1500))
      if ((await readsOrRefuses(() => readNpyDictionary(bad, ""))) === "refused") refused++;
    assert.ok(refused > good.length, name);
  }
});
