import assert from "node:assert/strict";
import { before, test } from "node:test";
import { useBackend } from "../src/backend";
import type { RgbImage } from "../src/data/image";
import { drawnCrossEntropy } from "../src/graph/seed-cross-entropy";
import { labelPhotograph } from "../src/label-photograph/label-photograph";
import { Random } from "../src/random";

const dataset = ["background", "cat", "dog"];
const [width, height] = [64, 48];
const quick = { dataset, hidden: 16, epochs: 15, features: "handcrafted" } as const;

before(() => useBackend());

/** A grey field with a red square, in noise. */
function photograph(): RgbImage {
  const random = new Random(5);
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const isThing = x >= 16 && x < 40 && y >= 12 && y < 36;
      for (let c = 0; c < 3; c++) data[3 * (y * width + x) + c] = (isThing && c === 0 ? 200 : 90) + random.integer(20);
    }
  return { width, height, data };
}

const box = { class: "cat", xmin: 14, ymin: 10, xmax: 50, ymax: 38 };
const at = (x: number, y: number): number => y * width + x;

test("pixels of strokes and clicks stand in the label, whatever the box, its limit and the dense CRF say", async () => {
  const { label } = await labelPhotograph(
    photograph(),
    {
      boxes: [box],
      strokes: [
        { class: "background", points: [20, 14, 36, 14], width: 1 }, // straight through the thing
        { class: "cat", points: [55, 4, 60, 4], width: 1 }, // outside every box
      ],
      clicks: [{ class: "dog", x: 30, y: 30 }],
    },
    quick,
  );
  for (let x = 20; x <= 36; x++) assert.equal(label.data[at(x, 14)], 0, `background at ${x}, 14`);
  for (let x = 55; x <= 60; x++) assert.equal(label.data[at(x, 4)], 1, `cat at ${x}, 4`);
  assert.equal(label.data[at(30, 30)], 2);
});

test("a stroke holds where a click contradicts it", async () => {
  const strokes = [{ class: "cat", points: [20, 20, 34, 20], width: 1 }];
  const clicks = [
    { class: "background", x: 26, y: 20 },
    { class: "background", x: 4, y: 4 },
  ];
  const { label } = await labelPhotograph(photograph(), { strokes, clicks }, quick);
  assert.equal(label.data[at(26, 20)], 1);
  assert.equal(label.data[at(4, 4)], 0);
});

test("a correction has a term of its own among the losses; strokes alone do not need one", async () => {
  const strokes = [
    { class: "cat", points: [20, 20, 34, 20] },
    { class: "background", points: [4, 4, 60, 4] },
  ];
  const alone = await labelPhotograph(photograph(), { strokes }, quick);
  assert.deepEqual(Object.keys(alone.losses).sort(), ["gatedCrf", "seeds", "total"]);
  const corrected = await labelPhotograph(photograph(), { strokes, boxes: [box] }, quick);
  assert.ok(corrected.losses.drawn !== undefined);
  assert.ok(corrected.losses.drawn[29] < corrected.losses.drawn[0], "the drawn pixels are learned");
});

test("the term of drawn pixels does not exist without any", () => {
  const state = { input: { ignore: 255, classes: 2 } } as unknown as Parameters<
    ReturnType<typeof drawnCrossEntropy>
  >[0];
  assert.equal(drawnCrossEntropy()(state), undefined);
});
