import assert from "node:assert/strict";
import fs from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { miniClasses, miniDataset } from "../scripts/make-mini";
import { render } from "../scripts/mini/render";
import { scenes } from "../scripts/mini/scenes";
import { boxesOf, clicksOf, tagsOf } from "../scripts/mini/weak-labels";
import { readDataset } from "../src/data/dataset";
import { readRgb } from "../src/data/image";
import { readImageList } from "../src/data/image-list";
import { encodeLabel, readLabel } from "../src/data/label-png";
import { pointsOf, readPointsFile } from "../src/data/points";
import { readScribbles } from "../src/data/scribbles";
import { readBoxes } from "../src/data/voc-boxes";
import { readCams } from "../src/seam/cam-dictionary";

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

test("class activation maps: of every tag of every training image, in [0, 1]", async () => {
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
      assert.ok(map.every((value) => value >= 0 && value <= 1));
      assert.equal(Math.max(...map), 1);
    }
  }
});
