import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after, before } from "node:test";
import { readCheckpoint } from "../src/training/checkpoint";
import type { Optimizer } from "../src/training/task";
import { writeSafetensors } from "../src/weights/safetensors";

let root = "";
before(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "checkpoint-notes-"));
});
after(() => fs.rmSync(root, { recursive: true }));

const run = { lr: 1 };
const optimizer = { restore: () => undefined } as unknown as Optimizer;

async function stepsOf(notes: Record<string, string>, damage?: (bytes: Buffer) => Buffer): Promise<number> {
  const file = path.join(root, "run.checkpoint.safetensors");
  const state = new Map([["momentum/w", { shape: [2], data: Float32Array.of(1, 2) }]]);
  await writeSafetensors(file, state, { run: JSON.stringify(run), ...notes });
  if (damage !== undefined) fs.writeFileSync(file, damage(fs.readFileSync(file)));
  return readCheckpoint({ file, run }, [], optimizer, 90);
}

test("a checkpoint whose steps make no sense is refused with the way out", async () => {
  assert.equal(await stepsOf({ steps: "0" }), 0);
  assert.equal(await stepsOf({ steps: "90" }), 90);
  for (const steps of ["91", "1000000", "2147483648", "-1", "", " 5", "0x10", "1e1", "5.5", "NaN"])
    await assert.rejects(
      stepsOf({ steps }),
      /expected a number of steps from 0 to 90, got ".*" .*start over with --resume false$/,
      steps,
    );
  await assert.rejects(stepsOf({}), /got none .*--resume false$/);
});

test("a torn checkpoint, or one of another run, is refused with the way out", async () => {
  for (const share of [0, 0.1, 0.5, 0.99])
    await assert.rejects(
      stepsOf({ steps: "5" }, (bytes) => bytes.subarray(0, Math.floor(bytes.length * share))),
      /start over with --resume false$/,
      String(share),
    );
  await assert.rejects(stepsOf({ steps: "5", run: "[]" }), /lr absent \(now 1\).*--resume false$/);
  await assert.rejects(stepsOf({ steps: "5", run: "" }), /a checkpoint of a training run.*--resume false$/);
});
