import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { resolveConfig, type TrainSegmenterConfig } from "../src/config/train-segmenter";
import { checkDataset } from "../src/data/dataset";
import type { RgbImage } from "../src/data/image";
import { decodeMask, rleFromString } from "../src/instances/rle";
import { inputExtent } from "../src/mask-rcnn/network-input";
import { tileStarts } from "../src/mask-rcnn/tiles";
import { variantOf } from "../src/mask-rcnn/variant";
import { bfloat16Problem } from "../src/network/bfloat16";
import { Random } from "../src/random";
import { findMpi } from "../src/setup/mpi";
import { segment } from "../src/steps/segment";
import { trainSegmenter } from "../src/steps/train-segmenter";
import { learningRateAt } from "../src/training/learning-rate";
import { instanceSample } from "../src/training/mask-rcnn/instance-sample";
import { readInstances, type TrueInstance } from "../src/training/mask-rcnn/instance-truth";
import { REGION_DRAW, sampleAnchors, sampleRegions } from "../src/training/mask-rcnn/region-samples";
import { CLASSES, map, objectOf, SIZE, writeTinyLabel } from "./tiny-dataset";
import { onOneThread, stopAfter, trainingFolder } from "./training-folder";

const { work, root, session, losses, parameter } = trainingFolder("train-mask-rcnn", async () => writeObjects());
const objects = path.join(work, "objects.json");
const objectDir = path.join(work, "objects");
const quick: Partial<TrainSegmenterConfig> = {
  model: "mask-rcnn-resnet18-fpn",
  weights: "none",
  width: 2,
  voc12Root: root,
  trainList: "train.txt",
  instances: objects,
  shortSide: [36],
  longSide: 64,
  batchSize: 2,
  epochs: 2,
  numWorkers: 0,
  schedule: "step",
  warmUp: 2,
};

/** COCO's JSON and object numbers of four of the five pictures: the fifth has no object. */
function writeObjects(): void {
  fs.mkdirSync(objectDir);
  const images = [0, 1, 2, 3, 4].map((i) => ({ id: i + 1, file_name: `img${i}.jpg`, ...SIZE }));
  const annotations = [0, 1, 2, 3].map((i) => {
    const { xmin: x, ymin: y, xmax, ymax, class: label } = objectOf(i);
    const [right, bottom] = [xmax + 1, ymax + 1];
    const polygon = [x, y, right, y, right, bottom, x, bottom];
    return {
      id: i + 1,
      image_id: i + 1,
      category_id: 10 * label,
      bbox: [x, y, right - x, bottom - y],
      segmentation: [polygon],
    };
  });
  const categories = CLASSES.slice(1).map((name, i) => ({ id: 10 * (i + 1), name }));
  fs.writeFileSync(objects, JSON.stringify({ images, annotations, categories }));
  for (const i of [0, 1, 2, 3, 4]) {
    const box = objectOf(i);
    const inside = (x: number, y: number): boolean => x >= box.xmin && x <= box.xmax && y >= box.ymin && y <= box.ymax;
    const numbers = map((x, y) => (i < 4 && inside(x, y) ? 7 : 0));
    writeTinyLabel(path.join(objectDir, `img${i}.png`), numbers);
  }
}

