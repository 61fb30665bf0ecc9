import assert from "node:assert/strict";
import { test } from "node:test";
import { containsPixel, pixelsOf } from "../src/data/box-pixels";

test("a box's pixels: both ends, cut to the map, none outside; one that begins right behind the border has the last pixel", () => {
  const size = { width: 10, height: 6 };
  const box = { xmin: 2, ymin: 1, xmax: 4, ymax: 3 };
  assert.deepEqual(pixelsOf(box, size), { left: 2, top: 1, right: 4, bottom: 3 });
  assert.deepEqual(pixelsOf({ ...box, xmin: -3, ymax: 99 }, size), { left: 0, top: 1, right: 4, bottom: 5 });
  assert.equal(pixelsOf({ ...box, ymin: 8, ymax: 9 }, size), undefined);
  assert.deepEqual(pixelsOf({ ...box, xmin: 10, xmax: 10 }, size), { left: 9, top: 1, right: 9, bottom: 3 });
  assert.deepEqual(
    [containsPixel(box, 2, 1), containsPixel(box, 4, 3), containsPixel(box, 5, 3), containsPixel(box, 4, 0)],
    [true, true, false, false],
  );
});
