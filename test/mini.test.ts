import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { miniClasses, miniDataset } from "../scripts/mini/dataset";
import { drawWeaklyLabelled } from "../scripts/mini/drawn";
import { MINI_MAPS } from "../scripts/mini/maps";
import { randomPortrait, randomScene } from "../scripts/mini/random-scenes";
import { render } from "../scripts/mini/render";
import { scenes } from "../scripts/mini/scenes";
import { boxesOf, clicksOf, tagsOf } from "../scripts/mini/weak-labels";
import { useBackend } from "../src/backend";
import { readDataset } from "../src/data/dataset";
import { readRgb } from "../src/data/image";
import { readImageList } from "../src/data/image-list";
import { readImageTags } from "../src/data/image-tags";
import { encodeLabel, readLabel } from "../src/data/label-png";
import { pointsOf, readPointsFile } from "../src/data/points";
import { readScribbles } from "../src/data/scribbles";
import { readBoxes } from "../src/data/voc-boxes";
import { silentReporter } from "../src/running/reporter";
import { readCams } from "../src/seam/cam-dictionary";
import { inferSeam } from "../src/steps/infer-seam";

const root = path.join(__dirname, "../data/mini");
const drawn = scenes
  .filter((_, i) => i % 6 === 0)
  .map((scene) => ({ scene, rendering: render(scene, miniClasses, 255) }));

test("the script draws the committed masks, byte for byte, and the committed pictures", async () => {
  for (const { scene, rendering } of drawn) {
    const { width, height, label, rgb } = rendering;
    const file = path.join(root, "SegmentationClass", `${scene.id}.png`);
    const bytes = encodeLabel({ width, height, data: label }, miniDataset.palette);
    assert.ok((await fs.readFile(file)).equals(bytes), scene.id);
    const jpeg = await readRgb(path.join(root, "JPEGImages", `${scene.id}.jpg`));
    const error = jpeg.data.reduce((sum, value, i) => sum + Math.abs(value - rgb[i]), 0) / rgb.length;
    assert.ok(error < 6, `${scene.id}: mean difference ${error.toFixed(1)}, more than JPEG's`);
  }
});

test("the readers find in the files what the script meant", async () => {
  const dataset = await readDataset(root);
  assert.deepEqual(dataset.classes, miniDataset.classes);
  const clicks = await readPointsFile(path.join(root, "points.json"));
  const tags = JSON.parse(await fs.readFile(path.join(root, "cls_labels.json"), "utf8"));
  for (const { scene, rendering } of drawn) {
    const { boxes, notices } = await readBoxes(path.join(root, "Annotations", `${scene.id}.xml`), dataset, rendering);
    assert.deepEqual(notices, []);
    assert.deepEqual(
      boxes.map((box) => dataset.classes[box.class]),
      boxesOf(scene, rendering).map(({ name }) => name),
    );
    const meant = clicksOf(scene, rendering, miniClasses);
    assert.equal(pointsOf(clicks, scene.id, dataset, rendering).length, meant.fg.length + meant.bg.length);
    assert.deepEqual(
      tags[scene.id].map((tag: number) => tag + 1),
      tagsOf(scene, rendering, miniClasses),
    );
  }
});

test("scribbles: polylines and picture agree, and lie on their classes", async () => {
  const dataset = await readDataset(root);
  for (const { id } of scenes) {
    const mask = await readLabel(path.join(root, "SegmentationClass", `${id}.png`));
    const picture = await readLabel(path.join(root, "Scribbles", `${id}.png`));
    const strokes = await readScribbles(path.join(root, "Scribbles"), id, dataset, mask);
    assert.deepEqual(strokes?.label.data, picture.data, id);
    const wrong = picture.data.filter((value, i) => value !== 255 && mask.data[i] !== 255 && value !== mask.data[i]);
    assert.equal(wrong.length, 0, `${id}: ${wrong.length} scribbled pixels of another class`);
  }
});

