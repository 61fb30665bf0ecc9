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
import { clickMarks, objectMarks, strokeMarks } from "../src/instances/mark-sources";
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

test("a mixture of boxes, clicks and strokes: the box holds what is drawn in it, ids hold strokes, strokes hold clicks", () => {
  const size = { width: 40, height: 20 };
  const at = (x: number, y: number): number => y * size.width + x;
  const strokes = { ...size, data: new Uint8Array(800).fill(IGNORE) };
  const draw = (x: number, y: number, length: number, value: number): number[] => {
    strokes.data.fill(value, at(x, y), at(x + length, y));
    return Array.from({ length }, (_, i) => at(x + i, y));
  };
  const within = draw(3, 3, 6, 1);
  const half = draw(17, 9, 8, 1); // 4 of its 8 pixels are in the second box, 6 in the third
  const other = draw(3, 6, 5, 2); // within the first box, of another class
  const free = draw(28, 3, 8, 1);
  draw(2, 17, 30, 0);
  const boxes = [
    { class: 1, xmin: 1, ymin: 1, xmax: 12, ymax: 12 },
    { class: 1, xmin: 10, ymin: 6, xmax: 20, ymax: 15 },
    { class: 1, xmin: 0, ymin: 0, xmax: 22, ymax: 16 },
  ];
  const clicks = [
    { x: 31, y: 3, class: 1 }, // on the free stroke: its object
    { x: 36, y: 13, class: 2, id: "b" },
    { x: 30, y: 14, class: 2, id: "b" },
    { x: 6, y: 10, class: 1, id: "c" }, // in the first box
  ];
  const marks = objectMarks({ boxes, clicks, strokes }, size, IGNORE, "test");
  const disc = (x: number, y: number): number[] =>
    Array.from(clickMarks([{ x, y, class: 1 }], size, "")[0].pixels ?? []);
  const sorted = (pixels: Iterable<number> | undefined): number[] => [...new Set(pixels ?? [])].sort((a, b) => a - b);
  assert.deepEqual(
    marks.map((mark) => [mark.class, mark.box?.xmin, sorted(Array.from(mark.pixels ?? []))]),
    [
      [1, 1, sorted([...within, ...disc(6, 10)])],
      [1, 10, []],
      [1, 0, sorted(half)], // most of it is in this box, which counts for more than a smaller box around less
      [2, undefined, sorted([...disc(36, 13), ...disc(30, 14)])],
      [1, undefined, sorted([...free, ...disc(31, 3)])],
      [2, undefined, sorted(other)],
    ],
  );
  const tied = objectMarks({ boxes: [], clicks: [{ x: 20, y: 9, class: 1, id: 1 }], strokes }, size, IGNORE, "test");
  assert.deepEqual(sorted(Array.from(tied[0].pixels ?? [])), sorted([...half, ...disc(20, 9)]));
  assert.equal(tied.length, 4);
});

/** The masks that `run` writes of each image, by name: class and pixels of each object. */
async function objectsIn(
  folder: string,
  kinds: Record<string, readonly ("box" | "click" | "stroke")[]>,
): Promise<Record<string, [category: unknown, area: number, box: number[]][]>> {
  const data = path.join(work, folder);
  fs.cpSync(root, data, { recursive: true });
  fs.rmSync(path.join(data, "instances.json"), { force: true });
  const points = JSON.parse(fs.readFileSync(path.join(data, "points.json"), "utf8"));
  for (const [id, has] of Object.entries(kinds)) {
    if (!has.includes("box")) fs.rmSync(path.join(data, "Annotations", `${id}.xml`));
    if (!has.includes("stroke")) fs.rmSync(path.join(data, "Scribbles", `${id}.txt`));
    if (has.includes("click")) points[id].fg = points[id].fg.map((click: object) => ({ ...click, id: 7 }));
    else delete points[id];
  }
  fs.writeFileSync(path.join(data, "points.json"), JSON.stringify(points));
  const savePath = path.join(work, `${folder}-labels`);
  const summary = await makePseudoLabels.run({
    ...quick,
    ...{ voc12Root: data, supervision: "mixed", savePath, features: "handcrafted", denseCrf: false, epochs: 10 },
  });
  assert.deepEqual(summary.failed, []);
  const truth = await readCocoTruth(path.join(savePath, "instances", "instances.json"));
  return Object.fromEntries(
    Object.keys(kinds).map((id) => {
      const image = truth.images.find(({ fileName }) => fileName.startsWith(id));
      const own = truth.annotations.filter(({ imageId }) => imageId === image?.id);
      return [
        id,
        own.map(({ categoryId, segmentation, box }) => [
          categoryId,
          decodeMask(cocoMask(segmentation, SIZE, id)).reduce((a, b) => a + b, 0),
          [...(box ?? [])],
        ]),
      ];
    }),
  );
}

test("a folder of mixed labels: boxes here, clicks with ids there, strokes, and any two or three of them together", async () => {
  const mixtures = [
    [["box"], ["click"]],
    [["stroke"], ["box", "click"]],
    [
      ["box", "stroke"],
      ["click", "stroke"],
    ],
    [["box", "click", "stroke"], ["box"]],
  ] as const;
  for (const [i, [first, second]] of mixtures.entries()) {
    const found = await objectsIn(`mixture${i}`, { img0: first, img1: second });
    for (const [id, kinds] of [
      ["img0", first],
      ["img1", second],
    ] as const) {
      const index = Number(id.slice(3));
      assert.equal(found[id].length, 1, `${id} from ${kinds.join(" and ")}: one object, however often it is marked`);
      const [category, area, box] = found[id][0];
      assert.equal(category, 1 + index);
      assert.ok(area > 40 && area < 800, `${id} from ${kinds.join(" and ")}: ${area} pixels`);
      if ((kinds as readonly string[]).includes("box")) assert.deepEqual(box, [8 + 3 * index, 7, 20, 20]); // as drawn
    }
  }
});
