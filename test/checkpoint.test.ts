import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import type { NdArray } from "../src/nd-array";
import { checkParameters, loadParameters, openWeights } from "../src/weights/checkpoint";
import { formulaParameter, formulaRange, formulaTensor } from "../src/weights/formula";
import { writePth } from "../src/weights/pth-writer";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-checkpoint-"));
after(() => fs.rmSync(folder, { recursive: true }));

test("what is no weight file is called by its name", async () => {
  const refused = async (content: string, message: RegExp): Promise<void> => {
    const file = path.join(folder, "weights.pth");
    fs.writeFileSync(file, content, "latin1");
    await assert.rejects(openWeights(file), { name: "UserError", code: "weights", message });
  };
  await refused("", /an empty file \(.*weights\.pth\)/);
  await refused("<!DOCTYPE html><html>", /a web page/);
  await refused("version https://git-lfs.github.com/spec/v1\noid", /Git LFS/);
  await refused("\x89PNG\r\n\x1a\n", /something else, beginning with/);
  await assert.rejects(openWeights(path.join(folder, "none.pth")), { code: "weights", message: /no such file/ });
  await assert.rejects(openWeights(folder), { code: "weights" });
});

test("missing, extra and wrongly shaped parameters are listed by name, all of them", async () => {
  const file = path.join(folder, "a.pth");
  const one = (shape: number[]): NdArray => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
  const extra = Array.from({ length: 30 }, (_, i): [string, NdArray] => [`extra${i}`, one([1])]);
  await writePth(file, new Map([["a", one([2, 3])], ["b", one([4])], ["n.num_batches_tracked", one([])], ...extra]));
  const weights = await openWeights(file);
  const shapes = new Map([
    ["a", [3, 2]],
    ["b", [4]],
    ["c", [1]],
    ["m.num_batches_tracked", []],
  ]);
  assert.throws(
    () => checkParameters(weights, shapes),
    ({ message, code }) => {
      assert.equal(code, "weights");
      assert.match(
        message,
        /missing: c; not expected: extra0, .*extra29; of another shape: a \[2, 3\] instead of \[3, 2\]/,
      );
      assert.match(message, /\(.*a\.pth\)$/);
      return !/num_batches_tracked/.test(message);
    },
  );
  await assert.rejects(loadParameters(weights, shapes), /do not fit the network/);
  const rules = { optional: (name: string) => name === "c", ignored: (name: string) => name.startsWith("extra") };
  const loaded = await loadParameters(weights, new Map([...shapes, ["a", [2, 3]]]), rules);
  assert.deepEqual([...loaded.keys()], ["a", "b"]);
  await weights.close();
});

test("parameters come as float32, whatever the file holds", async () => {
  const file = path.join(folder, "b.pth");
  await writePth(file, new Map([["a", { shape: [2], data: Float64Array.of(0.1, 2) }]]));
  const weights = await openWeights(file);
  const loaded = await loadParameters(weights, new Map([["a", [2]]]));
  assert.deepEqual(loaded.get("a"), { shape: [2], data: Float32Array.of(0.1, 2) });
  await weights.close();
});

/** Values from golden/checkpoints and golden/manifest.json (case 26). */
test("weights by formula", () => {
  const first = (name: string, shape: number[], seed: number, count: number): number[] => [
    ...formulaParameter(name, shape, seed).data.subarray(0, count),
  ];
  const tiny = [0.2599582076072693, -0.10056310892105103, -0.3105544447898865, -0.09089084714651108];
  assert.deepEqual(first("conv1a.weight", [4, 3, 3, 3], 11, 4), tiny);
  assert.deepEqual(first("conv1a.weight", [64, 3, 3, 3], 31, 2), [-0.27432504296302795, -0.16938741505146027]);
  assert.deepEqual(first("bn7.num_batches_tracked", [], 11, 1), [0]);
  assert.deepEqual(formulaTensor("conv1a.weight", [1], 11, 0, 0), Float32Array.of(0));
  const bound = (name: string, shape: number[]): number => (formulaRange(name, shape)?.[1] ?? 0) / Math.sqrt(6);
  assert.equal(bound("b3.conv_branch2b1.weight", [8, 1, 1, 1]), 0.5);
  assert.equal(bound("b6.conv_branch2b1.weight", [8, 1, 1, 1]), 1);
  assert.equal(bound("b7.conv_branch2b2.weight", [8, 1, 1, 1]), 0.5);
  assert.equal(bound("b3.conv_branch1.weight", [8, 4, 1, 1]), 0.35);
  assert.equal(bound("f9.weight", [8, 1, 1, 1]), 1.5);
  assert.equal(bound("fc8.weight", [8, 1, 1, 1]), 2);
  assert.equal(bound("f8_3.weight", [8, 1, 1, 1]), 1);
  assert.deepEqual(formulaRange("b3.bn_branch2a.weight", [8]), [0.8, 1.2]);
  assert.deepEqual(formulaRange("bn7.running_var", [8]), [0.8, 1.2]);
  assert.deepEqual(formulaRange("bn7.bias", [8]), [-0.1, 0.1]);
});
