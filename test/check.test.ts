import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import sharp from "sharp";
import { checkDataset } from "../src/data/dataset";
import { UserError } from "../src/errors";
import { costOf } from "../src/label-photograph/cost";
import { editDistance, nearWords } from "../src/near-text";
import { weakLabelPicture } from "../src/show/weak-label-picture";
import { COLUMNS } from "../src/shown-text";
import { check } from "../src/steps/check";
import { chooseForSheet } from "../src/steps/checking/contact-sheet";
import type { CheckSummary } from "../src/steps/checking/folder-facts";
import { CLASSES, IGNORE, SIZE, writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-check-"));
after(() => fs.rmSync(work, { recursive: true }));

async function folder(name: string, count = 2): Promise<string> {
  const root = path.join(work, name);
  await writeTinyDataset(root, count);
  return root;
}

const textOf = (summary: CheckSummary): string => check.describe?.(summary) ?? "";

test("a folder that is right: everything counted by format and class, nothing fails", async () => {
  const root = await folder("right", 3);
  const summary = await check.run({ voc12Root: root });
  assert.deepEqual([summary.images, summary.done, summary.failed], [3, 3, []]);
  const { kinds, smallest, largest, turned, megapixels } = summary.photographs;
  assert.deepEqual(kinds, { ".jpg": 2, ".png": 1 });
  assert.deepEqual([smallest, largest, turned], [SIZE, SIZE, {}]);
  assert.equal(megapixels, (3 * SIZE.width * SIZE.height) / 1e6);
  const formats = summary.formats.map(({ name, ...counts }) => [name.split(" (")[0], counts]);
  assert.deepEqual(formats, [
    ["VOC XML", { photographs: 3, boxes: 3, clicks: 0, strokes: 0 }],
    ["clicks", { photographs: 3, boxes: 0, clicks: 6, strokes: 0 }],
    ["scribbles", { photographs: 3, boxes: 0, clicks: 0, strokes: null }],
  ]);
  const counts = summary.classes.map(({ name, photographs, boxes, clicks, stroked }) => [name, photographs, boxes, clicks, stroked]); // biome-ignore format: one row
  assert.deepEqual(counts, [
    ["background", 3, 0, 3, 3],
    ["brick", 2, 2, 2, 2],
    ["leaf", 1, 1, 1, 1],
  ]);
  assert.equal(summary.trueLabels, 3);
  assert.deepEqual(summary.unlabelled, []);
  assert.deepEqual(summary.estimates.map(({ step }) => step), ["make-seeds", "make-pseudo-labels"]); // biome-ignore format: one row
  assert.match(textOf(summary), /Nothing would fail/);
});

test("names that are no class are counted, drawn, and answered with the nearest; every one of a photograph is found", async () => {
  const root = await folder("names");
  const xml = path.join(root, "Annotations", "img0.xml");
  const box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>";
  const more = `<object><name>Bricks</name>${box}</object><object><name>zebra</name>${box}</object></annotation>`;
  fs.writeFileSync(xml, fs.readFileSync(xml, "utf8").replace("</annotation>", more));
  fs.writeFileSync(path.join(root, "points.json"), JSON.stringify({ img1: { fg: [{ x: 3, y: 3, cls: "leav" }], bg: [] } })); // biome-ignore format: one row
  const summary = await check.run({ voc12Root: root });
  const unknown = summary.classes.filter(({ isKnown }) => !isKnown);
  assert.deepEqual(unknown.map(({ name, near, boxes, clicks }) => [name, near, boxes, clicks]), [["Bricks", ["brick"], 1, 0], ["leav", ["leaf"], 0, 1], ["zebra", [], 1, 0]]); // biome-ignore format: one row
  assert.deepEqual(summary.failed.map(({ image }) => image), ["img0", "img1"]); // biome-ignore format: one row
  assert.match(summary.failed[0].reason, /got "Bricks" .*did you mean brick\?.*got "zebra"/s);
  assert.match(textOf(summary), /Bricks – NO CLASS; brick\?/);
  assert.equal(summary.classes.find(({ name }) => name === "brick")?.boxes, 1, "the right one beside them counts");
});

test("what is left out and what would fail: torn, unlabelled, of another size, without a photograph, misspelt in a list", async () => {
  const root = await folder("wrong", 5);
  const place = (...names: string[]): string => path.join(root, ...names);
  fs.writeFileSync(place("JPEGImages", "img0.jpg"), fs.readFileSync(place("JPEGImages", "img0.jpg")).subarray(0, 400));
  for (const file of [place("Annotations", "img1.xml"), place("Scribbles", "img1.txt")]) fs.rmSync(file);
  const points = JSON.parse(fs.readFileSync(place("points.json"), "utf8"));
  delete points.img1;
  fs.writeFileSync(place("points.json"), JSON.stringify(points));
  const xml = fs.readFileSync(place("Annotations", "img2.xml"), "utf8");
  fs.writeFileSync(place("Annotations", "img2.xml"), xml.replace(/<annotation>/, "<annotation><size><width>99</width><height>9</height></size>")); // biome-ignore format: one row
  fs.writeFileSync(place("Annotations", "img33.xml"), xml);
  fs.writeFileSync(place("ImageSets", "Segmentation", "val.txt"), "img3\nimg44\n");
  fs.writeFileSync(place("JPEGImages", "raw.nef"), "");
  const mask = sharp({ create: { width: 3, height: 3, channels: 3, background: "#000" } }).png();
  fs.writeFileSync(place("SegmentationClass", "img4.png"), await mask.toBuffer());
  const summary = await check.run({ voc12Root: root });
  const reasons = new Map(summary.failed.map(({ image, reason }) => [image, reason]));
  assert.deepEqual([...reasons.keys()], ["img0", "img1", "img2", "img4"]);
  assert.match(reasons.get("img0") ?? "", /cannot decode image/);
  assert.match(reasons.get("img1") ?? "", /no weak label/);
  assert.match(reasons.get("img2") ?? "", /44×36 .*got 99×9.*img2\.xml/);
  assert.match(reasons.get("img4") ?? "", /palette or grey PNG .*img4\.png/);
  assert.deepEqual(summary.unlabelled, ["img1"]);
  const said = summary.leftOut.join("\n");
  assert.match(said, /1 file of VOC XML in Annotations without a photograph: img33\.xml \(img3\?\)/);
  assert.match(said, /val\.txt names 1 photograph not in the folder: img44 \(img4\?\)/);
  assert.match(said, /1 photograph left out as formats that cannot be read here.*raw\.nef/);
  assert.match(textOf(summary), /4 of 5 would fail/);
  const lines = textOf(summary).split("\n");
  assert.deepEqual(lines.filter((line) => [...line].length > COLUMNS && !line.includes(work)), []); // biome-ignore format: one row
});

test("the contact sheet: every photograph once, failures first, and only a contact sheet is replaced", async () => {
  const root = await folder("sheet", 3);
  fs.writeFileSync(path.join(root, "Annotations", "img1.xml"), "<annotation>");
  const file = path.join(work, "sheet.html");
  await check.run({ voc12Root: root, contactSheet: file });
  const html = fs.readFileSync(file, "utf8");
  const order = [...html.matchAll(/<b>(img\d)<\/b>/g)].map(([, id]) => id);
  assert.deepEqual(order, ["img1", "img0", "img2"]);
  assert.equal(html.match(/src="data:image\/webp;base64,/g)?.length, 3);
  assert.equal(html.match(/<figure class="fails">/g)?.length, 1);
  assert.doesNotMatch(html, /https?:\/\//);
  await check.run({ voc12Root: root, contactSheet: file });
  assert.equal(fs.readFileSync(file, "utf8").replace(/Read in .*/, ""), html.replace(/Read in .*/, ""), "same bytes");
  const png = path.join(work, "sheet.png");
  for (const _ of [1, 2]) await check.run({ voc12Root: root, contactSheet: png, sheetPhotographs: 2 });
  const { width = 0 } = await sharp(png).metadata();
  assert.ok(width > 2 * 88, String(width));
  const photograph = path.join(root, "JPEGImages", "img1.png");
  const before = fs.readFileSync(photograph);
  const refused = (error: unknown): boolean => error instanceof UserError && error.code === "output";
  await assert.rejects(check.run({ voc12Root: root, contactSheet: photograph }), refused);
  assert.deepEqual(fs.readFileSync(photograph), before);
  await assert.rejects(
    check.run({ voc12Root: root, contactSheet: path.join(work, "a.pdf") }),
    /NAME\.html or NAME\.png/,
  );
});

test("a frame is drawn where its box is, in its class's colour; clicks and strokes likewise", async () => {
  const dataset = checkDataset({ classes: [...CLASSES], palette: [[0, 0, 0], [250, 0, 0], [0, 0, 250]], ignore: IGNORE }, "test"); // biome-ignore format: one row
  const [width, height] = [200, 100];
  const strokes = new Uint8Array(width * height).fill(IGNORE);
  for (let x = 120; x < 180; x++) strokes[90 * width + x] = 2;
  const image = { width, height, data: new Uint8Array(width * height * 3).fill(128) };
  const labels = { boxes: [{ xmin: 20, ymin: 30, xmax: 99, ymax: 79, class: 1 }], points: [{ x: 150, y: 40, class: 2 }], strokes }; // biome-ignore format: one row
  const drawn = await weakLabelPicture(image, labels, dataset, 200);
  const at = (x: number, y: number): number[] => [...drawn.data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
  for (const [x, y] of [[60, 79], [20, 60], [99, 60]]) assert.deepEqual(at(x, y), [250, 0, 0], `${x}, ${y}`); // biome-ignore format: one row
  assert.deepEqual(at(60, 55), [128, 128, 128]);
  assert.deepEqual(at(150, 40), [0, 0, 250]);
  assert.deepEqual(at(150, 90), [0, 0, 250]);
  const half = await weakLabelPicture(image, labels, dataset, 100);
  assert.deepEqual([half.width, half.height], [100, 50]);
  assert.deepEqual([...half.data.subarray(3 * (45 * 100 + 75), 3 * (45 * 100 + 75) + 3)], [0, 0, 250], "a stroke of one pixel stays"); // biome-ignore format: one row
});

test("a choice of a large folder: failures, some of every class, then even distances", () => {
  const candidates = Array.from({ length: 100 }, (_, i) => ({
    id: `i${String(i).padStart(2, "0")}`,
    classes: i === 77 ? [2] : [1],
    fails: i === 50,
  }));
  const chosen = chooseForSheet(candidates, 10);
  assert.equal(chosen.length, 10);
  assert.equal(chosen[0], "i50");
  assert.ok(chosen.includes("i77"), "the only one of its class");
  assert.equal(new Set(chosen).size, 10);
  assert.deepEqual(chooseForSheet(candidates.slice(0, 3), 10), ["i00", "i01", "i02"]);
});

test("near words: few changes, parts, common beginnings; not anything", () => {
  assert.equal(editDistance("kitten", "sitting"), 3);
  const known = ["aeroplane", "motorbike", "tvmonitor", "pottedplant", "cow", "cat"];
  for (const [word, near] of [
    ["airplane", "aeroplane"],
    ["plane", "aeroplane"],
    ["motorcycle", "motorbike"],
    ["TV", "tvmonitor"],
    ["potted plant", "pottedplant"],
    ["cats", "cat"],
  ])
    assert.equal(nearWords(word, known)[0], near, word);
  for (const word of ["dog", "", "zebra", "x".repeat(5000)]) assert.deepEqual(nearWords(word, known), [], word);
});

test("estimates grow with pixels and classes, and beyond the work size by less", () => {
  const cost = (width: number, classes: number): number => costOf({ width, height: 1000 }, classes, "box").coreSeconds;
  assert.ok(cost(500, 2) < cost(1000, 2) && cost(500, 2) < cost(500, 5));
  assert.ok(cost(3000, 2) - cost(2000, 2) < cost(1000, 2) - cost(0, 2));
  const { bytes } = costOf({ width: 4000, height: 3000 }, 3, "box");
  assert.ok(bytes > 2e8 && bytes < 4e9, String(bytes));
});
