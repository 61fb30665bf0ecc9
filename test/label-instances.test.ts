/** `make-pseudo-labels --instances` through the step: what is written, resumed, merged, and refused. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { useBackend } from "../src/backend";
import { readLabel } from "../src/data/label-png";
import { cocoMask } from "../src/instances/coco-segmentation";
import { type CocoTruth, readCocoTruth } from "../src/instances/coco-truth";
import { clickMarks, strokeMarks } from "../src/instances/mark-sources";
import { decodeMask } from "../src/instances/rle";
import { evaluate } from "../src/steps/evaluate";
import { makePseudoLabels } from "../src/steps/make-pseudo-labels";
import { CLASSES, IGNORE, SIZE, writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-label-instances-"));
const root = path.join(work, "data");

before(async () => {
  await useBackend();
  await writeTinyDataset(root, 2);
});
after(() => fs.rmSync(work, { recursive: true }));

const quick = { hidden: 8, epochs: 4, inferList: "train.txt", voc12Root: root, instances: true } as const;

/** Masks of an image's objects in COCO's file, row-major. */
function masksOf(truth: CocoTruth, name: string): Uint8Array[] {
  const image = truth.images.find(({ fileName }) => fileName.startsWith(name));
  assert.ok(image);
  return truth.annotations
    .filter(({ imageId }) => imageId === image.id)
    .map(({ segmentation }) => decodeMask(cocoMask(segmentation, image, "test")));
}

test("boxes: every format says the same, and the evaluation reads the file as it is", async () => {
  const savePath = path.join(work, "box");
  const summary = await makePseudoLabels.run({
    ...quick,
    supervision: "box",
    savePath,
    instanceFormats: ["voc", "coco", "labelme", "yolo"],
  });
  assert.deepEqual([summary.done, summary.instances?.instances, summary.instances?.worst.length], [2, 2, 2]);
  const folder = path.join(savePath, "instances");
  const file = path.join(folder, "instances.json");
  const truth = await readCocoTruth(file);
  assert.deepEqual(
    truth.categories.map(({ id, name }) => [id, name]),
    [
      [1, "brick"],
      [2, "leaf"],
    ],
  );
  assert.deepEqual([...(truth.annotations[0].box ?? [])], [8, 7, 20, 20]); // as drawn
  for (const [name, value] of [
    ["img0", 1],
    ["img1", 2],
  ] as const) {
    const objects = await readLabel(path.join(folder, "SegmentationObject", `${name}.png`));
    const label = await readLabel(path.join(savePath, `${name}.png`));
    const [mask] = masksOf(truth, name);
    assert.deepEqual(objects.data, mask);
    assert.deepEqual(
      mask,
      label.data.map((each) => Number(each === value)),
    );
    const labelme = JSON.parse(fs.readFileSync(path.join(folder, "labelme", `${name}.json`), "utf8"));
    assert.deepEqual([labelme.shapes[0].label, labelme.imageWidth], [CLASSES[value], SIZE.width]);
    const polygons = labelme.shapes.map(({ points }: { points: number[][] }) => points.flat());
    assert.deepEqual(decodeMask(cocoMask(polygons, SIZE, "labelme")), mask);
    const [first, ...shares] = fs
      .readFileSync(path.join(folder, "yolo", `${name}.txt`), "utf8")
      .trim()
      .split(/\s/);
    const outline = shares.map((share, i) => Number(share) * (i % 2 === 0 ? SIZE.width : SIZE.height));
    assert.equal(Number(first), value - 1);
    assert.deepEqual(decodeMask(cocoMask([outline], SIZE, "yolo")), mask);
  }
  const compared = await evaluate.run({ instances: true, pred: file, gt: file });
  assert.ok(compared.AP > 0.999 && compared.ABO === 1);
});

test("shards leave one file of all, polygons on request, and a second run makes nothing again", async () => {
  const savePath = path.join(work, "shards");
  const run = (shard: string): Promise<{ done: number; skipped: number; instances?: { instances: number } }> =>
    makePseudoLabels.run({ ...quick, supervision: "box", savePath, shard, instancePolygons: true });
  assert.equal((await run("1/2")).instances?.instances, 1);
  assert.equal((await run("2/2")).instances?.instances, 2);
  const file = path.join(savePath, "instances", "instances.json");
  const whole = fs.readFileSync(file, "utf8");
  assert.ok(Array.isArray(JSON.parse(whole).annotations[0].segmentation[0]));
  assert.deepEqual([(await run("1/2")).skipped, fs.readFileSync(file, "utf8")], [1, whole]);
  fs.rmSync(path.join(savePath, "instances", "coco", "img0.json"));
  assert.deepEqual([(await run("1/2")).done, fs.readFileSync(file, "utf8")], [1, whole]);
  fs.rmSync(path.join(savePath, "instances", "SegmentationObject", "img0.png"));
  assert.equal((await run("1/2")).done, 1);
  fs.writeFileSync(path.join(savePath, "instances", "coco", "img1.json"), '{"annotations": [7]}');
  await assert.rejects(run("1/2"), { code: "input", message: /as this step writes them.*img1\.json/ });
});

test("a click with an id, and a stroke, are objects", async () => {
  for (const supervision of ["point", "scribble"] as const) {
    const summary = await makePseudoLabels.run({ ...quick, supervision, savePath: path.join(work, supervision) });
    assert.deepEqual([summary.done, summary.instances?.instances, summary.failed.length], [2, 2, 0]);
  }
  await assert.rejects(
    makePseudoLabels.run({
      ...quick,
      supervision: "image",
      savePath: path.join(work, "image"),
      seedLabelRoot: path.join(root, "SeedLabel"),
      camDir: path.join(root, "cam"),
    }),
    { code: "usage", message: /needs boxes, clicks or strokes/ },
  );
});

test("clicks with one id are one object; ids that collide are named; strokes that touch are one", () => {
  const at = (x: number, y: number, id?: number, value = 1): { x: number; y: number; class: number; id?: number } =>
    id === undefined ? { x, y, class: value } : { x, y, class: value, id };
  const size = { width: 30, height: 10 };
  const clicks = [at(4, 4, 7), at(20, 4, 7), at(12, 4), at(26, 4), at(1, 1, undefined, 0)];
  const marks = clickMarks(clicks, size, "image");
  assert.deepEqual(
    marks.map(({ pixels }) => pixels?.length),
    [58, 29, 29],
  );
  assert.throws(() => clickMarks([at(4, 4, 7), at(9, 4, 7, 2)], size, 'image "a"'), /id 7 name different classes.*"a"/);
  const data = new Uint8Array(300).fill(IGNORE);
  for (const [from, to, value] of [
    [30, 40, 1],
    [70, 75, 1], // touches at a corner
    [100, 105, 2],
    [120, 130, 0],
    [210, 212, 1],
  ])
    data.fill(value, from, to);
  const strokes = strokeMarks({ ...size, data }, IGNORE);
  assert.deepEqual(
    strokes.map(({ class: value, pixels }) => [value, pixels?.length]),
    [
      [1, 15],
      [2, 5],
      [1, 2],
    ],
  );
});
