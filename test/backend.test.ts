import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { backendInUse, useBackend } from "../src/backend";
import { findGpu } from "../src/setup/gpu";
import { nativeRecipe } from "../src/setup/native-recipe";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});

/** Runs a script that has `useBackend` and `backendInUse` in a process of its own: a backend is loaded once a process. */
function inProcess(script: string, env: NodeJS.ProcessEnv = {}) {
  const module = path.resolve(__dirname, "../src/backend");
  const whole = `const { useBackend, backendInUse, preferBackend } = require(${JSON.stringify(module)});
    const notices = []; const notice = (message) => notices.push(message);
    (async () => { ${script} })().catch((error) => { process.stdout.write(error.name + ": " + error.message); process.exitCode = 1; });`;
  return spawnSync(process.execPath, ["--import", "tsx", "-e", whole], {
    cwd: path.resolve(__dirname, ".."),
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
}

test("the native backend is the default, and computes products, gradients and top values", () => {
  const { name, why, tensorflow, usesGpu } = backendInUse() ?? assert.fail("no backend");
  assert.deepEqual([name, why, usesGpu], ["native", "the default", false]);
  assert.equal(tensorflow, nativeRecipe("cpu").tensorflowVersion);
  assert.equal(tf.getBackend(), "tensorflow");
  tf.tidy(() => {
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    assert.deepEqual([...tf.matMul(x, x).dataSync()], [7, 10, 15, 22]);
    assert.deepEqual(
      [
        ...tf
          .grad((y) => y.square().sum())(x)
          .dataSync(),
      ],
      [2, 4, 6, 8],
    );
    // These two call what Node 23 took out of `util`.
    assert.deepEqual([...tf.topk(tf.tensor1d([1, 3, 2]), 2).values.dataSync()], [3, 2]);
    assert.deepEqual([...tf.concat([x, x], 1).dataSync()], [1, 2, 1, 2, 3, 4, 3, 4]);
  });
});

test("tfjs-node registers with our TensorFlow.js: one engine, one set of tensors", () => {
  const held = tf.memory().numTensors;
  const one = tf.scalar(1);
  assert.equal(tf.memory().numTensors, held + 1);
  one.dispose();
});

test("plain JavaScript computes the same, and the native backend comes back", async () => {
  assert.equal(await useBackend("cpu"), "cpu");
  assert.equal(backendInUse()?.name, "cpu");
  tf.tidy(() => assert.deepEqual([...tf.matMul(tf.ones([1, 2]), tf.ones([2, 1])).dataSync()], [2]));
  assert.equal(await useBackend("native"), "tensorflow");
  assert.equal(backendInUse()?.why, "asked for");
});

test("unknown names, and threads after TensorFlow is loaded, are refused", async () => {
  await assert.rejects(useBackend("webgl"), /expected one of native, gpu, cpu, got "webgl"/);
  const threads = (backendInUse()?.threads ?? 0) + 1;
  await assert.rejects(useBackend("native", { threads }), /already/);
});

test("loading says nothing on standard error, and takes the number of threads", () => {
  const { stdout, stderr } = inProcess(`
    preferBackend("native", { threads: 1 });
    await useBackend();
    process.stdout.write([backendInUse().threads, process.env.TF_NUM_INTRAOP_THREADS].join());`);
  assert.equal(stdout, "1,1");
  assert.equal(stderr, "");
});

test("plain JavaScript needs no set-up and advises nothing", () => {
  const { stdout, stderr } = inProcess(
    `await useBackend("cpu"); const tf = require("@tensorflow/tfjs"); process.stdout.write("" + tf.scalar(2).square().dataSync()[0]);`,
    { A2GNN_CACHE: path.join(os.tmpdir(), "a2gnn-nothing-here") },
  );
  assert.equal(stdout, "4");
  assert.equal(stderr, "");
});

test("without a driver gpu says so, and the CPU is used instead", () => {
  const { stdout } = inProcess(
    `const name = await useBackend("gpu", { notice }); process.stdout.write([name, backendInUse().name, notices.join("; ")].join(" | "));`,
    { CUDA_VISIBLE_DEVICES: "" },
  );
  assert.equal(
    stdout,
    'tensorflow | native | --backend gpu: CUDA_VISIBLE_DEVICES="" hides all GPUs; the CPU is used instead',
  );
});

test("cards and driver are read off nvidia-smi", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-gpu-test-"));
  const line = "echo 'NVIDIA H100 80GB HBM3, 81559 MiB, 535.104.05'";
  fs.writeFileSync(path.join(folder, "nvidia-smi"), `#!/bin/sh\n${line}\n${line}\n`, { mode: 0o755 });
  const { gpu } = findGpu({ PATH: folder });
  fs.rmSync(folder, { recursive: true });
  assert.deepEqual(gpu, { cards: Array(2).fill("NVIDIA H100 80GB HBM3, 81559 MiB"), driver: "535.104.05" });
});

test("a missing or damaged native backend names the command that sets it up", () => {
  const cache = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-backend-test-"));
  const missing = inProcess("await useBackend();", { A2GNN_CACHE: cache });
  assert.equal(missing.status, 1);
  assert.match(missing.stdout, /^UserError: the native backend is not set up on this machine.*npx a2gnn setup \(/);
  fs.mkdirSync(nativeRecipe("cpu", { A2GNN_CACHE: cache }).folder, { recursive: true });
  const damaged = inProcess("await useBackend();", { A2GNN_CACHE: cache });
  fs.rmSync(cache, { recursive: true });
  assert.match(damaged.stdout, /is damaged \(stamp\.json is missing or unreadable\).*npx a2gnn setup/);
});

test("no tensor is left", () => assert.equal(tf.memory().numTensors, tensors));
