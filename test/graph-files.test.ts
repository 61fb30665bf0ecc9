/** `--graph-dir`: features of any network, from files that others wrote. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { resolveConfig } from "../src/config/pseudo-label-presets";
import { openGraphFiles } from "../src/label-photograph/graph-files";
import { evaluate } from "../src/steps/evaluate";
import { makePseudoLabels } from "../src/steps/make-pseudo-labels";
import { encodeNpy } from "../src/weights/npy";
import { idOf, objectOf, SIZE, writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-graphs-"));
const root = path.join(work, "data");
let tensors = 0;
before(async () => {
  await useBackend();
  await writeTinyDataset(root, 2);
  tensors = tf.memory().numTensors;
});
after(() => {
  fs.rmSync(work, { recursive: true });
  assert.equal(tf.memory().numTensors, tensors, "tensors leak");
});

const STRIDE = 4;
const picture = { ...SIZE, data: new Uint8Array(0) };
const [H, W] = [Math.ceil(SIZE.height / STRIDE), Math.ceil(SIZE.width / STRIDE)];

/** Signed features that know where the object is, in cells of 4×4 pixels. */
function writeFeatures(folder: string, index: number): void {
  const { xmin, ymin, xmax, ymax } = objectOf(index);
  const data = Float32Array.from({ length: H * W * 3 }, (_, i) => {
    const [y, x] = [Math.floor(i / 3 / W) * STRIDE + 2, (Math.floor(i / 3) % W) * STRIDE + 2];
    const inside = x >= xmin && x <= xmax && y >= ymin && y <= ymax;
    return (inside ? 2 : -2) * (1 + (i % 3));
  });
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, `${idOf(index)}.npy`), encodeNpy({ shape: [H, W, 3], data }));
}

test("labels from another network's features, of another stride and with signs", async () => {
  const graphDir = path.join(work, "features");
  for (const index of [0, 1]) writeFeatures(graphDir, index);
  const data = { voc12Root: root, inferList: "train.txt", supervision: "scribble" } as const;
  const config = { ...data, hidden: 16, epochs: 20, graphDir, denseCrf: false, savePath: path.join(work, "labels") };
  const refused = await makePseudoLabels.run(config);
  assert.match(refused.failed[0].reason, /features of 0 and above, got -2 .*img0\.npy.*--graph-normalise/);
  const summary = await makePseudoLabels.run({ ...config, graphNormalise: "split" });
  assert.deepEqual([summary.done, summary.failed, summary.features], [2, [], "features"]);
  const { pixelAccuracy } = await evaluate.run({ pred: config.savePath, voc12Root: root, list: "train.txt" });
  assert.ok((pixelAccuracy ?? 0) > 0.9, `pixel accuracy ${pixelAccuracy}`);
});

test("affinities beside the features, which set the radius", async () => {
  const graphDir = path.join(work, "both");
  writeFeatures(graphDir, 0);
  const write = (shape: number[], value: number): void => {
    const data = new Float32Array(shape.reduce((a, b) => a * b)).fill(value);
    fs.writeFileSync(path.join(graphDir, `${idOf(0)}.affinity.npy`), encodeNpy({ shape, data }));
  };
  const source = openGraphFiles({ graphDir, radius: 3, graphNormalise: "relu" });
  write([H, W, 5, 5], 0.25);
  const graph = await source.buildGraph(picture, idOf(0));
  assert.deepEqual([graph.radius, graph.stride], [2, STRIDE]);
  assert.deepEqual([graph.affinity.values[0], graph.affinity.values[12]], [0.25, 1]);
  graph.dispose();
  for (const [shape, value, message] of [
    [[H, W, 5, 3], 0.5, /\[9, 11, d, d\] with an odd d, got \[9, 11, 5, 3\]/],
    [[H, W, 4, 4], 0.5, /odd d/],
    [[W, H, 5, 5], 0.5, /got \[11, 9, 5, 5\]/],
    [[H, W, 25], 0.5, /got \[9, 11, 25\]/],
    [[H, W, 5, 5], 7, /affinities from 0 to 1, got 7/],
  ] as const) {
    write([...shape], value);
    await assert.rejects(source.buildGraph(picture, idOf(0)), { name: "UserError", message });
  }
});

test("files that do not fit the photograph, or are no arrays, are named with what was expected", async () => {
  const graphDir = path.join(work, "hostile");
  fs.mkdirSync(graphDir);
  const file = path.join(graphDir, "a.npy");
  const read = (bytes: Uint8Array, size = SIZE, graphStride?: number): Promise<unknown> => {
    fs.writeFileSync(file, bytes);
    return openGraphFiles({ graphDir, radius: 2, ...(graphStride === undefined ? {} : { graphStride }) }).buildGraph(
      { ...size, data: new Uint8Array(0) },
      "a",
    );
  };
  const array = (...shape: number[]): Uint8Array =>
    encodeNpy({ shape, data: new Float32Array(shape.reduce((a, b) => a * b)).fill(1) });
  const refuse = async (promise: Promise<unknown>, message: RegExp): Promise<void> => {
    await assert.rejects(promise, { name: "UserError", code: "input", message });
  };
  await refuse(read(array(3, 7, 2)), /5×6 cells at 8 pixels a cell for a photograph of 44×36 pixels, got 3×7/);
  await refuse(read(array(9, 11, 2), SIZE, 8), /5×6 cells at 8 pixels a cell .*got 9×11/);
  await refuse(read(array(9, 11)), /\[height, width, channels\], got \[9, 11\]/);
  await refuse(read(array(2, 2, 1)), /cells of 22 to 35 pixels .*--graph-stride/);
  await refuse(read(array(9, 11, 2).subarray(0, 300)), /bytes for \[9, 11, 2\]/);
  await refuse(read(Buffer.from("{}")), /not a \.npy file/);
  await refuse(read(encodeNpy({ shape: [9, 11, 0], data: new Float32Array(0) })), /got \[9, 11, 0\]/);
  await refuse(read(array(9, 11, 2).fill(255, 128)), /finite features, got NaN/);
  await refuse(openGraphFiles({ graphDir, radius: 2 }).buildGraph(picture, "b"), /no such file.*b\.npy/);
});

test("--graph-dir means features from files; what does not go with it is said", () => {
  const { config } = resolveConfig({ voc12Root: root, supervision: "scribble", graphDir: "f", weights: "w.pth" });
  assert.equal(config.features, "files");
  const { notices } = resolveConfig({ voc12Root: root, supervision: "scribble", graphNormalise: "relu" });
  assert.match(notices.join("\n"), /--graph-normalise is not used with --features handcrafted/);
  const wrong = { voc12Root: root, supervision: "scribble" } as const;
  assert.throws(() => resolveConfig({ ...wrong, features: "files" }), /--features files needs --graph-dir/);
  assert.throws(() => resolveConfig({ ...wrong, graphDir: "f", graphSide: 100 }), /--graph-side/);
});
