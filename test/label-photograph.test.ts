import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { checkDataset, type DatasetDescription } from "../src/data/dataset";
import { type RgbImage, readRgb } from "../src/data/image";
import { type LabelMap, readLabel, writeLabel } from "../src/data/label-png";
import { pointsOf, readPointsFile } from "../src/data/points";
import { readScribbles } from "../src/data/scribbles";
import { type Box, readBoxes } from "../src/data/voc-boxes";
import { openSharpener } from "../src/dense-crf/sharpen";
import { readDataset } from "../src/index";
import {
  type LabelPhotographOptions,
  type LabelProgress,
  labelPhotograph,
} from "../src/label-photograph/label-photograph";
import type { WeakLabels } from "../src/label-photograph/weak-labels";
import { readCams } from "../src/seam/cam-dictionary";
import { overlayPicture } from "../src/show/overlay";
import { makePseudoLabels } from "../src/steps/make-pseudo-labels";
import { CLASSES, writeTinyDataset } from "./tiny-dataset";

const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-photograph-"));
const root = path.join(work, "data");
const id = "img1";
const file = path.join(root, "JPEGImages", `${id}.png`);
/** With handcrafted features, whether or not a backbone is set up on the machine. */
const quick = { hidden: 16, epochs: 10, features: "handcrafted" } as const;

let dataset: DatasetDescription;
let image: RgbImage;
let boxes: readonly Box[];
let truth: LabelMap;
let tensors = 0;

before(async () => {
  await useBackend();
  await writeTinyDataset(root, 2);
  fs.writeFileSync(path.join(root, "one.txt"), `${id}\n`);
  dataset = await readDataset(root);
  image = await readRgb(file);
  boxes = (await readBoxes(path.join(root, "Annotations", `${id}.xml`), dataset, image)).boxes;
  truth = await readLabel(path.join(root, "SegmentationClass", `${id}.png`));
  tensors = tf.memory().numTensors;
});
after(() => {
  fs.rmSync(work, { recursive: true });
  assert.equal(tf.memory().numTensors, tensors, "tensors leak");
});

async function weakOf(kind: "box" | "scribble" | "point" | "walk" | "image"): Promise<WeakLabels> {
  if (kind === "box") return { boxes };
  if (kind === "scribble")
    return { strokes: (await readScribbles(path.join(root, "Scribbles"), id, dataset, image))?.label };
  const { maps } = await readCams(path.join(root, "cam", `${id}.npy`), dataset, image);
  if (kind === "image") return { maps, seed: await readLabel(path.join(root, "SeedLabel", `${id}.png`)) };
  const clicks = pointsOf(await readPointsFile(path.join(root, "points.json")), id, dataset, image);
  return kind === "walk" ? { clicks, maps } : { clicks };
}

const accuracy = (label: LabelMap): number =>
  label.data.filter((value, i) => value === truth.data[i]).length / label.data.length;

const kinds = { box: "box", scribble: "scribble", point: "point", walk: "point", image: "image" } as const;

for (const kind of Object.keys(kinds) as (keyof typeof kinds)[])
  test(`${kind}: the label of make-pseudo-labels, byte for byte`, async () => {
    const savePath = path.join(work, kind);
    const camDir = path.join(root, "cam");
    await makePseudoLabels.run({
      ...quick,
      voc12Root: root,
      inferList: path.join(root, "one.txt"),
      savePath,
      supervision: kinds[kind],
      ...(kind === "walk" ? { camDir } : {}),
      ...(kind === "image" ? { camDir, seedLabelRoot: path.join(root, "SeedLabel") } : {}),
    });
    const result = await labelPhotograph(file, await weakOf(kind), { dataset, ...quick });
    assert.deepEqual(result.label, await readLabel(path.join(savePath, `${id}.png`)));
    assert.equal(result.settings.supervision, kinds[kind]);
    assert.equal(result.probabilities.length, image.width * image.height * result.classes.length);
    assert.equal(result.losses.total.length, 20);
    assert.ok(result.timings.fit > 0 && result.timings.total >= result.timings.fit);
  });

