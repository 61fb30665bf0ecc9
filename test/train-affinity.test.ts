import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { AffinityNet, affinityShapes } from "../src/affinity/affinity-net";
import { featuresOfWeights } from "../src/affinity/open-affinity-net";
import { parseFlags } from "../src/config/option";
import {
  ignoredFlags,
  resolveConfig,
  type TrainAffinityConfig,
  trainAffinityOptions,
} from "../src/config/train-affinity";
import { openGraphSource } from "../src/label-photograph/graph-source";
import { seamShapes } from "../src/seam/seam-net";
import { setUpBackbone } from "../src/setup/backbone";
import { findMpi } from "../src/setup/mpi";
import { trainAffinity } from "../src/steps/train-affinity";
import { openWeights } from "../src/weights/checkpoint";
import { formulaParameters } from "../src/weights/formula";
import { writeSafetensors } from "../src/weights/safetensors";
import { writeTinyLabel } from "./tiny-dataset";
import { onOneThread, stopAfter, trainingFolder } from "./training-folder";

const { work, root, session, losses, parameter } = trainingFolder("train-affinity", () =>
  writeSafetensors(initial, formulaParameters(affinityShapes(2), 3)),
);
const initial = path.join(work, "initial.safetensors");
const quick: Partial<TrainAffinityConfig> = {
  voc12Root: root,
  trainList: "train.txt",
  labelDir: path.join(root, "SegmentationClass"),
  weights: initial,
  radius: 2,
  batchSize: 2,
  epochs: 3,
  cropSize: 32,
  numWorkers: 0,
};

test("the reference's command line works after the step's name, with its defaults", () => {
  const words =
    "--radius 3 --label_dir labels --weights w.pth --session_name res --voc12_root VOC --max_epoches 5 --wt_dec 1e-4 --num_workers 8 --network network.resnet38_aff_gated";
  const { given, notices } = parseFlags(words.split(" "), trainAffinityOptions, ignoredFlags);
  assert.equal(notices.length, 1);
  const config = resolveConfig(given);
  assert.deepEqual(
    [config.radius, config.epochs, config.weightDecay, config.numWorkers, config.sessionName],
    [3, 5, 1e-4, 8, "res"],
  );
  assert.deepEqual([config.batchSize, config.learningRate, config.cropSize, config.momentum], [4, 0.01, 448, 1e-4]); // momentum: its slip hands the weight decay over
  assert.equal(resolveConfig({ voc12Root: "VOC" }).momentum, 5e-4);
  assert.equal(resolveConfig({ voc12Root: "VOC", momentum: 0, weightDecay: 0.1 }).momentum, 0);
  const plain = resolveConfig({ voc12Root: "VOC", stage: "plain", learningRate: 0.02 });
  assert.deepEqual(
    [plain.batchSize, plain.epochs, plain.radius, plain.crfWeight, plain.learningRate],
    [8, 8, 5, 0, 0.02],
  );
  assert.throws(() => resolveConfig({ voc12Root: "VOC", cropSize: 100 }), /multiple of 8/);
});

test("trains, logs, and writes weights that the network loads; a second run has nothing to do", async () => {
  const summary = await trainAffinity.run({ ...quick, sessionName: session("a") });
  assert.deepEqual([summary.steps, summary.totalSteps, summary.failed.length], [6, 6, 0]);
  assert.deepEqual(losses("a")[0].slice(3), ["loss", "background", "foreground", "negative", "crf"]);
  assert.equal(losses("a").length, 7);
  for (const extension of ["pth", "safetensors"]) {
    const file = await openWeights(`${session("a")}.${extension}`);
    const net = await AffinityNet.load(file).finally(() => file.close());
    assert.deepEqual(net.store.parameters[0].shape, [2, 3, 3, 3]);
    net.dispose();
  }
  fs.writeFileSync(`${session("a")}.checkpoint.safetensors`, "of a run that was killed before it removed it");
  const again = await trainAffinity.run({ ...quick, sessionName: session("a") });
  assert.deepEqual([again.steps, again.skipped], [0, 5]);
  assert.ok(!fs.existsSync(`${session("a")}.checkpoint.safetensors`));
  await assert.rejects(
    trainAffinity.run({ ...quick, learningRate: 0.5, sessionName: session("a") }),
    /another run: learningRate/,
  );
});

test("stopped and started again, on threads or not, in parts or not: the same losses", async () => {
  const stopped = await trainAffinity.run({ ...quick, numWorkers: 2, sessionName: session("b") }, stopAfter(2));
  assert.deepEqual([stopped.steps, stopped.interrupted, stopped.weights], [2, true, undefined]);
  const resumed = await trainAffinity.run({ ...quick, sessionName: session("b") });
  assert.deepEqual([resumed.resumedFrom, resumed.steps], [2, 6]);
  assert.deepEqual(losses("b"), losses("a"));
  await trainAffinity.run({ ...quick, microBatch: 2, epochs: 1, sessionName: session("c") });
  const whole = Number(losses("c")[1][3]);
  assert.ok(Math.abs(whole - Number(losses("a")[1][3])) < 1e-4);
});

