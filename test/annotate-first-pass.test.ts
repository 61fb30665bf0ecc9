import assert from "node:assert/strict";
import { test } from "node:test";
import { enlargedLabel, firstPassImage, firstPassOptions, firstPassShapes } from "../src/annotate/first-pass";
import type { Shapes } from "../src/annotate/protocol";
import { weakLabelsOfShapes } from "../src/annotate/weak-labels-of-shapes";
import type { EarlierResult } from "../src/label-photograph/label-photograph";

/** The quick label's own work: what it resumes from, and how it gets by with a small picture of a large photograph. */

const NOTHING: Shapes = { boxes: [], strokes: [], clicks: [], pins: [] };
const IGNORE = 255;
const photograph = (width: number, height: number): Parameters<typeof firstPassImage>[0] => ({
  width,
  height,
  data: new Uint8Array(3 * width * height).fill(90),
});

test("a photograph of 500 × 375 pixels is labelled as it is, a large one reduced", () => {
  const usual = photograph(500, 375);
  assert.equal(firstPassImage(usual), usual);
  const { width, height } = firstPassImage(photograph(1200, 900));
  assert.deepEqual([width, height], [520, 384]); // about 200,000 pixels, in whole cells of 8
});

test("what is drawn on a large photograph is drawn in the same places of the reduced one", () => {
  const [from, to] = [
    { width: 800, height: 600 },
    { width: 400, height: 300 },
  ];
  const pixel = 100 * 800 + 40;
  const drawn: Shapes = {
    boxes: [{ class: 1, xmin: 10, ymin: 20, xmax: 799, ymax: 600 }],
    strokes: [{ class: 2, points: [100, 50, 300, 150] }],
    clicks: [{ class: 3, x: 799, y: 599 }],
    pins: [{ class: 4, runs: [pixel, 6] }],
  };
  const { shapes, picture } = firstPassShapes(drawn, undefined, from, to, IGNORE);
  assert.deepEqual(shapes.boxes, [{ class: 1, xmin: 5, ymin: 10, xmax: 399, ymax: 300 }]);
  assert.deepEqual(shapes.strokes, [{ class: 2, points: [50, 25, 150, 75] }]);
  assert.deepEqual(shapes.clicks, [{ class: 3, x: 399.5, y: 299.5 }]);
  const pinned = [...(picture?.data ?? [])].flatMap((value, i) => (value === IGNORE ? [] : [[value, i]]));
  assert.deepEqual(
    pinned,
    [20, 21, 22].map((x) => [4, 50 * 400 + x]),
  );
  const { strokes } = weakLabelsOfShapes(shapes, picture, to, { ignore: IGNORE });
  assert.ok(strokes !== undefined && "data" in strokes);
  assert.equal(strokes.data[25 * 400 + 50], 2);
  assert.equal(strokes.data[50 * 400 + 21], 4);
  assert.deepEqual(firstPassShapes(drawn, undefined, from, from, IGNORE), { shapes: drawn });
});

test("its label comes back to the photograph's size, each pixel from its own place", () => {
  const small = { width: 2, height: 2, data: Uint8Array.from([1, 2, 3, 4]) };
  assert.deepEqual([...enlargedLabel(small, { width: 4, height: 3 }).data], [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4]);
  assert.equal(enlargedLabel(small, { width: 2, height: 2 }), small);
});

test("training is resumed unless something drawn is of a class that had no seeds", () => {
  const earlier = { learned: { taught: [0, 2] } } as unknown as EarlierResult;
  const resumes = (shapes: Partial<Shapes>): boolean =>
    firstPassOptions({ width: 500, height: 375 }, earlier, { ...NOTHING, ...shapes }).initial !== undefined;
  assert.ok(resumes({ strokes: [{ class: 2, points: [1, 1] }], clicks: [{ class: 0, x: 1, y: 1 }] }));
  assert.ok(!resumes({ strokes: [{ class: 1, points: [1, 1] }] }));
  assert.ok(!resumes({ boxes: [{ class: 3, xmin: 0, ymin: 0, xmax: 5, ymax: 5 }] }));
  assert.ok(!resumes({ pins: [{ class: 4, runs: [0, 1] }] }));
});