test("trains on COCO's JSON, logs five losses, and segment --instances finds objects with what it writes", async () => {
  const summary = await trainSegmenter.run({ ...quick, sessionName: session("a") });
  assert.deepEqual([summary.steps, summary.failed.length], [4, 0]);
  assert.ok(summary.notices.some((notice) => /^images without an object, left out.*: 1$/.test(notice)));
  assert.deepEqual(losses("a")[0].slice(3), ["loss", "loss_objectness", "loss_rpn_box", "loss_class", "loss_box", "loss_mask"]); // biome-ignore format: one row
  assert.ok(Object.values(summary.losses).every((loss) => Number.isFinite(loss) && loss > 0));
  const savePath = session("a-objects");
  const options = { voc12Root: root, inferList: "train.txt", instances: true, savePath, shortSide: 36, longSide: 64, leastScore: 0 }; // biome-ignore format: one row
  const found = await segment.run({
    ...options,
    weights: `${session("a")}.pth`,
    overlay: session("a-pictures"),
    truth: objects,
  });
  assert.deepEqual([found.done, found.model], [5, "mask-rcnn-resnet18-fpn"]);
  const results = JSON.parse(fs.readFileSync(path.join(savePath, "results.json"), "utf8"));
  assert.ok(results.length > 0 && results.length <= 500);
  for (const { image_id, category_id, score, bbox, segmentation } of results) {
    assert.ok(image_id >= 1 && image_id <= 5 && [10, 20].includes(category_id) && score >= 0 && score <= 1);
    assert.equal(bbox.length, 4);
    assert.equal(decodeMask(rleFromString(segmentation.counts, SIZE, "result")).length, SIZE.width * SIZE.height);
  }
  const whole = JSON.parse(fs.readFileSync(path.join(savePath, "instances.json"), "utf8"));
  assert.deepEqual([whole.images.length, whole.annotations.length], [5, results.length]);
  assert.ok(fs.existsSync(path.join(session("a-pictures"), "img3.png")));
  const again = await segment.run({ ...options, weights: `${session("a")}.pth`, overlay: session("a-pictures") });
  assert.deepEqual([again.done, again.skipped], [0, 5]);
});

test("stopped and resumed, on a thread, and from object numbers: the same losses and weights", async () => {
  const stopped = await trainSegmenter.run({ ...quick, numWorkers: 1, sessionName: session("b") }, stopAfter(2));
  assert.deepEqual([stopped.steps, stopped.interrupted], [2, true]);
  const resumed = await trainSegmenter.run({ ...quick, sessionName: session("b") });
  assert.deepEqual([resumed.resumedFrom, resumed.steps], [2, 4]);
  assert.deepEqual(losses("b"), losses("a"));
  const name = "roi_heads.mask_head.predictor.weight";
  assert.deepEqual(await parameter("b", name), await parameter("a", name));
  const labelDir = path.join(root, "SegmentationClass");
  await trainSegmenter.run({ ...quick, instances: undefined, objectDir, labelDir, sessionName: session("c") });
  assert.deepEqual(losses("c"), losses("a"));
});

test("images computed one at a time have the losses and weights of a batch at once", async () => {
  await trainSegmenter.run({ ...quick, microBatch: 1, sessionName: session("parts") });
  await trainSegmenter.run({ ...quick, microBatch: 2, sessionName: session("whole") });
  assert.deepEqual(losses("parts"), losses("a"));
  for (const [row, line] of losses("whole").slice(1).entries())
    for (const [column, value] of line.slice(3).entries()) {
      const other = Number(losses("parts")[row + 1][column + 3]);
      assert.ok(Math.abs(Number(value) - other) < 1e-5 * Math.max(1, other), `${value}, not ${other}`);
    }
});

test("a training in bfloat16 has nearly the losses of one in float32; a processor without it is told at once", async () => {
  const problem = bfloat16Problem();
  const training = trainSegmenter.run({ ...quick, precision: "bfloat16", sessionName: session("mixed") });
  if (problem !== undefined) {
    const message = `expected exact sums of bfloat16 products, got ${problem} (--precision bfloat16)`;
    await assert.rejects(training, { code: "environment", message });
    assert.deepEqual(
      fs.readdirSync(path.dirname(session("mixed"))).filter((name) => name.startsWith("mixed")),
      [],
    );
    return;
  }
  const mixed = await training;
  assert.deepEqual([mixed.precision, mixed.steps], ["bfloat16", 4]);
  const [exact, rounded] = ["a", "mixed"].map((name) => losses(name)[1].slice(3).map(Number));
  for (const [i, loss] of exact.entries())
    assert.ok(Math.abs(rounded[i] - loss) < 0.05 * Math.max(0.2, loss), `${rounded[i]}, not ${loss}`);
  assert.notDeepEqual(rounded, exact);
});

