import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImageGraph } from "../src/graph/image-graph";
import { classesOf, originalLabel, renumbered } from "../src/label-photograph/image-classes";
import type { LabelInput } from "../src/label-photograph/label-image";

const seed = { width: 3, height: 2, data: Uint8Array.from([9, 255, 4, 9, 255, 255]) };
const box = { xmin: 0, ymin: 0, xmax: 1, ymax: 1, class: 7 };
const input: LabelInput = {
  image: { width: 3, height: 2, data: new Uint8Array(18) },
  graph: {} as ImageGraph,
  seed,
  boxes: [box],
  maps: new Map([[12, new Float32Array(6)]]),
  classes: 20,
  ignore: 255,
};

test("the classes of an image: background, and what seeds, boxes and maps name", () => {
  assert.deepEqual(classesOf(input), [0, 4, 7, 9, 12]);
  assert.deepEqual(classesOf({ seed, boxes: [], ignore: 255 }), [0, 4, 9]);
});

test("renumbered without gaps, and back", () => {
  const { classes, seed: numbers, boxes, maps } = renumbered(input, classesOf(input));
  assert.equal(classes, 5);
  assert.deepEqual([...numbers.data], [3, 255, 1, 3, 255, 255]);
  assert.deepEqual(boxes, [{ ...box, class: 2 }]);
  assert.deepEqual([...(maps?.keys() ?? [])], [4]);
  const label = originalLabel({ width: 3, height: 2, data: Uint8Array.from([0, 1, 2, 3, 4, 0]) }, classesOf(input));
  assert.deepEqual([...label.data], [0, 4, 7, 9, 12, 0]);
});

test("numbers that are the classes already stay", () => {
  const all = Array.from({ length: 20 }, (_, label) => label);
  const { classes, seed: same, boxes } = renumbered(input, all);
  assert.deepEqual([classes, [...same.data], boxes], [20, [...seed.data], [box]]);
});
