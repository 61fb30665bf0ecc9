import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { crfAlone } from "../src/demo/crf-alone";
import { demo } from "../src/demo/demo";
import { maskRcnnTable } from "../src/demo/mask-rcnn-table";
import { figureCells, reportHtml } from "../src/demo/report";
import { segmentationTable } from "../src/demo/segmentation-table";
import { affinityPicture } from "../src/show/affinity-picture";
import { borderMap } from "../src/show/window-map";

let folder: string;
let tensors: number;

before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "a2gnn-demo-"));
});

after(async () => {
  await fs.rm(folder, { recursive: true, force: true });
  assert.equal(tf.memory().numTensors, tensors);
});

const row = {
  supervision: "box",
  coverage: 0.5,
  precision: 0.999,
  seedMiou: 0.4,
  crfMiou: 0.7,
  labelMiou: 0.65,
  labelAccuracy: 0.9,
  secondsPerImage: 1.25,
};

test("one image, one supervision: labels on disk, figures, a report that says what was used", async () => {
  const given = { images: 1, supervision: ["scribble"], out: path.join(folder, "out") };
  const summary = await demo.run(given);
  assert.deepEqual(summary.failed, []);
  assert.equal(summary.features, "trained");
  const [figures] = summary.rows;
  assert.equal(figures.supervision, "scribble");
  assert.ok(figures.precision > 0.98 && figures.coverage < 0.2);
  assert.ok(figures.seedMiou < figures.crfMiou && figures.crfMiou < figures.labelMiou, JSON.stringify(figures));
  const html = await fs.readFile(summary.report, "utf8");
  assert.match(html, /the network in affinity\.safetensors/);
  assert.match(html, /not photographs/);
  assert.equal(html.match(/<img /g)?.length, 6);
  assert.doesNotMatch(html, /(src|href)="(?!data:)/);
  assert.match(demo.describe?.(summary) ?? "", /scribble .*\n\nreport: /);

  const label = path.join(folder, "out", "scribble", "label", "mini_0001.png");
  const { mtimeMs } = await fs.stat(label);
  await demo.run(given);
  assert.equal((await fs.stat(label)).mtimeMs, mtimeMs, "a second run keeps what is there");
});

test("handcrafted features where asked for; the report says that no network was used", async () => {
  const given = { images: 1, supervision: ["point"], features: "handcrafted", out: path.join(folder, "handcrafted") };
  const summary = await demo.run(given);
  assert.equal(summary.features, "handcrafted");
  const html = await fs.readFile(summary.report, "utf8");
  assert.match(html, /No network and no trained weights were used/);
  assert.match(html, /walked along the affinities/);
});

test("figures as text; names are escaped in the report", () => {
  assert.deepEqual(figureCells(row), ["box", "50.0", "99.9", "40.0", "70.0", "65.0", "−5.0", "1.3"]);
  const html = reportHtml({
    title: "t",
    openly: ["a < b"],
    split: "train",
    images: 1,
    classes: [{ name: '<script>"', colour: [1, 2, 3] }],
    sections: [{ row, about: "", pictures: [], command: "x" }],
    further: [undefined, { title: "more", about: "b < c", head: ["on", "net"], rows: [["boxes", "12.5"]] }],
  });
  assert.match(html, /<h2>more<\/h2>.*b &lt; c[\s\S]*<th>boxes<\/th><td>12\.5<\/td>/);
  assert.ok(html.includes("a &lt; b") && html.includes("&lt;script&gt;&quot;") && !html.includes("<script>"));
});

test("the table of segmentation networks: a row a supervision, a column a network; none without the file", async () => {
  const data = path.join(folder, "with-results");
  assert.equal(await segmentationTable(data), undefined);
  await fs.mkdir(path.join(data, "results"), { recursive: true });
  const write = (value: unknown): Promise<void> =>
    fs.writeFile(path.join(data, "results", "segmentation.json"), JSON.stringify(value));
  const rows = [
    { supervision: "box", model: "a", labelMiou: 90.04, miou: 30 },
    { supervision: "box", model: "b", labelMiou: 90.04, miou: 20 },
    { supervision: "masks", model: "b", labelMiou: 100, miou: 40.26 },
    { supervision: "masks", model: "b", labelMiou: 100, miou: 39.74 },
  ];
  await write({ command: "x", rows });
  const table = await segmentationTable(data);
  assert.deepEqual(table?.head, ["trained on", "labels", "a", "b"]);
  assert.deepEqual(table?.rows, [
    ["box", "90.0", "30.0", "20.0 (50 %)"],
    ["masks", "100.0", "–", "40.0"],
  ]);
  await write({ command: "x", rows: [{ supervision: "box" }] });
  await assert.rejects(segmentationTable(data), /expected rows of supervision, .*segmentation\.json/);
});

test("the table of Mask R-CNNs: shares of what true masks give; none without the file", async () => {
  const data = path.join(folder, "with-objects");
  assert.equal(await maskRcnnTable(data), undefined);
  await fs.mkdir(path.join(data, "results"), { recursive: true });
  const write = (value: unknown): Promise<void> =>
    fs.writeFile(path.join(data, "results", "mask-rcnn.json"), JSON.stringify(value));
  const row = (supervision: string, labelAP: number, drawnAP: number): object => ({ supervision, labelAP, drawnAP, drawnAP50: 50, drawnAP75: 0, valAP50: 40 }); // biome-ignore format: one row
  await write({ command: "x", rows: [row("box", 61.26, 10), row("box", 61.26, 14), row("masks", 100, 20)] });
  assert.deepEqual((await maskRcnnTable(data))?.rows, [
    ["box", "61.3", "12.0 (60 %)", "50.0 (100 %)", "0.0", "40.0 (100 %)"],
    ["masks", "100.0", "20.0", "50.0", "0.0", "40.0"],
  ]);
  await write({ command: "x", rows: [{ supervision: "box" }] });
  await assert.rejects(maskRcnnTable(data), /expected rows of supervision, .*mask-rcnn\.json/);
});

test("the dense CRF alone spreads seeds to pixels of their colour", () => {
  const [width, height] = [16, 8];
  const left = (i: number): boolean => i % width < 6;
  const rgb = { width, height, data: Uint8Array.from({ length: 384 }, (_, i) => (left(Math.floor(i / 3)) ? 40 : 200)) };
  const data = new Uint8Array(width * height).fill(7);
  data[2] = 0;
  data[12] = 3;
  const options = { iterations: 5, gaussian: false, bilateral: { sxy: 50, srgb: 5, compat: 10 } } as const;
  const label = crfAlone(rgb, { width, height, data }, 7, options);
  assert.deepEqual(
    [...label.data],
    Array.from(data, (_, i) => (left(i) ? 0 : 3)),
  );
  const single = crfAlone(rgb, { width, height, data: data.map((v) => (v === 0 ? 7 : v)) }, 7, options);
  assert.ok(single.data.every((value) => value === 3));
});

test("affinity picture: neighbours inside the map only; one flat colour where all are alike", () => {
  // 1×2 cells, radius 1: only left and right neighbours exist
  const affinity = new Float32Array(18);
  affinity[5] = 0.25; // cell 0 to the right
  affinity[9 + 3] = 0.75; // cell 1 to the left
  assert.deepEqual([...borderMap({ height: 1, width: 2, radius: 1, values: affinity })], [0.25, 0.75]);
  const { picture } = affinityPicture(Float32Array.of(0.5, 0.5), { height: 1, width: 2 }, { height: 5, width: 11 });
  assert.deepEqual([picture.width, picture.height, new Set(picture.data).size], [11, 5, 3]);
});
