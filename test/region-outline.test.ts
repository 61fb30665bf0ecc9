import assert from "node:assert/strict";
import { test } from "node:test";
import { polygonsMask } from "../src/instances/polygon-mask";
import { maskOutline, maskOutlines } from "../src/instances/region-outline";
import { encodeMask, type Rle } from "../src/instances/rle";
import { Random } from "../src/random";

function drawn(rows: readonly string[]): Rle {
  const size = { width: rows[0].length, height: rows.length };
  return encodeMask(
    [...rows.join("")].map((letter) => Number(letter === "#")),
    size,
  );
}

test("an outline walks along the edges between pixels", () => {
  assert.deepEqual(maskOutlines(drawn(["....", ".##.", ".##."])), [[1, 1, 3, 1, 3, 3, 1, 3]]);
  assert.deepEqual(maskOutlines(drawn(["#"])), [[0, 0, 1, 0, 1, 1, 0, 1]]);
  assert.deepEqual(maskOutlines(drawn(["..", ".."])), []);
  assert.deepEqual(maskOutline(drawn([".."])), []);
});

test("parts, holes, parts within holes, and corners that touch: polygons drawn are the mask again", () => {
  const rows = ["#######..", "#.....#..", "#.###.#.#", "#.#.#.##.", "#.###.#..", "#.....#..", "#######.."];
  const mask = drawn(rows);
  const outlines = maskOutlines(mask);
  assert.equal(outlines.length, 3); // the ring, the ring within, and the pixel that touches a corner
  assert.deepEqual(polygonsMask(outlines, mask, "test").counts, mask.counts);
  assert.deepEqual(polygonsMask([maskOutline(mask)], mask, "test").counts, mask.counts);
});

test("masks of noise come back to the pixel, in many polygons and in one", () => {
  const random = new Random(7);
  for (const share of [0.1, 0.4, 0.6, 0.9]) {
    const size = { width: 23, height: 17 };
    const mask = encodeMask(
      Array.from({ length: size.width * size.height }, () => Number(random.uniform() < share)),
      size,
    );
    assert.deepEqual(polygonsMask(maskOutlines(mask), size, "test").counts, mask.counts);
    assert.deepEqual(polygonsMask([maskOutline(mask)], size, "test").counts, mask.counts);
  }
});