test("five lines: from a file to a mask, with names, bytes, and a data set that is a list of names", async () => {
  const named = boxes.map((box) => ({ ...box, class: CLASSES[box.class] }));
  const [fromFile, fromBytes] = [file, fs.readFileSync(file)].map((source) =>
    labelPhotograph(source, { boxes: named }, { dataset: [...CLASSES], name: id, ...quick, features: undefined }),
  );
  const { image: shown, label, dataset: described, notices } = await fromFile;
  await writeLabel(path.join(work, "mask.png"), label, described.palette);
  assert.deepEqual(await readLabel(path.join(work, "mask.png")), label);
  const picture = overlayPicture(shown, label, described);
  assert.deepEqual([picture.width, picture.height], [shown.width, shown.height]);
  assert.ok(
    picture.data.some((value, i) => value !== shown.data[i]),
    "the label is drawn over the photograph",
  );
  assert.ok(accuracy(label) > 0.85, `accuracy ${accuracy(label)}`);
  assert.deepEqual(label, (await fromBytes).label);
  assert.deepEqual(described.classes, CLASSES);
  assert.match(notices.join(), /^no weights given: the graph is built from handcrafted features/);
});

test("boxes and a stroke: the stroke's pixels are seeds, and the boxes' limit holds", async () => {
  const [box] = boxes;
  const middle = Math.round((box.ymin + box.ymax) / 2);
  const stroke = { class: box.class, points: [box.xmin + 2, middle, box.xmax - 2, middle], width: 2 };
  const { seed, label, settings } = await labelPhotograph(file, { boxes, strokes: [stroke] }, { dataset, ...quick });
  assert.equal(settings.supervision, "box");
  for (let x = box.xmin + 2; x <= box.xmax - 2; x++) assert.equal(seed.data[middle * image.width + x], box.class);
  label.data.forEach((value, i) => {
    const [x, y] = [i % image.width, Math.floor(i / image.width)];
    const inside = boxes.some(
      (each) => each.class === value && x >= each.xmin - 1 && x <= each.xmax && y >= each.ymin - 1 && y <= each.ymax,
    );
    assert.ok(value === 0 || inside, `class ${value} at ${x}, ${y}`);
  });
});

test("a seed label with clicks over it; clicks alone get a rim of background", async () => {
  const [box] = boxes;
  const click = { x: (box.xmin + box.xmax) / 2, y: (box.ymin + box.ymax) / 2, class: box.class };
  const unknown = new Uint8Array(image.width * image.height).fill(dataset.ignore);
  unknown[0] = 0;
  const { width, height } = image;
  const over = await labelPhotograph(
    file,
    { seed: { width, height, data: unknown }, clicks: [click] },
    { dataset, ...quick },
  );
  assert.equal(over.seed.data.filter((value) => value === 0).length, 1);
  assert.equal(over.seed.data[Math.round(click.y) * width + Math.round(click.x)], box.class);
  const alone = await labelPhotograph(file, { clicks: [click] }, { dataset, ...quick, pointRim: 2 });
  assert.equal(alone.seed.data.filter((value) => value === 0).length, 2 * 2 * (width + height) - 16);
  assert.ok(alone.notices.some((notice) => notice.includes("the rim counts as background")));
});

test("tags with maps alone: the confident label is the seed, maps of other classes do not count", async () => {
  const mini = path.join(__dirname, "..", "data", "mini");
  const described = await readDataset(mini);
  const photograph = path.join(mini, "JPEGImages", "mini_0001.jpg");
  const size = await readRgb(photograph);
  const { maps } = await readCams(path.join(mini, "CAM", "mini_0001.npy"), described, size);
  const other = [...described.classes.keys()].find((label) => label > 0 && !maps.has(label)) as number;
  const all = new Map([...maps, [other, new Float32Array(size.width * size.height).fill(1)]]);
  const tags = [...maps.keys()].map((label) => described.classes[label]);
  const { seed, label, classes, settings } = await labelPhotograph(
    photograph,
    { tags, maps: all },
    { dataset: described, ...quick },
  );
  assert.deepEqual(classes, [0, ...maps.keys()]);
  assert.ok(!seed.data.includes(other) && seed.data.includes(0));
  assert.equal(settings.rw, true);
  const masks = await readLabel(path.join(mini, "SegmentationClass", "mini_0001.png"));
  const right = label.data.filter((value, i) => value === masks.data[i]).length / label.data.length;
  assert.ok(right > 0.8, `accuracy ${right}`);
});

