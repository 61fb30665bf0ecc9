import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { readRgb } from "../src/data/image";
import { handcraftedGraph } from "../src/handcrafted/graph";
import { toLab } from "../src/handcrafted/lab";
import { segmentImage } from "../src/handcrafted/segments";
import { Random } from "../src/random";

const picture = path.join(__dirname, "../data/mini/JPEGImages/mini_0003.jpg");

/** Left half one colour, right half another, both with noise. */
function halves(width: number, height: number, at: number) {
  const random = new Random(5);
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const colour = i % width < at ? [180, 60, 50] : [60, 90, 170];
    for (let c = 0; c < 3; c++) data[3 * i + c] = colour[c] + 6 * random.normal();
  }
  return { width, height, data };
}

test("Lab: white, black and the primaries stand where CIE puts them", () => {
  const data = Uint8Array.from([255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 0, 255]);
  const { l, a, b } = toLab({ width: 4, height: 1, data });
  const near = (got: number, wanted: number): void => assert.ok(Math.abs(got - wanted) < 0.6, `${got} for ${wanted}`);
  for (const [i, lab] of [
    [100, 0, 0],
    [0, 0, 0],
    [53.24, 80.09, 67.2],
    [32.3, 79.19, -107.86],
  ].entries()) {
    near(l[i], lab[0]);
    near(a[i], lab[1]);
    near(b[i], lab[2]);
  }
});

test("segments: two halves are two segments, numbered in scan order", () => {
  const [{ count, segment }] = segmentImage(toLab(halves(20, 10, 8)), [400], [20]);
  assert.equal(count, 2);
  assert.deepEqual(
    [...segment],
    Array.from({ length: 200 }, (_, i) => (i % 20 < 8 ? 0 : 1)),
  );
});

test("features are distributions and affinities lie in [0, 1], 1 at the centre, 0 outside, symmetric", async () => {
  const rgb = await readRgb(picture);
  const radius = 3;
  const { height, width, channels, features, affinity } = handcraftedGraph(rgb, radius);
  assert.deepEqual([height, width], [Math.ceil(rgb.height / 8), Math.ceil(rgb.width / 8)]);
  const d = 2 * radius + 1;
  assert.equal(features.length, height * width * channels);
  assert.equal(affinity.values.length, height * width * d * d);
  for (let i = 0; i < height * width; i++) {
    const row = features.subarray(i * channels, (i + 1) * channels);
    assert.ok(row.every((value) => value >= 0));
    assert.ok(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-4);
    for (let o = 0; o < d * d; o++) {
      const x = (i % width) + (o % d) - radius;
      const y = Math.floor(i / width) + Math.floor(o / d) - radius;
      const value = affinity.values[i * d * d + o];
      if (x < 0 || y < 0 || x >= width || y >= height) assert.equal(value, 0);
      else {
        assert.ok(value > 0 && value <= 1);
        assert.equal(value, affinity.values[(y * width + x) * d * d + (d * d - 1 - o)]);
      }
      if (o === (d * d - 1) / 2) assert.equal(value, 1);
    }
  }
});

test("the same numbers on each run", () => {
  const rgb = halves(96, 64, 48);
  const once = handcraftedGraph(rgb, 2);
  const again = handcraftedGraph(rgb, 2);
  assert.deepEqual(once.features, again.features);
  assert.deepEqual(once.affinity, again.affinity);
});

test("alike within a thing, unlike across its border; the features tell the sides apart", () => {
  const { width, channels, features, affinity } = handcraftedGraph(halves(96, 64, 48), 2);
  const row = 4 * width;
  const right = 2 * 5 + 3;
  assert.ok(affinity.values[(row + 3) * 25 + right] > 0.35, "inside");
  assert.ok(affinity.values[(row + 5) * 25 + right] < 0.1, "across");
  const apart = (i: number, j: number): number => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += Math.abs(features[i * channels + c] - features[j * channels + c]);
    return sum;
  };
  assert.ok(apart(row + 2, row + 9) > 3 * apart(row + 2, row + 4));
});

test("odd cases: one cell, a single colour, a pixel more than a cell", () => {
  for (const [width, height] of [
    [1, 1],
    [8, 8],
    [9, 17],
  ]) {
    const rgb = { width, height, data: new Uint8Array(width * height * 3).fill(77) };
    const { features, affinity } = handcraftedGraph(rgb, 3);
    assert.ok(features.every(Number.isFinite) && affinity.values.every(Number.isFinite), `${width}×${height}`);
  }
});
