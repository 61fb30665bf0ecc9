import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { report } from "../src/report/report";
import { makePseudoLabels } from "../src/steps/make-pseudo-labels";
import { readRuns, recordRun } from "../src/steps/outputs/run-record";
import { writeTinyDataset } from "./tiny-dataset";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-report-"));
const savePath = path.join(root, "labels");
const page = path.join(savePath, "report.html");
let tensors = 0;
before(async () => {
  await useBackend();
  await writeTinyDataset(root, 3);
  tensors = tf.memory().numTensors;
});
after(() => {
  fs.rmSync(root, { recursive: true });
  assert.equal(tf.memory().numTensors, tensors);
});

const summary = { step: "s", images: 1, done: 1, skipped: 0, failed: [], seconds: 1, notices: [] };

test("a run leaves a record of how it was made; a run with nothing to do leaves none", async () => {
  const config = {
    voc12Root: root,
    inferList: "train.txt",
    supervision: "scribble",
    epochs: 1,
    hidden: 8,
    seed: 7,
    savePath,
  } as const;
  await makePseudoLabels.run(config);
  await makePseudoLabels.run(config);
  const runs = await readRuns(savePath);
  assert.equal(runs.length, 1);
  const [{ step, settings, versions, done, weights }] = runs;
  assert.deepEqual([step, settings.seed, settings.epochs, done, weights], ["make-pseudo-labels", 7, 1, 3, undefined]);
  assert.ok(versions.TensorFlow !== undefined && versions["Node.js"] === process.versions.node);
});

test("entries of a record that are not in our form are passed over", async () => {
  const folder = path.join(root, "foreign");
  const [good] = await readRuns(savePath);
  const keys = ["step", "versions", "machine", "settings", "images", "done", "skipped", "failed", "seconds", "notices"];
  const values = [undefined, null, { toString: {} }, [[[1]]]];
  const bad = keys.flatMap((key) => values.map((value) => ({ ...good, [key]: value })));
  const entries = [null, 1, "x", [], ...bad, { ...good, weights: 1 }, good];
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, "run.json"), JSON.stringify(entries));
  assert.deepEqual(await readRuns(folder), [good]);
});

test("the page holds figures, record and pictures, and asks nothing of the network", async () => {
  const { mIoU, images } = await report.run({ pred: savePath, voc12Root: root, pictures: 1 });
  assert.equal(images, 3);
  assert.ok(mIoU !== null);
  const html = fs.readFileSync(page, "utf8");
  for (const part of [
    "Configuration, seed 7",
    "Best",
    "Around the median",
    "Worst",
    "brick",
    "<svg",
    "data:image/jpeg",
  ])
    assert.ok(html.includes(part), part);
  assert.equal(html.match(/<img /g)?.length, 9, "three pictures of three images");
  assert.doesNotMatch(html.replaceAll('xmlns="http://www.w3.org/2000/svg"', ""), /https?:|<script|<link/);
  assert.deepEqual(
    fs.readdirSync(savePath).filter((name) => name.endsWith(".txt")),
    [],
    "the list made for the comparison is gone",
  );
});

test("weights are known by their hash, shards by files of their own", async () => {
  const folder = path.join(root, "shards");
  const file = path.join(root, "weights.bin");
  fs.writeFileSync(file, "weights");
  await recordRun(folder, summary, { seed: 1 }, file, { index: 0, count: 2 });
  await recordRun(folder, summary, { seed: 1 }, file, { index: 1, count: 2 });
  assert.deepEqual(fs.readdirSync(folder).sort(), ["run-1-of-2.json", "run-2-of-2.json"]);
  const [first] = await readRuns(folder);
  const sha256 = createHash("sha256").update("weights").digest("hex");
  assert.deepEqual(first.weights, { file: "weights.bin", bytes: 7, sha256 });
  fs.writeFileSync(path.join(folder, "run.json"), "{ damaged");
  assert.equal((await readRuns(folder)).length, 2);
});

test("names and reasons of others' making stay text", async () => {
  await report.run({ pred: savePath, voc12Root: root, title: "<script>alert(1)</script>", list: "train.txt" });
  assert.ok(fs.readFileSync(page, "utf8").includes("&lt;script&gt;alert(1)&lt;/script&gt;"));
});

test("a folder without labels is refused", async () => {
  const empty = path.join(root, "empty");
  fs.mkdirSync(empty);
  await assert.rejects(report.run({ pred: empty, voc12Root: root }), /expected labels, NAME.png/);
});