test("progress in order; aborting rejects with the signal's reason and frees every tensor", async () => {
  const seen: LabelProgress[] = [];
  await labelPhotograph(image, { boxes }, { dataset, ...quick, onProgress: (progress) => seen.push(progress) });
  assert.deepEqual([...new Set(seen.map(({ stage }) => stage))], ["seed", "graph", "fit", "walk", "dense-crf"]);
  assert.deepEqual(
    seen.filter(({ step }) => step !== undefined).map(({ step }) => step),
    [...Array(20)].map((_, i) => i + 1),
  );

  const before = tf.memory().numTensors;
  for (const stage of ["graph", "fit", "dense-crf"]) {
    const controller = new AbortController();
    let after = 0;
    const onProgress = (progress: LabelProgress): void => {
      if (controller.signal.aborted) after++;
      if (progress.stage === stage) controller.abort(new Error(`stop in ${stage}`));
    };
    const options = { dataset, ...quick, keepGraph: true, onProgress, signal: controller.signal };
    await assert.rejects(labelPhotograph(image, { boxes }, options), new Error(`stop in ${stage}`));
    assert.ok(after <= 1, `${after} steps after the abort`);
    assert.equal(tf.memory().numTensors, before);
  }
});

test("resumed after one more stroke: few steps, the same graph, deterministic", async () => {
  const [first] = boxes;
  const middle = Math.round((first.ymin + first.ymax) / 2);
  const strokes = [
    { class: 0, points: [1, 1, image.width - 2, 1] },
    { class: first.class, points: [first.xmin + 4, middle, first.xmax - 4, middle] },
  ];
  const once = await labelPhotograph(file, { strokes }, { dataset, ...quick, keepGraph: true });
  const more = { strokes: [...strokes, { class: 0, points: [2, image.height - 3, 12, image.height - 3] }] };
  const again = await labelPhotograph(file, more, { dataset, initial: once });
  const twin = await labelPhotograph(file, more, { dataset, initial: once });
  assert.equal(again.losses.total.length, 20); // RESUMED_STEPS twice
  assert.deepEqual(again.label, twin.label);
  const background = { strokes: [...strokes, { class: 0, points: [1, 2, 1, image.height - 2] }] };
  const same = await labelPhotograph(file, background, { dataset, initial: once });
  assert.ok(same.losses.total[0] < once.losses.total[0], "what was learned is where training begins");
  once.graph?.dispose();
  const letGo = { learned: once.learned, settings: once.settings };
  const longer = await labelPhotograph(file, more, { dataset, initial: letGo, epochs: 60, denseCrf: false });
  assert.equal(longer.losses.total.length, 120);
  await assert.rejects(
    labelPhotograph(file, more, { dataset, initial: once }),
    /a graph in use, got one that is disposed/,
  );
  await assert.rejects(
    labelPhotograph(file, more, { dataset, initial: letGo, hidden: 8 }),
    /an earlier network of \d+ channels, 8 hidden units, 3 layers, got \d+ channels, 16 hidden units/,
  );
});

test("with a class that the earlier strokes had not, all is learned from the beginning, on the same graph", async () => {
  const [first] = boxes;
  const middle = Math.round((first.ymin + first.ymax) / 2);
  const thing = { class: first.class, points: [first.xmin + 4, middle, first.xmax - 4, middle] };
  const edge = { class: 0, points: [1, 1, image.width - 2, 1] };
  const other = dataset.classes.findIndex((_, label) => label > 0 && label !== first.class);
  const third = { class: other, points: [2, image.height - 3, 12, image.height - 3] };
  const steps = { dataset, hidden: 16, epochs: 12 };
  // The background is a class of every photograph, but one without a stroke has been taught nothing.
  for (const [before, after] of [
    [[thing], [thing, edge]],
    [
      [thing, edge],
      [thing, edge, third],
    ],
  ]) {
    const once = await labelPhotograph(file, { strokes: before }, { ...steps, keepGraph: true });
    const resumed = await labelPhotograph(file, { strokes: after }, { ...steps, initial: once });
    const fresh = await labelPhotograph(file, { strokes: after }, steps);
    assert.deepEqual(resumed.losses, fresh.losses);
    assert.deepEqual(resumed.probabilities, fresh.probabilities);
    const unsaid = await labelPhotograph(file, { strokes: after }, { dataset, initial: once });
    assert.equal(unsaid.losses.total.length, 100, "as many steps as ever, where none are given");
    once.graph?.dispose();
  }
});