test("class activation maps: of every tag of every training image, up to 1", async () => {
  const dataset = await readDataset(root);
  const { ids } = await readImageList("train.txt", root);
  const tags = JSON.parse(await fs.readFile(path.join(root, "cls_labels.json"), "utf8"));
  assert.equal(ids.length, 12);
  for (const id of ids) {
    const size = await readLabel(path.join(root, "SegmentationClass", `${id}.png`));
    const { maps } = await readCams(path.join(root, "CAM", `${id}.npy`), dataset, size);
    assert.deepEqual(
      [...maps.keys()].sort((a, b) => a - b),
      tags[id].map((tag: number) => tag + 1),
    );
    for (const map of maps.values()) {
      assert.equal(map.length, size.width * size.height);
      assert.ok(map.every((value) => value > -1e-3 && value <= 1));
      assert.ok(Math.max(...map) > 0.999);
    }
  }
});

test("the maps are what infer-seam makes of the tags with the shipped network", async () => {
  await useBackend();
  const work = await fs.mkdtemp(path.join(os.tmpdir(), "a2gnn-mini-maps-"));
  try {
    const inferList = path.join(work, "list.txt");
    await fs.writeFile(inferList, "mini_0003\nmini_0008\n");
    const weights = path.join(root, "weights", "seam.safetensors");
    await inferSeam.run({ voc12Root: root, inferList, weights, outCam: path.join(work, "cam"), ...MINI_MAPS });
    const dataset = await readDataset(root);
    for (const id of ["mini_0003", "mini_0008"]) {
      const size = await readLabel(path.join(root, "SegmentationClass", `${id}.png`));
      const [made, shipped] = await Promise.all(
        [work, root].map((folder) =>
          readCams(path.join(folder, folder === work ? "cam" : "CAM", `${id}.npy`), dataset, size),
        ),
      );
      for (const [tag, map] of shipped.maps)
        for (const [i, value] of made.maps.get(tag)?.entries() ?? assert.fail(`no map of ${tag}`))
          assert.ok(Math.abs(value - map[i]) < 1e-3, `${id}: ${value}, not ${map[i]}`);
    }
  } finally {
    await fs.rm(work, { recursive: true, force: true });
  }
});

test("random scenes: the same on each call, things of every kind on every ground, seen and inside the picture", () => {
  assert.deepEqual(randomScene(7), randomScene(7));
  assert.notDeepEqual({ ...randomScene(7), id: "" }, { ...randomScene(8), id: "" });
  const some = Array.from({ length: 60 }, (_, i) => randomScene(i + 1));
  assert.deepEqual(new Set(some.map(({ ground }) => ground)).size, 6);
  assert.deepEqual(new Set(some.flatMap(({ things }) => things.map(({ thing }) => thing))).size, 5);
  for (const { things, width, height } of some) {
    assert.ok(things.length >= 1 && things.length <= 3);
    assert.ok(things.every(({ x, y }) => x > 0 && y > 0 && x < width && y < height));
  }
  const kinds = [1, 2, 3, 4, 5].map((number) => randomPortrait(number).things[0].thing);
  assert.equal(new Set(kinds).size, 5);
});

test("a drawn data set: pictures, a list, weak labels, and no mask; what is there is not drawn again", async () => {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), "a2gnn-drawn-"));
  try {
    await drawWeaklyLabelled(root, randomPortrait, 2, silentReporter);
    const weak = ["Annotations", "Scribbles", "cls_labels.json", "points.json"];
    const there = [...weak, "ImageSets", "JPEGImages", "dataset.json"].sort();
    assert.deepEqual((await fs.readdir(root)).sort(), there);
    const { ids } = await readImageList("train.txt", root);
    assert.deepEqual(ids, ["portrait_0001", "portrait_0002"]);
    const dataset = await readDataset(root);
    const tags = await readImageTags(root, dataset);
    for (const [i, id] of ids.entries())
      assert.deepEqual(await tags.tagsOf(id), [miniClasses[randomPortrait(i + 1).things[0].thing]]);
    const file = path.join(root, "JPEGImages", `${ids[0]}.jpg`);
    const { mtimeMs } = await fs.stat(file);
    await drawWeaklyLabelled(root, randomPortrait, 2, silentReporter);
    assert.equal((await fs.stat(file)).mtimeMs, mtimeMs);
  } finally {
    await fs.rm(root, { recursive: true, force: true });
  }
});
