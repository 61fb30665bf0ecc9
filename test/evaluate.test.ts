import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { writeLabel } from "../src/data/label-png";
import { VOC } from "../src/data/voc";
import { evaluate } from "../src/steps/evaluate";
import { scoresCsv, scoresTable } from "../src/steps/outputs/evaluate-table";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-evaluate-"));
after(() => fs.rmSync(root, { recursive: true }));

const pred = path.join(root, "pred");
const gt = path.join(root, "SegmentationClass");
const label = (folder: string, id: string, width: number, ...data: number[]): Promise<void> =>
  writeLabel(
    path.join(folder, `${id}.png`),
    { width, height: data.length / width, data: Uint8Array.from(data) },
    VOC.palette,
  );

async function writeFolders(): Promise<void> {
  await label(gt, "a", 3, 0, 1, 1, 2, 2, 255);
  await label(pred, "a", 3, 0, 1, 0, 2, 255, 1);
  await label(gt, "b", 2, 0, 0);
  await label(pred, "b", 2, 0, 15);
  await label(gt, "wide", 3, 0, 0, 0);
  await label(pred, "wide", 2, 0, 0);
  await label(gt, "lost", 2, 0, 0);
  fs.mkdirSync(path.join(root, "ImageSets", "Segmentation"), { recursive: true });
  fs.writeFileSync(path.join(root, "ImageSets", "Segmentation", "val.txt"), "a\nb\n");
  fs.writeFileSync(path.join(root, "ImageSets", "Segmentation", "bad.txt"), "a\nwide\nb\nlost\n");
}
const ready = writeFolders();

test("figures of two images worked by hand, found through the list's name", async () => {
  await ready;
  const summary = await evaluate.run({ pred, gt, list: "val.txt", stage: "pseudo label" });
  assert.deepEqual(
    [summary.split, summary.stage, summary.images, summary.done, summary.failed.length],
    ["val", "pseudo label", 2, 2, 0],
  );
  // background: pixels 0 of a and b right; 2 of a a false alarm; second of b missed → 2 / 4
  const iou = Object.fromEntries(summary.perClass.map((score) => [score.class, score.iou]));
  assert.deepEqual([iou.background, iou.aeroplane, iou.bicycle, iou.person, iou.cat], [2 / 4, 1 / 2, 1 / 2, 0, null]);
  assert.equal(summary.mIoU, 1 / 2);
  assert.equal(summary.pixelAccuracy, 4 / 7);
  assert.deepEqual([summary.labelledPixels, summary.ignoredPixels, summary.unpredictedPixels], [7, 1, 1]);
  assert.equal(summary.confusion.length, 21);
  assert.equal(summary.confusion[0].length, 22);
  assert.deepEqual([summary.confusion[0][15], summary.confusion[2][21]], [1, 1]);
});

test("only named images count, and the table says so", async () => {
  await ready;
  const summary = await evaluate.run({ pred, gt, list: "val.txt", only: ["b"] });
  assert.deepEqual([summary.split, summary.images, summary.labelledPixels], ["val, 1 of 2", 1, 2]);
  await assert.rejects(
    evaluate.run({ pred, gt, list: "val.txt", only: ["c"] }),
    /no image "c" among the 2 of the list/,
  );
  const instances = evaluate.run({ pred, gt, instances: true, only: ["b"] });
  await assert.rejects(instances, /with --instances name the images in a --list/);
});

test("the table says stage, split, images, ignored pixels, and the confusion", async () => {
  await ready;
  const text = scoresTable(await evaluate.run({ pred, gt, list: "val.txt", stage: "pseudo label" }));
  assert.match(text, /stage "pseudo label", split "val": 2 of 2 images, 7 pixels compared, 1 ignored/);
  assert.match(text, /background +50\.00 % +3 +3\n/);
  assert.match(text, /person +0\.00 % \(not in the truth: outside the mean\) +0 +1\n/);
  assert.match(text, /mIoU 50\.00 % over 3 classes, pixel accuracy 57\.14 %/);
  assert.match(text, /1 pixels were predicted as unknown and count as misses/);
  assert.match(text, /% of truth → +background +aeroplane +bicycle +person +unknown\n/);
  assert.match(text, /bicycle +0\.0 +0\.0 +50\.0 +0\.0 +50\.0/);
});

test("CSV of the classes and of the confusion matrix", async () => {
  await ready;
  const csv = path.join(root, "out", "iou.csv");
  const confusion = path.join(root, "out", "confusion.csv");
  const summary = await evaluate.run({ pred, gt, list: "val.txt", stage: 'a "b", c', csv, confusion });
  const lines = fs.readFileSync(csv, "utf8").trimEnd().split("\n");
  assert.equal(lines.join("\n"), scoresCsv(summary).trimEnd());
  assert.equal(lines.length, 1 + 21 + 1);
  assert.equal(lines[1], '"a ""b"", c",val,2,background,0.5,true,3,3');
  assert.match(lines[8], /,cat,,false,0,0$|,car,,false,0,0$/);
  assert.match(lines[22], /,mIoU,0\.5,,7,6$/);
  assert.match(fs.readFileSync(confusion, "utf8").split("\n")[1], /^background,2,0,0,.*,1,0,0,0,0,0,0$/);
});

test("missing predictions and other sizes are named and counted, the rest is compared", async () => {
  await ready;
  const summary = await evaluate.run({ pred, voc12Root: root, list: "bad.txt" });
  assert.deepEqual([summary.images, summary.done], [4, 2]);
  assert.deepEqual(
    summary.failed.map(({ image }) => image),
    ["wide", "lost"],
  );
  assert.match(summary.failed[0].reason, /3×1 pixels.*got 2×1.*prediction.*wide\.png/);
  assert.match(summary.failed[1].reason, /no prediction: .*lost\.png is missing/);
  assert.equal(summary.mIoU, 1 / 2);
  assert.match(scoresTable(summary), /2 images are not in these figures:\n {2}wide: [\s\S]*\n {2}lost: /);
});

test("without a list: every true label; without a stage: the folder's name", async () => {
  await ready;
  const summary = await evaluate.run({ pred, gt });
  assert.deepEqual([summary.split, summary.stage, summary.images], ["all", "pred", 4]);
  assert.match(summary.notices.join("\n"), /all 4 labels/);
});

test("values that are no class are named; another class list makes them valid or not", async () => {
  await ready;
  const other = path.join(root, "other");
  await label(path.join(other, "SegmentationClass"), "a", 2, 0, 1);
  await label(path.join(other, "pred"), "a", 2, 0, 2);
  fs.writeFileSync(path.join(other, "dataset.json"), JSON.stringify({ classes: ["background", "leaf"], ignore: 9 }));
  const summary = await evaluate.run({ pred: path.join(other, "pred"), voc12Root: other });
  assert.match(summary.failed[0].reason, /label values 0 to 1 or 9, got 2/);
  assert.equal(summary.mIoU, null);
  assert.deepEqual(
    summary.perClass.map((score) => score.class),
    ["background", "leaf"],
  );
});

test("unusable arguments", async () => {
  await ready;
  await assert.rejects(evaluate.run({ pred }), { code: "usage", message: /--gt or --voc12-root/ });
  await assert.rejects(evaluate.run({ gt }), { code: "usage", message: /--pred is required/ });
  await assert.rejects(evaluate.run({ pred, gt: path.join(root, "nowhere") }), { code: "input" });
  await assert.rejects(evaluate.run({ pred, gt, list: "none.txt" }), /no image list "none\.txt"/);
  await assert.rejects(evaluate.run({ pred, gt: path.join(root, "out") }), /got none/);
});
