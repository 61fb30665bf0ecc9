import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import type { TrainSeamConfig } from "../src/config/train-seam";
import { SeamNet } from "../src/seam/seam-net";
import { findMpi } from "../src/setup/mpi";
import { trainSeam } from "../src/steps/train-seam";
import { openWeights } from "../src/weights/checkpoint";
import { CLASSES } from "./tiny-dataset";
import { onOneThread, stopAfter, trainingFolder } from "./training-folder";

const { work, root, session, losses, parameter } = trainingFolder("train-seam");
const quick: Partial<TrainSeamConfig> = {
  voc12Root: root,
  trainList: "train.txt",
  weights: "none",
  width: 2,
  batchSize: 2,
  epochs: 3,
  cropSize: 32,
  longSide: [32, 40],
  numWorkers: 0,
};

/** Weight, bias, running mean and running variance of a normalisation. */
async function vectorsOf(name: string, layer: string): Promise<number[][]> {
  const vectors = await Promise.all(
    ["weight", "bias", "running_mean", "running_var"].map((part) => parameter(name, `${layer}.${part}`)),
  );
  return vectors.map((vector) => [...vector]);
}

test("trains from scratch to weights that infer-seam's network loads, and logs every step", async () => {
  const summary = await trainSeam.run({ ...quick, sessionName: session("a") });
  assert.deepEqual([summary.steps, summary.totalSteps, summary.interrupted, summary.failed.length], [6, 6, false, 0]);
  assert.deepEqual(losses("a")[0], ["step", "epoch", "learning_rate", "loss", "loss_cls", "loss_er", "loss_ecr"]);
  assert.equal(losses("a").length, 7);
  assert.ok(fs.readdirSync(`${session("a")}.tensorboard`).some((file) => file.startsWith("events.out")));
  for (const extension of ["pth", "safetensors"]) {
    const file = await openWeights(`${session("a")}.${extension}`);
    const net = await SeamNet.load(file).finally(() => file.close());
    assert.equal(net.classes, CLASSES.length);
    net.dispose();
  }
});

test("stopped in the middle and started again: the losses of an uninterrupted run", async () => {
  const stopped = await trainSeam.run({ ...quick, sessionName: session("b") }, stopAfter(3));
  assert.deepEqual([stopped.steps, stopped.interrupted, stopped.weights], [3, true, undefined]);
  const resumed = await trainSeam.run({ ...quick, sessionName: session("b") });
  assert.deepEqual([resumed.resumedFrom, resumed.steps], [3, 6]);
  assert.deepEqual(losses("b"), losses("a"));
  const bytes = (name: string): Buffer => fs.readFileSync(`${session(name)}.pth`);
  assert.ok(bytes("b").equals(bytes("a")));
});

test("on EfficientNet-Lite2: trains with SEAM's losses or the classifier's alone, and infer-seam's network opens it", async () => {
  const config = { ...quick, backbone: "efficientnet-lite2", width: 4, epochs: 1 } as const;
  for (const stage of ["seam", "classification"] as const) {
    const summary = await trainSeam.run({ ...config, stage, sessionName: session(stage) });
    assert.deepEqual([summary.steps, summary.failed.length], [2, 0]);
    assert.ok(Object.values(summary.losses).every(Number.isFinite));
  }
  const file = await openWeights(`${session("seam")}.safetensors`);
  const net = await SeamNet.load(file).finally(() => file.close());
  assert.deepEqual([net.kind, net.classes], ["efficientnet-lite2", CLASSES.length]);
  const maps = tf.tidy(() => net.refinedMaps(tf.ones([1, 44, 36, 3]), [1, 2]).shape);
  assert.deepEqual(maps, [1, 44, 36, 2]);
  net.dispose();
});

test("--norm batch: normalisations learn, and a run that was stopped ends with the bytes of one that was not", async () => {
  const config = { ...quick, stage: "classification", norm: "batch" } as const;
  await trainSeam.run({ ...config, sessionName: session("whole") });
  const [trained, frozen] = await Promise.all(["whole", "a"].map((name) => vectorsOf(name, "bn7")));
  assert.ok(
    trained.every((values) => new Set(values).size > 1),
    "weight, bias, mean and variance",
  );
  assert.ok(
    frozen.slice(0, 2).every((values) => new Set(values).size === 1),
    "as they were drawn: 1 and 0",
  );

  await trainSeam.run({ ...config, sessionName: session("parts") }, stopAfter(3));
  const resumed = await trainSeam.run({ ...config, sessionName: session("parts") });
  assert.deepEqual([resumed.resumedFrom, resumed.steps], [3, 6]);
  assert.deepEqual(losses("parts"), losses("whole"));
  const bytes = (name: string): Buffer => fs.readFileSync(`${session(name)}.pth`);
  assert.ok(bytes("parts").equals(bytes("whole")));
});

test("--norm batch in two and in three processes: the weights of one", { skip: findMpi() === undefined }, async () => {
  await onOneThread(async () => {
    const list = path.join(work, "two.txt");
    fs.writeFileSync(list, "img0\nimg1\n"); // one step: more would multiply the last bits
    const config = { ...quick, stage: "classification", norm: "batch", trainList: list, epochs: 1 } as const;
    await trainSeam.run({ ...config, sessionName: session("alone") });
    const alone = await Promise.all(["bn7", "b4.bn_branch2a"].map((layer) => vectorsOf("alone", layer)));
    for (const gpus of [2, 3]) {
      // of three processes one has no image of a batch of two
      const together = await trainSeam.run({ ...config, sessionName: session(`together${gpus}`), gpus });
      assert.deepEqual([together.processes, together.steps], [gpus, 1]);
      const shared = await Promise.all(["bn7", "b4.bn_branch2a"].map((layer) => vectorsOf(`together${gpus}`, layer)));
      for (const [i, value] of shared.flat(2).entries())
        assert.ok(Math.abs(value - alone.flat(2)[i]) < 1e-4, `${value}, not ${alone.flat(2)[i]}, in ${gpus}`);
    }
  });
});

test("images without tags are named and left out", async () => {
  const tags = path.join(work, "tags.json");
  fs.writeFileSync(tags, JSON.stringify({ img0: ["brick"], img1: ["leaf"], img2: ["stone"], img3: [] }));
  const summary = await trainSeam.run({ ...quick, sessionName: session("c"), tags, epochs: 1 });
  assert.deepEqual(
    summary.failed.map(({ image }) => image),
    ["img2", "img4"],
  );
  assert.match(summary.failed[0].reason, /"stone"/);
  assert.equal(summary.steps, 1);
});

test("options that make no sense are refused", async () => {
  const run = (config: Partial<TrainSeamConfig>) => trainSeam.run({ ...quick, sessionName: session("d"), ...config });
  await assert.rejects(run({ longSide: [64, 32] }), /expected --long-side MIN,MAX/);
  await assert.rejects(run({ longSide: [64] }), /expected --long-side MIN,MAX/);
  await assert.rejects(run({ norm: "batch" }), /--norm batch goes with --stage classification/);
  await assert.rejects(run({ norm: "batch", stage: "classification", batchSize: 1 }), /--batch-size of 2/);
  await assert.rejects(run({ weights: path.join(work, "no.pth"), width: undefined }), /no\.pth/);
});
