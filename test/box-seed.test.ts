import assert from "node:assert/strict";
import { test } from "node:test";
import { boxSeed } from "../src/data/box-seed";

const rows = ({ width, data }: { width: number; data: Uint8Array }): string[] =>
  Array.from({ length: data.length / width }, (_, y) =>
    [...data.subarray(y * width, (y + 1) * width)].map((label) => (label === 255 ? "." : String(label))).join(""),
  );

test("outside background, inside unknown, the middle 20 % of the area is the class", () => {
  const box = { xmin: 1, ymin: 1, xmax: 10, ymax: 10, class: 3 };
  const seed = boxSeed([box], { width: 12, height: 12 }, 255);
  assert.equal(rows(seed)[0], "000000000000");
  assert.equal(rows(seed)[1], "0..........0");
  assert.equal(rows(seed)[5], "0...3333...0"); // 10·√0.2 = 4.5 pixels a side
  assert.equal(rows(seed)[11], "000000000000");
  assert.equal(seed.data.filter((label) => label === 3).length, 16);
});

test("a box to the very edge, VOC's one-based xmax = width included", () => {
  const seed = boxSeed([{ xmin: 0, ymin: 0, xmax: 4, ymax: 2, class: 1 }], { width: 4, height: 3 }, 255);
  assert.equal(seed.data.length, 12);
  assert.deepEqual(rows(seed), ["....", ".11.", "...."]);
});

test("where boxes overlap the smaller wins, whatever their order", () => {
  const large = { xmin: 0, ymin: 0, xmax: 9, ymax: 0, class: 1 };
  const small = { xmin: 3, ymin: 0, xmax: 5, ymax: 0, class: 2 };
  for (const boxes of [
    [large, small],
    [small, large],
  ])
    assert.deepEqual(rows(boxSeed(boxes, { width: 10, height: 1 }, 255)), ["....2.1..."]);
});

test("a box of one pixel keeps its seed; no boxes are all background", () => {
  const size = { width: 3, height: 1 };
  assert.deepEqual(rows(boxSeed([{ xmin: 2, ymin: 0, xmax: 2, ymax: 0, class: 7 }], size, 255)), ["007"]);
  assert.deepEqual(rows(boxSeed([], size, 255)), ["000"]);
});