test("two processes have the losses of one", { skip: findMpi() === undefined }, async () => {
  await onOneThread(async () => {
    await trainSegmenter.run({ ...quick, epochs: 1, sessionName: session("one") });
    await trainSegmenter.run({ ...quick, epochs: 1, gpus: 2, sessionName: session("two") });
  });
  for (const [row, one] of losses("one").slice(1).entries())
    for (const [column, value] of one.slice(3).entries()) {
      const other = Number(losses("two")[row + 1][column + 3]);
      assert.ok(Math.abs(Number(value) - other) < 1e-4 * Math.max(1, other), `${value}, not ${other}`);
    }
});

test("images without objects are negatives on request; what cannot be used is named", async () => {
  const negatives = await trainSegmenter.run({
    ...quick,
    emptyImages: "negatives",
    epochs: 1,
    batchSize: 5,
    sessionName: session("neg"),
  });
  assert.equal(negatives.images, 5);
  assert.ok(negatives.notices.some((notice) => notice.includes("learned from as background")));

  const broken = JSON.parse(fs.readFileSync(objects, "utf8"));
  broken.images[0].width = 99;
  broken.annotations[1].bbox = [5, 5, 0, 3];
  broken.annotations[2].segmentation = [];
  const file = path.join(work, "broken.json");
  fs.writeFileSync(file, JSON.stringify(broken));
  const summary = await trainSegmenter.run({
    ...quick,
    instances: file,
    epochs: 1,
    batchSize: 1,
    sessionName: session("broken"),
  });
  assert.deepEqual(summary.failed.map(({ image }) => image).sort(), ["img0", "img2"]);
  assert.match(summary.failed.map(({ reason }) => reason).join(), /objects for 44×36 pixels.*got 99×36/);
  broken.categories[0].name = "cloud";
  fs.writeFileSync(file, JSON.stringify(broken));
  await assert.rejects(trainSegmenter.run({ ...quick, instances: file, sessionName: session("x") }), /a class of the data set \(background, brick, leaf\), got "cloud"/); // biome-ignore format: one row
  await assert.rejects(trainSegmenter.run({ ...quick, instances: undefined, sessionName: session("x") }), /needs --instances FILE.json or --object-dir/); // biome-ignore format: one row
  await assert.rejects(
    trainSegmenter.run({ ...quick, norm: "batch", sessionName: session("x") }),
    /--norm batch is not for/,
  );
});

test("a loss that is no number stops the training, and the batch's images are named", async () => {
  const reckless = {
    ...quick,
    schedule: "poly" as const,
    warmUp: 0,
    learningRate: 1e12,
    epochs: 4,
    sessionName: session("nan"),
  };
  await assert.rejects(trainSegmenter.run(reckless), /the loss became (NaN|Infinity).*with "img\d"/);
});

test("degenerate boxes, one-pixel masks, objects cut by the border and a thousand of them in one image", async () => {
  const dataset = checkDataset({ classes: CLASSES }, "test");
  const empty = path.join(work, "empty.json");
  const truth = JSON.parse(fs.readFileSync(objects, "utf8"));
  truth.annotations[0].bbox = [5, 5, 0, 3];
  fs.writeFileSync(empty, JSON.stringify(truth));
  assert.deepEqual(await readInstances("img0", SIZE, { dataset, labelDir: "", instances: empty }), {
    instances: [],
    empty: 1,
  });

  const rgb: RgbImage = { width: 40, height: 30, data: new Uint8Array(3600).fill(9) };
  const pixel = (x: number, y: number): TrueInstance => ({
    class: 1,
    box: [x, y, 1, 1],
    mask: { left: x, top: y, width: 1, height: 1, data: Uint8Array.of(1) },
  });
  const extent = { height: 60, width: 80 };
  const { masks, objects: seen } = instanceSample(rgb, [pixel(39, 0), pixel(0, 29)], extent, true, "imagenet");
  assert.deepEqual([...seen.boxes], [0, 0, 2, 2, 78, 58, 80, 60]);
  assert.deepEqual(
    masks.map(({ left, top, width, height, data }) => [left, top, width, height, data.join("")]),
    [
      [0, 0, 2, 2, "1111"],
      [78, 58, 2, 2, "1111"],
    ],
  );
  const smaller = instanceSample(rgb, [pixel(39, 29)], { height: 15, width: 20 }, false, "imagenet");
  assert.equal(smaller.masks[0].data.length, 0); // no pixel of the smaller image reads it

  const random = new Random(5);
  const many = Array.from({ length: 1000 }, () => pixel(random.integer(40), random.integer(30)));
  const crowd = instanceSample(rgb, many, extent, false, "imagenet");
  const anchors = Float32Array.from({ length: 4 * 3000 }, (_, i) => (i % 4 > 1 ? 9 : 0) + random.uniform(0, 50));
  const drawn = sampleAnchors(anchors, crowd.objects, { count: 256, positiveShare: 0.5 }, random);
  assert.ok(drawn.indices.length === 256 && drawn.deltas.every(Number.isFinite));
  const regions = sampleRegions(anchors, crowd.objects, REGION_DRAW, random);
  assert.ok(regions.positives > 100 && regions.classes.length === 512 && regions.deltas.every(Number.isFinite));
});

