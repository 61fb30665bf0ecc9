import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import type { InferSeamConfig } from "../src/config/infer-seam";
import { readDataset } from "../src/data/dataset";
import { readLabel } from "../src/data/label-png";
import { readCams } from "../src/seam/cam-dictionary";
import { seamShapes } from "../src/seam/seam-net";
import { inferSeam } from "../src/steps/infer-seam";
import { formulaParameters } from "../src/weights/formula";
import { readNpyDictionary } from "../src/weights/npy-dictionary";
import { writeSafetensors } from "../src/weights/safetensors";
import { CLASSES, IGNORE, idOf, objectOf, SIZE, writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-infer-seam-"));
const root = path.join(work, "data");
const weights = path.join(work, "seam.safetensors");
const COUNT = 3;
let tensors = 0;

before(async () => {
  await useBackend();
  await writeTinyDataset(root, COUNT);
  await writeSafetensors(weights, formulaParameters(seamShapes(4, CLASSES.length), 3));
  tensors = tf.memory().numTensors;
});
after(() => {
  fs.rmSync(work, { recursive: true });
  assert.equal(tf.memory().numTensors, tensors, "tensors leak");
});

const quick = { voc12Root: root, inferList: "train.txt", weights, scales: [1], crfIterations: 2 } as const;
const folder = (name: string): string => path.join(work, name);
const filesOf = (name: string): string[] =>
  fs.readdirSync(folder(name)).filter((file) => /^img.*(npy|png)$/.test(file)).sort(); // biome-ignore format: one line
const bytesOf = (name: string): string[] =>
  filesOf(name).map((file) => fs.readFileSync(path.join(folder(name), file), "base64"));

test("maps, confident, full and plain labels, and CRF probabilities of every tagged image", async () => {
  const summary = await inferSeam.run({
    ...quick,
    outCam: folder("cam"),
    crf: folder("confident"),
    oriCrf: folder("full"),
    outCamPred: folder("pred"),
    outCrf: folder("crf"),
  });
  assert.deepEqual([summary.done, summary.skipped, summary.failed.length], [COUNT, 0, 0]);
  const dataset = await readDataset(root);
  for (let index = 0; index < COUNT; index++) {
    const cams = await readCams(path.join(folder("cam"), `${idOf(index)}.npy`), dataset, SIZE);
    const tag = objectOf(index).class;
    assert.deepEqual([...cams.maps.keys()], [tag]);
    // A class that no cell answers to has −1 all over.
    const highest = Math.max(...(cams.maps.get(tag) as Float32Array));
    assert.ok(highest === -1 || Math.abs(highest - 1) < 0.01, `${highest}`);
    const confident = await readLabel(path.join(folder("confident"), `${idOf(index)}.png`));
    const full = await readLabel(path.join(folder("full"), `${idOf(index)}.png`));
    assert.deepEqual([confident.width, confident.height], [SIZE.width, SIZE.height]);
    confident.data.forEach((label, i) => {
      assert.ok(label === IGNORE || label === full.data[i], "what is confident is in the full label");
    });
    const bytes = fs.readFileSync(path.join(folder("crf_24.0"), `${idOf(index)}.npy`));
    assert.deepEqual([...readNpyDictionary(bytes, "crf").keys()], [0, tag]);
  }
  assert.ok((summary.coverage.confident as number) < (summary.coverage.full as number));
  assert.equal(filesOf("crf_4.0").length, COUNT);
  assert.equal(filesOf("pred").length, COUNT);
});

test("--pcm false: the classifier's own maps, whatever PCM would make of them", async () => {
  const changed = formulaParameters(seamShapes(4, CLASSES.length), 3);
  for (const layer of ["f8_3", "f8_4", "f9"]) changed.get(`${layer}.weight`)?.data.fill(0);
  const without = path.join(work, "without-pcm.safetensors");
  await writeSafetensors(without, changed);
  for (const [name, file] of [
    ["with", weights],
    ["without", without],
  ] as const) {
    await inferSeam.run({ ...quick, weights: file, pcm: false, outCam: folder(`plain-${name}`) });
    await inferSeam.run({ ...quick, weights: file, outCam: folder(`refined-${name}`) });
  }
  const [plain, refined] = ["plain-with", "refined-with"].map((name) => bytesOf(name).join());
  assert.ok(bytesOf("plain-without").join() === plain);
  assert.ok(refined !== plain && bytesOf("refined-without").join() !== refined);
  const { notices } = await inferSeam.run({ ...quick, outCam: folder("plain-with") });
  assert.match(notices.join(), /made again, as settings or inputs have changed \(pcm/);
});

test("goes on where something is missing, and takes maps that are there; shards together make the same", async () => {
  await inferSeam.run({ ...quick, outCam: folder("cam-a"), crf: folder("label-a") });
  fs.rmSync(path.join(folder("label-a"), `${idOf(1)}.png`));
  const marked = path.join(folder("cam-a"), `${idOf(1)}.npy`);
  const before = fs.statSync(path.join(folder("cam-a"), `${idOf(0)}.npy`)).mtimeMs;
  assert.ok(fs.existsSync(marked));
  const again = await inferSeam.run({ ...quick, outCam: folder("cam-a"), crf: folder("label-a") });
  assert.deepEqual([again.done, again.skipped], [1, COUNT - 1]);
  assert.equal(fs.statSync(path.join(folder("cam-a"), `${idOf(0)}.npy`)).mtimeMs, before);

  for (const shard of ["1/2", "2/2"])
    await inferSeam.run({ ...quick, outCam: folder("cam-b"), crf: folder("label-b"), shard });
  assert.deepEqual(bytesOf("cam-b"), bytesOf("cam-a"));
  assert.deepEqual(bytesOf("label-b"), bytesOf("label-a"));
});

test("maps made elsewhere become labels without a network", async () => {
  const { voc12Root, inferList } = quick;
  const summary = await inferSeam.run({
    voc12Root,
    inferList,
    camDir: path.join(root, "cam"),
    camPower: 2,
    oriCrf: folder("other"),
  });
  assert.deepEqual([summary.done, summary.failed.length], [COUNT, 0]);
  assert.match(summary.notices.join(), /--cam-power is not used with --cam-dir/);
  const box = objectOf(0);
  const { data } = await readLabel(path.join(folder("other"), `${idOf(0)}.png`));
  const middle = Math.round((box.ymin + box.ymax) / 2) * SIZE.width + Math.round((box.xmin + box.xmax) / 2);
  assert.equal(data[middle], box.class);
  assert.equal(data[0], 0);
});

test("unusable images are named and counted, the rest continues", async () => {
  const broken = path.join(work, "broken");
  await writeTinyDataset(broken, COUNT);
  fs.writeFileSync(
    path.join(broken, "cls_labels.json"),
    JSON.stringify({ img0: ["brick"], img1: ["stone"], img2: [] }),
  );
  const notices: string[] = [];
  const reporter = { notice: (text: string) => notices.push(text), warn() {}, progress() {}, finish() {} };
  const summary = await inferSeam.run({ ...quick, voc12Root: broken, crf: folder("broken-label") }, { reporter });
  assert.deepEqual([summary.done, summary.failed.map(({ image }) => image)], [2, ["img1"]]);
  assert.match(summary.failed[0].reason, /"stone" \(image "img1"/);
  assert.ok(notices.some((text) => /image "img2" has no tags: background all over/.test(text)));
  const { data } = await readLabel(path.join(folder("broken-label"), "img2.png"));
  assert.ok(data.every((label) => label === 0));
});

test("a network of another class list, and contradictory options, are refused", async () => {
  const other = path.join(work, "other-classes");
  await writeTinyDataset(other, 1);
  fs.writeFileSync(path.join(other, "dataset.json"), JSON.stringify({ classes: [...CLASSES, "fourth"] }));
  const run = (config: Partial<InferSeamConfig>) => inferSeam.run({ ...quick, crf: folder("none"), ...config });
  await assert.rejects(run({ voc12Root: other }), /expected a classifier of 4 classes, background included, got 3/);
  await assert.rejects(run({ camDir: "cam" }), /give one of them/);
  await assert.rejects(run({ weights: undefined }), /--weights or --cam-dir is required/);
});