test("the dense CRF on another thread: the same label", async () => {
  const sharpener = openSharpener(1);
  try {
    const here = await labelPhotograph(file, { boxes }, { dataset, ...quick });
    const there = await labelPhotograph(file, { boxes }, { dataset, ...quick, sharpener });
    assert.deepEqual(there.label, here.label);
    assert.deepEqual(there.probabilities, here.probabilities);
  } finally {
    await sharpener.close();
  }
});

test("what cannot be labelled is named", async () => {
  const refuses = (weak: WeakLabels, message: RegExp, options: LabelPhotographOptions = {}): Promise<void> =>
    assert.rejects(labelPhotograph(image, weak, { dataset, ...quick, ...options }), message);
  const pixels = image.width * image.height;
  const { width, height } = image;
  await refuses({}, /expected boxes, strokes, clicks, tags with class activation maps, or a seed label, got none/);
  await refuses({ boxes: [], clicks: [], strokes: [] }, /got none of them/);
  await refuses({ tags: [1] }, /tags alone, which label no pixel/);
  await refuses({ boxes: [{ ...boxes[0], class: "unicorn" }] }, /"unicorn" \(box 1\)/);
  await refuses({ boxes: [{ ...boxes[0], class: 99 }] }, /a class from 1 to \d+ or its name, got 99 \(box 1\)/);
  await refuses({ boxes: [{ ...boxes[0], class: 0 }] }, /a class from 1/);
  await refuses({ boxes: [{ ...boxes[0], xmax: -5 }] }, /xmin ≤ xmax/);
  await refuses({ clicks: [{ x: Number.NaN, y: 3, class: 1 }] }, /a click within \d+×\d+ pixels, got x NaN/);
  await refuses({ strokes: [{ class: 1, points: [1, 2, 3] }] }, /finite numbers in pairs/);
  await refuses({ strokes: [{ class: 1, points: [1, 2], width: 0 }] }, /a width above 0/);
  await refuses({ strokes: [{ class: 1, points: [-50, -50] }] }, /outside the image/);
  await refuses({ strokes: { width, height, data: new Uint8Array(3) } }, /a byte a pixel/);
  await refuses({ seed: { width: 2, height: 2, data: new Uint8Array(4) } }, /a label of \d+×\d+ pixels/);
  await refuses({ seed: { width, height, data: new Uint8Array(pixels).fill(dataset.ignore) } }, /no seeds/);
  await refuses({ seed: { width, height, data: new Uint8Array(pixels).fill(200) } }, /label values 0 to/);
  await refuses({ maps: new Map([[1, new Float32Array(pixels).fill(Number.NaN)]]) }, /finite values, got NaN/);
  await refuses({ maps: new Map([[1, new Float32Array(4)]]) }, new RegExp(`${pixels} values`));
  await refuses({ tags: [2], maps: new Map([[1, new Float32Array(pixels)]]) }, /class activation maps of/);
  await refuses({ boxes }, /rw/, { rw: true });
  await refuses({ boxes }, /at most|0 to 0.99/, { dropout: 2 });
  await refuses({ boxes }, /"learningrate"/, { learningrate: 1 } as LabelPhotographOptions);
  await assert.rejects(labelPhotograph({ width: 3, height: 3, data: new Uint8Array(4) }, { boxes }), /3 bytes of RGB/);
  await assert.rejects(labelPhotograph(path.join(work, "no.png"), { boxes }), /no\.png/);
  assert.throws(() => checkDataset({ classes: ["cat"] }, "dataset"), /background/);
});
