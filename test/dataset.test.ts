import assert from "node:assert/strict";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { checkDataset, classIndex, foregroundIndex, readDataset } from "../src/data/dataset";
import { VOC, vocPalette } from "../src/data/voc";

test("VOC: 21 classes, the palette's known colours, 255 unknown", () => {
  assert.equal(VOC.classes.length, 21);
  assert.equal(VOC.classes[15], "person");
  assert.equal(VOC.ignore, 255);
  const known: Record<number, readonly number[]> = {
    0: [0, 0, 0],
    1: [128, 0, 0],
    2: [0, 128, 0],
    3: [128, 128, 0],
    8: [64, 0, 0],
    15: [192, 128, 128],
    20: [0, 64, 128],
    255: [224, 224, 192],
  };
  for (const [index, colour] of Object.entries(known)) assert.deepEqual(vocPalette(256)[Number(index)], colour);
});

test("without dataset.json it is VOC, with one what that says", async () => {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), "dataset-"));
  assert.equal(await readDataset(root), VOC);
  await fs.writeFile(path.join(root, "dataset.json"), '{"classes": ["background", "leaf", "root"]}');
  const own = await readDataset(root);
  assert.deepEqual(own.classes, ["background", "leaf", "root"]);
  assert.deepEqual(own.palette, vocPalette(3));
  assert.equal(own.ignore, 255);
  await fs.writeFile(path.join(root, "dataset.json"), "{");
  await assert.rejects(readDataset(root), /as JSON.*dataset\.json/);
  await fs.rm(root, { recursive: true });
});

test("a wrong description says what is expected", () => {
  const wrong: [unknown, RegExp][] = [
    [[], /an object with "classes"/],
    [{}, /"classes" as a list of names, got nothing/],
    [{ classes: ["cat", "dog"] }, /"background" as the first of "classes", got "cat"/],
    [{ classes: ["background"] }, /2 to 255 classes/],
    [{ classes: ["background", "a", "a"] }, /each class once, got "a" twice/],
    [{ classes: ["background", "a"], ignore: 1 }, /"ignore" from 2 to 255/],
    [{ classes: ["background", "a"], palette: [[0, 0, 0]] }, /"palette" as 2 to 256 colours/],
    [
      {
        classes: ["background", "a"],
        palette: [
          [0, 0, 0],
          [0, 0, 256],
        ],
      },
      /colours \[r, g, b\] of 0 to 255/,
    ],
    [{ classes: ["background", "a"], aliases: { b: "c" } }, /"aliases"/],
  ];
  for (const [value, message] of wrong) assert.throws(() => checkDataset(value, "d.json"), message);
});

test("class names: exact, by alias, or in other case", () => {
  assert.equal(classIndex(VOC, "dog", "x"), 12);
  assert.equal(classIndex(VOC, "plant", "x"), 16);
  assert.equal(classIndex(VOC, "TVMonitor", "x"), 20);
  assert.throws(() => classIndex(VOC, "unicorn", "a.xml"), /background, aeroplane.*got "unicorn" \(a\.xml\)/);
  assert.throws(() => classIndex(VOC, "toString", "x"), /got "toString"/);
  assert.throws(() => foregroundIndex(VOC, "background", "x"), /a foreground class/);
});
