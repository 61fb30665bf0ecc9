import assert from "node:assert/strict";
import { test } from "node:test";
import { camScores, combineCams, sharpenedMap } from "../src/seam/cam-scores";

const close = (got: ArrayLike<number>, wanted: readonly number[]): void => {
  assert.equal(got.length, wanted.length);
  for (let i = 0; i < got.length; i++)
    assert.ok(Math.abs(got[i] - wanted[i]) < 1e-6, `[${i}]: ${got[i]}, expected ${wanted[i]}`);
};

test("the sum of a class's maps runs from 0 to 1; what was cut to 0 ends slightly below", () => {
  const combined = combineCams([Float32Array.of(1, -3, 0, 2), Float32Array.of(1, 1, 0, 2)]);
  const range = 4 + 1e-5;
  close(combined, [(2 - 1e-5) / range, -1e-5 / range, -1e-5 / range, (4 - 1e-5) / range]);
  assert.ok(combined[1] < 0);
});

test("the minimum is taken off where a map is positive everywhere", () => {
  const combined = combineCams([Float32Array.of(3, 5, 4)]);
  // reference: the minimum itself is set to 0 first, so it ends at −(min + ε) / range.
  close(combined, [-(3 + 1e-5) / (2 + 1e-5), (2 - 1e-5) / (2 + 1e-5), (1 - 1e-5) / (2 + 1e-5)]);
});

test("maps of different sizes are refused", () => {
  assert.throws(() => combineCams([new Float32Array(4), new Float32Array(5)]), /expected maps of 4 pixels, got 5/);
});

test("scores: background (1 − max)^α in the first column, then the tags' maps", () => {
  const maps = new Map([
    [3, Float32Array.of(0.5, 0)],
    [7, Float32Array.of(0.25, 0.75)],
  ]);
  const scores = camScores({ width: 2, height: 1, maps }, 2);
  close(scores, [0.25, 0.5, 0.25, 0.0625, 0, 0.75]);
});

test("an image without tags is background", () => {
  close(camScores({ width: 2, height: 1, maps: new Map() }, 4), [1, 1]);
});

test("maps to a power: the peak stays 1, what is half as strong becomes a quarter, what is not positive stays", () => {
  const map = Float32Array.of(-1e-5, 0, 0.5, 1);
  assert.deepEqual(sharpenedMap(map, 2), Float32Array.of(-1e-5, 0, 0.25, 1));
  assert.equal(sharpenedMap(map, 1), map);
});
