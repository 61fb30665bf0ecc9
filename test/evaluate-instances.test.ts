import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { encodeWhere, maskBox } from "../src/instances/rle";
import { cocoRle } from "../src/instances/write-coco";
import { evaluate } from "../src/steps/evaluate";
import { instancesCsv, instancesTable } from "../src/steps/outputs/instances-table";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-evaluate-instances-"));
after(() => fs.rmSync(root, { recursive: true }));
const goldens = path.join(__dirname, "coco-goldens");
const golden = (name: string): string => path.join(goldens, `${name}.json`);

function written(name: string, value: unknown): string {
  const file = path.join(root, `${name}.json`);
  fs.writeFileSync(file, JSON.stringify(value));
  return file;
}

const size = { width: 6, height: 4 };
const block = (left: number, right: number): object =>
  cocoRle(encodeWhere((pixel) => pixel % 6 >= left && pixel % 6 < right, size));
const truth = {
  images: [
    { id: 1, file_name: "sub/one.jpg", ...size },
    { id: 2, file_name: "two.jpg", ...size },
  ],
  categories: [
    { id: 5, name: "leaf" },
    { id: 6, name: "stone" },
  ],
  annotations: [
    { id: 1, image_id: 1, category_id: 5, iscrowd: 0, area: 8, bbox: [0, 0, 2, 4], segmentation: block(0, 2) },
    { id: 2, image_id: 1, category_id: 6, iscrowd: 0, area: 12, bbox: [3, 0, 3, 4], segmentation: block(3, 6) },
    { id: 3, image_id: 2, category_id: 5, iscrowd: 0, area: 8, bbox: [0, 0, 2, 4], segmentation: block(0, 2) },
  ],
};
const found = (image_id: unknown, category_id: unknown, score: unknown, more: object = {}): object => ({
  image_id,
  category_id,
  score,
  segmentation: block(0, 2),
  ...more,
});
/** The precision of one hit, as pycocotools divides: by the number of detections and the spacing of floats at 1. */
const CERTAIN = 1 / (1 + Number.EPSILON);
const gt = written("truth", truth);

test("figures, table, CSV and curves of one evaluation agree", async () => {
  const [csv, curves] = [path.join(root, "out", "figures.csv"), path.join(root, "out", "curves.png")];
  const summary = await evaluate.run({
    instances: true,
    pred: golden("crowded.results"),
    gt: golden("crowded.gt"),
    csv,
    curves,
  });
  const wanted = JSON.parse(fs.readFileSync(golden("crowded.figures"), "utf8")) as Record<string, { AP: number }>;
  assert.deepEqual([summary.AP, summary.bbox.AP], [wanted.segm.AP, wanted.bbox.AP]);
  assert.deepEqual([summary.images, summary.instances, summary.crowds, summary.detections], [12, 44, 4, 112]);
  const text = instancesTable(summary);
  assert.match(text, /stage "crowded\.results", split "all": 12 images, 44 instances and 4 crowds, 112 detections/);
  assert.match(text, /masks +31\.36 +46\.07 +34\.26/);
  const lines = fs.readFileSync(csv, "utf8").trimEnd().split("\n");
  assert.equal(fs.readFileSync(csv, "utf8"), instancesCsv(summary));
  assert.equal(lines.length, 1 + 5 + 5);
  assert.ok(lines[5].startsWith(`crowded.results,all,12,mask,all,44,112,${summary.AP},`));
  assert.equal(fs.readFileSync(curves).subarray(1, 4).toString(), "PNG");
  const first = summary.precision["0.50"].reduce((sum, value) => sum + value, 0) / 101;
  assert.ok(Math.abs(first - summary.AP50) < 1e-12);
});

test("a list chooses images; what has no detection counts as missed", async () => {
  const pred = written("one", [found(1, 5, 0.9), found(2, 6, 0.5)]);
  const list = path.join(root, "first.txt");
  fs.writeFileSync(list, "one\n");
  const all = await evaluate.run({ instances: true, pred, gt });
  assert.deepEqual(
    all.perClass.map(({ AR100, ABO }) => [AR100, ABO]),
    [
      [0.5, 0.5],
      [0, 0],
    ],
  );
  const first = await evaluate.run({ instances: true, pred, gt, list });
  assert.deepEqual([first.split, first.images, first.perClass[0].AP, first.perClass[1].AP], ["first", 1, CERTAIN, 0]);
  assert.match(first.notices.join("\n"), /1 results are of images that are not in the list/);
  fs.writeFileSync(list, "one\nthree\n");
  await assert.rejects(evaluate.run({ instances: true, pred, gt, list }), /1 of 2 images of the list.*"three"/);
});

test("boxes alone are compared as boxes, and the masks' figures are none", async () => {
  const boxes = written("boxes", [{ image_id: 1, category_id: 5, score: 0.9, bbox: [0, 0, 2, 4] }]);
  const summary = await evaluate.run({ instances: true, pred: boxes, gt });
  assert.deepEqual([summary.AP, summary.APr50, summary.perClass.length], [-1, -1, 0]);
  assert.equal(summary.bbox.perClass[0].AR100, 0.5);
  assert.match(summary.notices.join("\n"), /only boxes are compared: there is no "segmentation" in .*boxes\.json/);
  assert.doesNotMatch(instancesTable(summary), /masks/);
  const bare = written("bare-truth", {
    ...truth,
    annotations: truth.annotations.map(({ segmentation, ...rest }) => rest),
  });
  const masks = written("masks", [found(1, 5, 0.9)]);
  assert.equal((await evaluate.run({ instances: true, pred: masks, gt: bare })).bbox.perClass[0].AR100, 0.5);
});

