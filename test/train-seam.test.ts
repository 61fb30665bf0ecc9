import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { TrainSeamConfig } from "../src/config/train-seam";
import { SeamNet } from "../src/seam/seam-net";
import { trainSeam } from "../src/steps/train-seam";
import { openWeights } from "../src/weights/checkpoint";
import { CLASSES } from "./tiny-dataset";
import { stopAfter, trainingFolder } from "./training-folder";

const { work, root, session, losses } = trainingFolder("train-seam");
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
  await assert.rejects(run({ weights: path.join(work, "no.pth"), width: undefined }), /no\.pth/);
});