test("objects of a photograph that is turned for display are turned along, whichever frame the file is in", async () => {
  const stored = { width: 6, height: 4 }; // displayed upright: 4 × 6
  const annotation = {
    id: 1,
    image_id: 1,
    category_id: 1,
    bbox: [1, 0, 3, 2],
    segmentation: [[1, 0, 4, 0, 4, 2, 1, 2]],
  };
  const truth = { images: [{ id: 1, file_name: "a.jpg", ...stored }], annotations: [annotation], categories: [{ id: 1, name: "leaf" }] }; // biome-ignore format: one file
  const file = path.join(work, "turned.json");
  fs.writeFileSync(file, JSON.stringify(truth));
  const files = { instances: file, dataset: checkDataset({ classes: CLASSES }, "test"), labelDir: "" };
  const { instances } = await readInstances("a", { width: 4, height: 6, orientation: 6 }, files);
  assert.deepEqual(instances[0].box, [2, 1, 2, 3]); // a quarter turn to the right: (x, y) → (4 − y, x)
  const { left, top, width, height, data } = instances[0].mask;
  assert.deepEqual([left, top, width, height, data.join("")], [2, 1, 2, 3, "111111"]);
});

test("the learning rate rises at first, and falls in steps or by a power", () => {
  const step = { learningRate: 1, steps: 90, milestones: [2 / 3, 8 / 9], warmUp: 10 };
  const rates = [0, 5, 10, 59, 60, 79, 80, 89].map((each) => learningRateAt(each, step));
  const wanted = [0.001, 0.5005, 1, 1, 0.1, 0.1, 0.01, 0.01];
  for (const [i, rate] of wanted.entries()) assert.ok(Math.abs(rates[i] - rate) < 1e-9, `${rates[i]}, not ${rate}`);
  assert.equal(learningRateAt(45, { learningRate: 2, steps: 90, power: 1 }), 1);
  assert.throws(() => resolveConfig({ ...quick, milestones: [0.9, 0.1] }), /ascend/);
});

test("sizes as both libraries bring photographs to them; tiles overlap and end with the photograph", () => {
  const sides = { short: 800, long: 1333 };
  const [detectron2, torchvision] = (["detectron2", "torchvision"] as const).map(variantOf);
  assert.deepEqual(inputExtent({ height: 427, width: 640 }, sides, detectron2), { height: 800, width: 1199 });
  assert.deepEqual(inputExtent({ height: 427, width: 640 }, sides, torchvision), { height: 800, width: 1199 });
  assert.deepEqual(inputExtent({ height: 300, width: 900 }, sides, detectron2), { height: 444, width: 1333 });
  assert.deepEqual(inputExtent({ height: 375, width: 500 }, sides, detectron2), { height: 800, width: 1067 });
  assert.deepEqual(inputExtent({ height: 375, width: 500 }, sides, torchvision), { height: 800, width: 1066 });
  assert.deepEqual(tileStarts(500, 512, 0.25), [0]);
  const starts = tileStarts(2000, 512, 0.25);
  assert.deepEqual([starts[0], starts[starts.length - 1]], [0, 1488]);
  for (const [i, start] of starts.entries()) if (i > 0) assert.ok(start - starts[i - 1] <= 384);
});