test("polygons, plain and compressed run lengths, and a whole COCO file with other ids are the same detections", async () => {
  const forms = [block(0, 2), { size: [4, 6], counts: [0, 8, 16] }, [[0, 0, 2, 0, 2, 4, 0, 4]]];
  const outcomes = [];
  for (const [i, segmentation] of forms.entries()) {
    const pred = written(`form${i}`, [found(1, 5, 0.9, { segmentation }), found(2, 5, 0.8, { segmentation })]);
    outcomes.push((await evaluate.run({ instances: true, pred, gt })).AP);
  }
  const whole = written("whole", {
    images: [
      { id: "b", file_name: "two.png", ...size },
      { id: "a", file_name: "one.png", ...size },
    ],
    categories: [{ id: 1, name: "leaf" }],
    annotations: [found("a", 1, 0.9), found("b", 1, 0.8)],
  });
  outcomes.push((await evaluate.run({ instances: true, pred: whole, gt })).AP);
  assert.deepEqual(outcomes, [0.5, 0.5, 0.5, 0.5]); // one class of two
});

test("no detection at all is a figure of 0", async () => {
  const summary = await evaluate.run({ instances: true, pred: written("none", []), gt });
  assert.deepEqual([summary.AP, summary.AR100, summary.bbox.AP, summary.ABO], [0, 0, 0, 0]);
});

test("mistakes are named with their place", async () => {
  const failing = async (pred: unknown, message: RegExp, against: unknown = truth): Promise<void> => {
    const config = { instances: true, pred: written("bad", pred), gt: written("bad-truth", against) } as const;
    await assert.rejects(evaluate.run(config), { name: "UserError", message });
  };
  const good = [found(1, 5, 0.9)];
  await failing({}, /a list of results, or a COCO file.*bad\.json/);
  await failing([1], /objects in "results", got 1.*entry 1/);
  await failing([...good, found(9, 5, 0.9)], /an image of .*bad-truth\.json, got image_id 9.*result 2 in/);
  await failing([found(1, 1, 0.9)], /a category of .*, got category_id 1 .*result 1/);
  await failing([found(1, 5, undefined)], /a number as "score", got nothing.*result 1/);
  await failing([found(1, 5, "0.9")], /a number as "score", got "0\.9"/);
  await failing([{ image_id: 1, category_id: 5, score: 1 }], /a "segmentation" or a "bbox", got neither/);
  await failing([found(1, 5, 1, { bbox: [0, 0, -1, 2] })], /"bbox" as \[x, y, width, height\]/);
  await failing([found(1, 5, 1, { segmentation: { size: [4, 7], counts: [28] } })], /mask of 6×4 pixels.*result 1/);
  await failing(
    [...good, { image_id: 1, category_id: 5, score: 1, bbox: [0, 0, 1, 1] }],
    /"segmentation" in every result or in none, got 1 of 2 without.*result 2/,
  );
  const [image, other] = truth.images;
  const [first, second] = truth.annotations;
  await failing(good, /each image id once, got id 1 twice/, { ...truth, images: [image, { ...other, id: 1 }] });
  await failing(good, /each annotation id once, got id 1 twice/, {
    ...truth,
    annotations: [first, { ...second, id: 1 }],
  });
  await failing(good, /"image_id" among "images", got 7.*annotation 1/, {
    ...truth,
    annotations: [{ ...first, image_id: 7 }],
  });
  await failing(good, /"category_id" among "categories"/, { ...truth, annotations: [{ ...first, category_id: 7 }] });
  await failing(good, /"width" and "height"/, { ...truth, images: [{ ...image, width: 1e9, height: 1e9 }, other] });
  await failing(good, /"iscrowd" as 0 or 1, got 2/, { ...truth, annotations: [{ ...first, iscrowd: 2 }] });
  await failing(good, /"segmentation" in every annotation or in none, got 1 of 3 without, the first with id 1/, {
    ...truth,
    annotations: [{ ...first, segmentation: [] }, ...truth.annotations.slice(1)],
  });
});

test("unusable arguments", async () => {
  const pred = written("usable", [found(1, 5, 0.9)]);
  await assert.rejects(evaluate.run({ instances: true, pred }), { code: "usage", message: /--gt or --voc12-root/ });
  await assert.rejects(evaluate.run({ instances: true, pred, gt, confusion: "x" }), { code: "usage" });
  await assert.rejects(evaluate.run({ pred: root, gt: root, curves: "x.png" }), {
    code: "usage",
    message: /--instances/,
  });
  await assert.rejects(evaluate.run({ instances: true, pred, gt: path.join(root, "no.json") }), /no such file/);
});

test("one-pixel masks", async () => {
  const dot = encodeWhere((pixel) => pixel === 0, size);
  const segmentation = cocoRle(dot);
  const dots = written("dot-truth", {
    ...truth,
    annotations: [{ id: 1, image_id: 1, category_id: 5, bbox: maskBox(dot), segmentation }],
  });
  const summary = await evaluate.run({
    instances: true,
    pred: written("dots", [found(1, 5, 1, { segmentation })]),
    gt: dots,
  });
  assert.deepEqual([summary.AP, summary.APs, summary.APl], [CERTAIN, CERTAIN, -1]);
});
