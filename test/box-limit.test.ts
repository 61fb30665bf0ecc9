import assert from "node:assert/strict";
import { test } from "node:test";
import { limitToBoxes } from "../src/label-photograph/box-limit";

const size = { width: 5, height: 4 };
const boxes = [
  { xmin: 2, ymin: 2, xmax: 3, ymax: 2, class: 1 },
  { xmin: 4, ymin: 0, xmax: 5, ymax: 0, class: 1 },
];

test("a class with boxes is nowhere else; others stay, and each pixel sums to 1", () => {
  const probabilities = Float32Array.from({ length: 20 * 3 }, (_, i) => [0.2, 0.5, 0.3][i % 3]);
  limitToBoxes(probabilities, boxes, 3, size);
  const kept = Array.from({ length: 20 }, (_, pixel) => (probabilities[3 * pixel + 1] > 0 ? "#" : "."));
  const rows = [0, 1, 2, 3].map((y) => kept.slice(5 * y, 5 * y + 5).join(""));
  assert.deepEqual(rows, ["...##", ".###.", ".###.", "....."]);
  const [inside, outside] = [probabilities.slice(3 * 6, 3 * 7), probabilities.slice(0, 3)];
  assert.deepEqual([...inside], [...Float32Array.of(0.2, 0.5, 0.3)]);
  assert.ok(Math.abs(outside[0] - 0.4) < 1e-6 && outside[1] === 0 && Math.abs(outside[2] - 0.6) < 1e-6);
});

test("where only the class was left, background is", () => {
  const probabilities = Float32Array.from({ length: 20 * 2 }, (_, i) => i % 2);
  limitToBoxes(probabilities, boxes, 2, size);
  assert.deepEqual([...probabilities.slice(0, 2)], [1, 0]);
  assert.deepEqual([...probabilities.slice(2 * 6, 2 * 7)], [0, 1]);
});

test("without boxes nothing changes", () => {
  const probabilities = Float32Array.from({ length: 40 }, (_, i) => i / 40);
  const before = probabilities.slice();
  limitToBoxes(probabilities, [], 2, size);
  assert.deepEqual(probabilities, before);
});
