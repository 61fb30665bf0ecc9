import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { UserError } from "../src/errors";
import { silentReporter } from "../src/running/reporter";
import { requestsOf } from "../src/training/epoch-order";
import { lossShare } from "../src/training/gradients";
import { PolySgd } from "../src/training/poly-sgd";
import type { SampleLoader, TrainedVariable, TrainingTask } from "../src/training/task";
import { type TrainerOptions, train } from "../src/training/trainer";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-trainer-"));
let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => {
  fs.rmSync(work, { recursive: true });
  assert.equal(tf.memory().numTensors, tensors, "tensors leak");
});

interface Toy {
  readonly x: number;
  readonly weight: number;
}

const ids = Array.from({ length: 11 }, (_, i) => `s${i}`);

/** Weighted mean of (p·x − 1)² over the batch: counts matter, since weights differ. */
function toyTask(variable: tf.Variable): TrainingTask<Toy> {
  const variables: TrainedVariable[] = [{ name: "p", variable, rate: 1, decays: true }];
  return {
    variables,
    lossNames: ["loss", "twice"],
    countNames: ["weight"],
    count: (samples) => [samples.reduce((sum, { weight }) => sum + weight, 0)],
    compute: (samples, [total]) =>
      lossShare(variables, () => {
        const terms = samples.map(({ x, weight }) => variable.mul(x).sub(1).square().sum().mul(weight));
        const loss = tf.addN(terms).div<tf.Scalar>(total);
        return [loss, loss.mul<tf.Scalar>(2)];
      }),
    toStateDict: async () => new Map(),
  };
}

const loader: SampleLoader<Toy> = {
  parallel: 3,
  load: async ({ seed, id }) => {
    if (id === "s4") throw new UserError("input", "no such photograph");
    return { x: (seed % 1000) / 1000, weight: 1 + (seed % 7) };
  },
  close: async () => {},
};

async function run(name: string | undefined, options: Partial<TrainerOptions<Toy>> = {}, stopAfter = Infinity) {
  const start = tf.tensor1d([0.3, -0.2]);
  const variable = tf.variable(start);
  start.dispose();
  const task = toyTask(variable);
  const optimizer = new PolySgd(task.variables, { learningRate: 0.5, weightDecay: 1e-3, steps: 15, momentum: 0.9 });
  const controller = new AbortController();
  const losses: number[] = [];
  const warnings: string[] = [];
  const training = train(
    {
      task,
      optimizer,
      loader,
      schedule: { ids, batchSize: 4, epochs: 7, seed: 5 },
      ...(name === undefined
        ? {}
        : {
            checkpoint: { file: path.join(work, `${name}.checkpoint.safetensors`), run: { lr: 0.5 } },
            log: { csv: path.join(work, `${name}.csv`), tensorboard: path.join(work, name) },
          }),
      onStep: (step, { loss }) => {
        losses.push(loss);
        if (step === stopAfter) controller.abort();
      },
      ...options,
    },
    { reporter: { ...silentReporter, warn: (message) => warnings.push(message) }, signal: controller.signal },
  );
  try {
    const result = await training;
    return { result, losses, values: [...variable.dataSync()], warnings };
  } finally {
    optimizer.dispose();
    variable.dispose();
  }
}

test("trains over whole batches, names what cannot be used once, and logs every step", async () => {
  const { result, losses, warnings } = await run("a");
  assert.deepEqual([result.steps, result.totalSteps, result.interrupted], [14, 14, false]); // ⌊11 / 4⌋ · 7
  assert.equal(losses.length, 14);
  assert.ok(losses[13] < losses[0]);
  assert.deepEqual(warnings, ['image "s4": no such photograph']);
  assert.deepEqual(result.failed, [{ image: "s4", reason: "no such photograph" }]);
  const lines = fs.readFileSync(path.join(work, "a.csv"), "utf8").trim().split("\n");
  assert.equal(lines[0], "step,epoch,learning_rate,loss,twice,images_per_second");
  assert.equal(lines.length, 15);
  assert.ok(Math.abs(result.losses.twice - 2 * result.losses.loss) < 1e-6);
});

test("stopped anywhere and started again, it is the run that never stopped", async () => {
  const whole = await run(undefined);
  for (const stopAfter of [1, 2, 5]) {
    const name = `stop${stopAfter}`;
    const first = await run(name, {}, stopAfter);
    assert.deepEqual([first.result.steps, first.result.interrupted], [stopAfter, true]);
    const second = await run(name);
    assert.deepEqual([second.result.resumedFrom, second.result.interrupted], [stopAfter, false]);
    assert.deepEqual([...first.losses, ...second.losses], whole.losses);
    assert.deepEqual(second.values, whole.values);
    const lines = fs
      .readFileSync(path.join(work, `${name}.csv`), "utf8")
      .trim()
      .split("\n");
    assert.deepEqual(
      lines.slice(1).map((line) => Number(line.split(",")[3])),
      whole.losses,
    );
  }
});