test("the plain stage goes without the CRF term, and from scratch without weights", async () => {
  const config = { ...quick, stage: "plain" as const, radius: 2, epochs: 2, weights: "none", width: 2 };
  const summary = await trainAffinity.run({ ...config, sessionName: session("plain") });
  assert.equal(summary.losses.crf, 0);
  assert.ok(summary.notices.some((notice) => notice.includes("from scratch")));
  await assert.rejects(trainAffinity.run({ ...quick, width: 4, sessionName: session("x") }), /--width goes with/);
});

test("a classification network's head is left out, new layers are drawn", async () => {
  const file = path.join(work, "seam.safetensors");
  await writeSafetensors(file, formulaParameters(seamShapes(2, 3), 4));
  const summary = await trainAffinity.run({ ...quick, weights: file, epochs: 1, sessionName: session("fromcls") });
  assert.ok(summary.notices.some((notice) => /classification network: its head is left out/.test(notice)));
  assert.ok(summary.notices.some((notice) => /initialised: f8_3, f8_4, f8_5, f9/.test(notice)));
});

test("on EfficientNet-Lite2: a head alone on ImageNet's backbone, or everything; the graph opens what the file says", async () => {
  await setUpBackbone();
  const config = { ...quick, weights: undefined, backbone: "efficientnet-lite2", learningRate: 0.01 } as const;
  await trainAffinity.run({ ...config, sessionName: session("lite") });
  const stopped = await trainAffinity.run({ ...config, sessionName: session("lite-b") }, stopAfter(2));
  assert.deepEqual([stopped.steps, stopped.interrupted], [2, true]);
  await trainAffinity.run({ ...config, sessionName: session("lite-b") });
  assert.deepEqual(losses("lite-b"), losses("lite"));
  const file = await openWeights(`${session("lite")}.safetensors`);
  assert.deepEqual([...file.names()].sort(), ["f8_3.weight", "f8_4.weight", "f8_5.weight", "f9.weight"]);
  await file.close();

  const scratch = { ...config, weights: "none", width: 4, epochs: 1, sessionName: session("narrow") };
  await trainAffinity.run(scratch);
  const image = { width: 44, height: 36, data: Uint8Array.from({ length: 44 * 36 * 3 }, (_, i) => (i * 7919) % 256) };
  for (const name of ["lite", "narrow"]) {
    const weights = `${session(name)}.safetensors`;
    assert.equal(await featuresOfWeights(weights), "learned");
    const source = await openGraphSource({ features: "learned", weights, radius: 2, graphStride: 8 });
    const graph = await source.buildGraph(image);
    assert.deepEqual([graph.height, graph.width, graph.features.shape[0]], [5, 6, 30]);
    graph.dispose();
    source.dispose();
  }
  assert.equal(await featuresOfWeights(initial), undefined);
  await assert.rejects(
    trainAffinity.run({ ...config, weights: initial, sessionName: session("x") }),
    /is of a network on resnet38, not on efficientnet-lite2/,
  );
  await assert.rejects(trainAffinity.run({ ...scratch, freezeBackbone: true }), /--freeze-backbone needs weights/);
});

test("labels missing, of another size or all unknown, and an image of a few pixels: named or used, nothing lost", async () => {
  const labels = path.join(work, "labels");
  fs.cpSync(path.join(root, "SegmentationClass"), labels, { recursive: true });
  fs.rmSync(path.join(labels, "img0.png"));
  fs.copyFileSync(path.join(labels, "img2.png"), path.join(labels, "tiny.png"));
  writeTinyLabel(path.join(labels, "img3.png"), new Uint8Array(44 * 36).fill(255));
  await sharp({ create: { width: 3, height: 2, channels: 3, background: "red" } })
    .png()
    .toFile(path.join(root, "JPEGImages", "tiny.png"));
  const list = path.join(work, "odd.txt");
  fs.writeFileSync(list, "img0\nimg1\nimg2\nimg3\ntiny\nabsent\n");
  const config = { ...quick, trainList: list, labelDir: labels, epochs: 2 };
  const summary = await trainAffinity.run({ ...config, sessionName: session("odd") });
  const reasons = new Map(summary.failed.map(({ image, reason }) => [image, reason]));
  assert.deepEqual([...reasons.keys()].sort(), ["absent", "img0", "tiny"]);
  assert.match(reasons.get("img0") ?? "", /no label/);
  assert.match(reasons.get("tiny") ?? "", /expected a label of 3×2 pixels, as its image has, got 44×36/);
  assert.equal(summary.steps, 4);
  assert.ok(Number.isFinite(summary.losses.loss));
});

test("in two processes of one thread: the weights of one process", { skip: findMpi() === undefined }, async () => {
  await onOneThread(async () => {
    const config = { ...quick, batchSize: 4, epochs: 2 };
    const alone = await trainAffinity.run({ ...config, sessionName: session("one") });
    const pair = await trainAffinity.run({ ...config, sessionName: session("two"), gpus: 2 });
    assert.deepEqual([alone.processes, pair.processes, pair.steps], [1, 2, 2]);
    const [one, two] = await Promise.all(["one", "two"].map((name) => parameter(name, "b6.conv_branch2b1.weight")));
    for (const [i, value] of one.entries()) assert.ok(Math.abs(value - two[i]) < 1e-6);
  });
});
