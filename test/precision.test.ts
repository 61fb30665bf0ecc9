import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { affinityShapes } from "../src/affinity/affinity-net";
import { type BackendInUse, backendInUse, useBackend } from "../src/backend";
import type { TrainAffinityConfig } from "../src/config/train-affinity";
import { bfloat16Problem, inBfloat16 } from "../src/network/bfloat16";
import { type ConvolutionOptions, convolve } from "../src/network/convolution";
import { trainAffinity } from "../src/steps/train-affinity";
import { checkPrecision, multipliesBfloat16 } from "../src/training/precision";
import { formulaParameters } from "../src/weights/formula";
import { writeSafetensors } from "../src/weights/safetensors";
import { normalTensor } from "./numeric-gradient";
import { writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-precision-"));
let tensors = 0;

before(async () => {
  await useBackend();
  await writeTinyDataset(path.join(work, "data"), 5);
  tensors = tf.memory().numTensors;
});
after(() => {
  fs.rmSync(work, { recursive: true });
  assert.equal(tf.memory().numTensors, tensors, "tensors leak");
});

/** To the nearest number with 8 bits of mantissa, to the even one of two. */
function rounded(tensor: tf.Tensor): tf.Tensor {
  const bits = new Uint32Array(Float32Array.from(tensor.dataSync()).buffer);
  for (const [i, value] of bits.entries()) bits[i] = (value + 0x7fff + ((value >>> 16) & 1)) & 0xffff0000;
  return tf.tensor(new Float32Array(bits.buffer), tensor.shape);
}

/** Value, gradient of the input, gradient of the kernel. */
function convolved(tensors: readonly tf.Tensor[], options: ConvolutionOptions): tf.Tensor[] {
  const [x, kernel, dy] = tensors;
  const run = (input: tf.Tensor, weights: tf.Tensor): tf.Tensor =>
    convolve(input as tf.Tensor4D, weights as tf.Tensor4D, options);
  return [run(x, kernel), ...tf.grads(run)([x, kernel], dy)];
}

for (const [title, side, options] of [
  ["3×3", 3, {}],
  ["1×1, stride 2", 1, { stride: 2 }],
  ["3×3, stride 2", 3, { stride: 2 }],
  ["3×3, dilation 2", 3, { dilation: 2 }],
] as const)
  test(`${title}: products of rounded factors, sums in float32, one rounding at the end; float32 again afterwards`, async (t) => {
    if (bfloat16Problem() !== undefined) return t.skip(bfloat16Problem());
    const extent = "stride" in options ? 5 : 9;
    const inputs = [normalTensor([2, 9, 9, 32], 1), normalTensor([side, side, 32, 48], 2), normalTensor([2, extent, extent, 48], 3)]; // biome-ignore format: a row
    const exact = convolved(inputs, options);
    const mixed = await inBfloat16(async () => convolved(inputs, options));
    const afterwards = convolved(inputs, options);
    const factors = inputs.map(rounded);
    const wanted = convolved(factors, options);
    const results = ["value", "gradient of the input", "gradient of the kernel"];
    for (const [i, name] of results.entries()) {
      assert.deepEqual(afterwards[i].dataSync(), exact[i].dataSync(), name);
      const [got, want, before] = [mixed[i], wanted[i], exact[i]].map((tensor) => tensor.dataSync());
      const scale = Math.max(...want.map(Math.abs));
      for (const [at, value] of want.entries())
        assert.ok(Math.abs(got[at] - value) <= 2 ** -8 * Math.abs(value) + 1e-5 * scale, `${name}: ${got[at]}, not ${value}`); // biome-ignore format: a row
      assert.ok(
        got.some((value, at) => Math.abs(value - before[at]) > 1e-4 * scale),
        `${name} is not rounded`,
      );
    }
    tf.dispose([...inputs, ...exact, ...mixed, ...afterwards, ...factors, ...wanted]);
  });

test("a training in bfloat16 learns as one in float32, its weights float32; another precision is another run", async (t) => {
  if (bfloat16Problem() !== undefined) return t.skip(bfloat16Problem());
  const root = path.join(work, "data");
  const weights = path.join(work, "initial.safetensors");
  await writeSafetensors(weights, formulaParameters(affinityShapes(2), 3));
  const config: Partial<TrainAffinityConfig> = {
    ...{ voc12Root: root, trainList: "train.txt", labelDir: path.join(root, "SegmentationClass"), weights },
    ...{ radius: 2, batchSize: 2, epochs: 3, cropSize: 32, numWorkers: 0, sessionName: path.join(work, "exact") },
  };
  const exact = await trainAffinity.run(config);
  const mixed = await trainAffinity.run({ ...config, precision: "bfloat16", sessionName: path.join(work, "mixed") });
  assert.deepEqual([exact.precision, mixed.precision, mixed.steps], ["float32", "bfloat16", exact.steps]);
  for (const [name, loss] of Object.entries(exact.losses)) {
    assert.ok(Math.abs(mixed.losses[name] - loss) < 0.02 * Math.abs(loss), `${name}: ${mixed.losses[name]}, ${loss}`);
    assert.notEqual(mixed.losses[name], loss);
  }
  const other = trainAffinity.run({ ...config, sessionName: path.join(work, "mixed") });
  await assert.rejects(other, /another run: precision "bfloat16" \(now "float32"\)/);
});

test("a backend that rounds sums too is refused before anything is trained", () => {
  const words = ["train-affinity", "--precision", "bfloat16", "--voc12-root", path.join(work, "data")];
  const cli = path.join(__dirname, "../src/cli.ts");
  const labels = ["--label-dir", path.join(work, "data/SegmentationClass"), "--train-list", "train.txt"];
  const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", cli, ...words, ...labels], {
    encoding: "utf8",
    env: { ...process.env, TF_ENABLE_ONEDNN_OPTS: "0" },
  });
  assert.equal(status, 1, stderr);
  assert.match(stderr, /expected exact sums of bfloat16 products, got sums that are rounded too/);
});

test("a precision that the backend lacks is refused, one that is forced on it is told", async () => {
  const notices: string[] = [];
  const check = (asked: "float32" | "tf32" | "bfloat16", backend?: BackendInUse): string =>
    checkPrecision(asked, backend, (notice) => notices.push(notice));
  const native = backendInUse() as BackendInUse;
  const gpu: BackendInUse = { ...native, name: "gpu", usesGpu: true };
  assert.throws(() => check("tf32", native), /expected an NVIDIA GPU in use, got backend native/);
  assert.throws(() => check("tf32", gpu), /tf32: true/);
  assert.throws(() => check("bfloat16"), /expected a backend of TensorFlow, native or gpu, got backend cpu/);
  assert.equal(check("float32", gpu), "float32");
  assert.deepEqual(notices, []);
  assert.deepEqual([check("tf32", { ...gpu, tf32: true }), check("float32", { ...gpu, tf32: true })], ["tf32", "tf32"]);
  assert.match(notices.join(), /^this GPU may multiply in TF32/);
});

test("whether the processor multiplies bfloat16 is read off what Linux says of it", () => {
  assert.equal(multipliesBfloat16("model name\t: old\nflags\t\t: fpu avx2 avx512f"), false);
  assert.equal(multipliesBfloat16("flags\t\t: fpu avx512_bf16 clzero"), true);
  assert.equal(multipliesBfloat16("Features\t: fp asimd bf16"), true);
  assert.equal(multipliesBfloat16(""), true);
});
