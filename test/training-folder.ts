/** What the tests of the three training steps begin with: five tiny pictures, sessions to train in, a look at what they wrote. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { silentReporter } from "../src/running/reporter";
import type { StepContext } from "../src/running/step";
import { openWeights } from "../src/weights/checkpoint";
import { writeTinyDataset } from "./tiny-dataset";

export interface TrainingFolder {
  readonly work: string;
  /** Of the pictures, in VOC layout. */
  readonly root: string;
  session(name: string): string;
  /** A session's loss table without the column that the clock fills. */
  losses(name: string): string[][];
  /** One parameter of the weights that a session wrote. */
  parameter(name: string, key: string): Promise<Float32Array>;
}

/** Made before the file's tests and removed after them; no tensor may be left by then. */
export function trainingFolder(step: string, prepare?: () => Promise<void>): TrainingFolder {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), `a2gnn-${step}-`));
  const root = path.join(work, "data");
  let tensors = 0;
  before(async () => {
    await useBackend();
    await writeTinyDataset(root, 5);
    await prepare?.();
    tensors = tf.memory().numTensors;
  });
  after(() => {
    fs.rmSync(work, { recursive: true });
    assert.equal(tf.memory().numTensors, tensors, "tensors leak");
  });
  const session = (name: string): string => path.join(work, name);
  return {
    work,
    root,
    session,
    losses(name) {
      const table = fs.readFileSync(`${session(name)}.csv`, "utf8").trim();
      return table.split("\n").map((line) => line.split(",").slice(0, -1));
    },
    async parameter(name, key) {
      const file = await openWeights(`${session(name)}.safetensors`);
      const { data } = await file.read(key).finally(() => file.close());
      return data as Float32Array;
    },
  };
}

/** A run's context that stops it once so many steps are done. */
export function stopAfter(steps: number): StepContext {
  const controller = new AbortController();
  const progress = ({ done }: { done: number }): void => {
    if (done === steps) controller.abort();
  };
  return { reporter: { ...silentReporter, progress }, signal: controller.signal };
}

/** Runs `work` with one thread an operation, here and in the processes it starts. */
export async function onOneThread(work: () => Promise<void>): Promise<void> {
  const outer = process.env.TF_NUM_INTRAOP_THREADS;
  process.env.TF_NUM_INTRAOP_THREADS = "1";
  try {
    await work();
  } finally {
    if (outer === undefined) delete process.env.TF_NUM_INTRAOP_THREADS;
    else process.env.TF_NUM_INTRAOP_THREADS = outer;
  }
}
