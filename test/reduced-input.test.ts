import assert from "node:assert/strict";
import { test } from "node:test";
import { reducedInput } from "../src/label-photograph/reduced-input";

const [width, height, ignore] = [5, 3, 255];
const image = { width, height, data: Uint8Array.from({ length: 45 }, (_, i) => Math.floor(i / 3)) };
const seed = { width, height, data: new Uint8Array(15).fill(ignore) };
seed.data[4] = 2;
seed.data[11] = 0;
const boxes = [{ xmin: 2, ymin: 1, xmax: 5, ymax: 3, class: 2 }];

test("half the size: mean colours, every seed kept, boxes with it", () => {
  const small = reducedInput({ image, seed, boxes }, 2, ignore);
  assert.deepEqual([small.image.width, small.image.height], [2, 1]);
  // columns 0–1 and 2–4 of all three rows
  assert.deepEqual([...small.image.data], [6, 6, 6, 8, 8, 8]);
  assert.deepEqual([...small.seed.data], [0, 2]);
  assert.deepEqual(small.boxes, [{ xmin: 0, ymin: 0, xmax: 2, ymax: 1, class: 2 }]);
});

test("whole cells where the sides allow them", () => {
  const size = { width: 500, height: 333 };
  const large = { ...size, data: new Uint8Array(3 * 500 * 333) };
  const unlabelled = { ...size, data: new Uint8Array(500 * 333).fill(ignore) };
  const corner = [{ xmin: 250, ymin: 111, xmax: 500, ymax: 333, class: 1 }];
  const small = reducedInput({ image: large, seed: unlabelled, boxes: corner }, 256, ignore);
  assert.deepEqual([small.image.width, small.image.height], [256, 168]);
  assert.deepEqual(small.boxes, [{ xmin: 128, ymin: 56, xmax: 256, ymax: 168, class: 1 }]);
});

test("as it is where it is small enough, and with 0", () => {
  for (const side of [0, 5, 100]) {
    const same = reducedInput({ image, seed, boxes }, side, ignore);
    assert.equal(same.image, image);
    assert.equal(same.seed, seed);
    assert.equal(same.boxes, boxes);
  }
});