test("a checkpoint of other options is refused, naming them", async () => {
  await run("other", {}, 3);
  const file = path.join(work, "other.checkpoint.safetensors");
  await assert.rejects(run("other", { checkpoint: { file, run: { lr: 0.1 } } }), /lr 0\.5 \(now 0\.1\)/);
  fs.writeFileSync(file, "not a checkpoint");
  await assert.rejects(run("other"), (error) => error instanceof UserError);
});

test("parts of a batch add up to the batch", async () => {
  const whole = await run(undefined);
  for (const microBatch of [1, 3]) {
    const parts = await run(undefined, { microBatch });
    for (const [i, loss] of whole.losses.entries()) assert.ok(Math.abs(loss - parts.losses[i]) < 1e-5);
  }
});

test("every sample falls to one process, and its seed depends on run, epoch and id alone", () => {
  const schedule = { ids, batchSize: 5, epochs: 2, seed: 1 };
  const whole = requestsOf(schedule, 3, { rank: 0, size: 1 });
  const split = [0, 1, 2].flatMap((rank) => requestsOf(schedule, 3, { rank, size: 3 }));
  assert.deepEqual(split, whole);
  assert.equal(new Set(whole.map(({ id }) => id)).size, 5);
  const epochs = [0, 1].map(
    (epoch) =>
      new Map(
        [0, 1]
          .flatMap((i) => requestsOf(schedule, 2 * epoch + i, { rank: 0, size: 1 }))
          .map(({ id, seed }) => [id, seed]),
      ),
  );
  for (const [id, seed] of epochs[0]) if (epochs[1].has(id)) assert.notEqual(epochs[1].get(id), seed);
});

test("fewer images than a batch, a loss that is no number, and no usable image are errors", async () => {
  await assert.rejects(
    run(undefined, { schedule: { ids: ids.slice(0, 3), batchSize: 4, epochs: 1, seed: 0 } }),
    /at least 4/,
  );
  const nothing = { ...loader, load: async () => Promise.reject(new UserError("input", "no such photograph")) };
  await assert.rejects(run(undefined, { loader: nothing }), /not one image.*no such photograph/);
  const wild = { ...loader, load: async () => ({ x: Number.NaN, weight: 1 }) };
  await assert.rejects(run(undefined, { loader: wild }), /loss became NaN at step 1/);
});

test("a full disk at the end of an epoch is a warning, and training continues", async () => {
  const folder = path.join(work, "gone");
  fs.writeFileSync(folder, ""); // a file where the folder should be
  const { result, warnings } = await run(undefined, {
    checkpoint: { file: path.join(folder, "c.safetensors"), run: {} },
  });
  assert.equal(result.steps, 14);
  assert.ok(warnings.some((warning) => /cannot write.*training continues/.test(warning)));
});

test("a disk that refuses the logs, from the start, ends no training: two warnings, the same losses", async () => {
  const folder = path.join(work, "full");
  fs.writeFileSync(folder, ""); // a file where the folder should be
  const whole = await run(undefined);
  const { result, losses, warnings } = await run(undefined, {
    log: { csv: path.join(folder, "a.csv"), tensorboard: path.join(folder, "events") },
  });
  assert.equal(result.steps, 14);
  assert.deepEqual(losses, whole.losses);
  const told = warnings.filter((warning) => /the log .* the training continues/.test(warning));
  assert.equal(told.length, 2);
});

test("stopped on a disk that refuses the checkpoint, the state is put elsewhere, and resumes from there", async () => {
  const folder = path.join(work, "refusing");
  const file = path.join(folder, "c.checkpoint.safetensors");
  fs.writeFileSync(folder, "");
  const whole = await run(undefined);
  let rescued = "";
  await assert.rejects(run(undefined, { checkpoint: { file, run: {} }, spare: work }, 3), (error: Error) => {
    rescued = /the state after step 3 is in (.+): once there is room, move it to /.exec(error.message)?.[1] ?? "";
    return rescued.startsWith(work) && error.message.includes(file);
  });
  fs.rmSync(folder);
  fs.mkdirSync(folder);
  fs.renameSync(rescued, file);
  const { result, values } = await run(undefined, { checkpoint: { file, run: {} } });
  assert.equal(result.resumedFrom, 3);
  assert.deepEqual(values, whole.values);
});
