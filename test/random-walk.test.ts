import assert from "node:assert/strict";
import { test } from "node:test";
import { addWalk, randomWalk, transitionWeights, walk } from "../src/graph/random-walk";
import { Random } from "../src/random";
import { randomAffinity } from "./numeric-gradient";

test("windowed steps equal powers of the dense matrix with columns that sum to 1", () => {
  const [height, width, radius] = [4, 5, 2];
  const n = height * width;
  const d = 2 * radius + 1;
  const affinity = randomAffinity(height, width, radius, 1, false);
  const dense = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let i = 0; i < n; i++) {
    for (let o = 0; o < d * d; o++) {
      const y = Math.floor(i / width) + Math.floor(o / d) - radius;
      const x = (i % width) + (o % d) - radius;
      if (y >= 0 && x >= 0 && y < height && x < width) dense[i][y * width + x] = affinity.values[i * d * d + o] ** 8;
    }
  }
  for (let j = 0; j < n; j++) {
    const sum = dense.reduce((total, row) => total + row[j], 0);
    for (const row of dense) row[j] /= sum;
  }
  const random = new Random(2);
  const start = Float32Array.from({ length: n }, () => random.uniform());
  let wanted = [...start];
  for (let step = 0; step < 8; step++)
    wanted = wanted.map((_, j) => wanted.reduce((sum, value, i) => sum + value * dense[i][j], 0));
  const [got] = walk([start], transitionWeights(affinity, 8), 8);
  wanted.forEach((value, i) => {
    assert.ok(Math.abs(value - got[i]) < 1e-5);
  });
});

test("six maps walk in WebAssembly as in TypeScript, whatever the window", () => {
  const [height, width] = [5, 7];
  for (const radius of [1, 3]) {
    const transition = transitionWeights(randomAffinity(height, width, radius, 5), 8);
    const random = new Random(6);
    const maps = Array.from({ length: 6 }, () => Float32Array.from({ length: 35 }, () => random.uniform()));
    const [simd, plain] = (["simd", "plain"] as const).map((engine) => walk(maps, transition, 64, engine));
    assert.equal(simd.length, 6);
    for (const [m, map] of plain.entries())
      for (const [i, value] of map.entries()) assert.ok(Math.abs(simd[m][i] - value) < 2e-6);
    assert.deepEqual(walk(maps.slice(5), transition, 64), simd.slice(5));
  }
});

test("classes without a map stay 0; adding the walk keeps probabilities", () => {
  const random = new Random(3);
  const map = Float32Array.from({ length: 13 * 22 }, () => random.uniform());
  const walked = randomWalk({ affinity: randomAffinity(2, 3, 1, 4), stride: 8 }, new Map([[2, map]]), 4, {
    height: 13,
    width: 22,
  });
  assert.equal(walked.length, 13 * 22 * 4);
  assert.ok(walked.every((value, i) => (i % 4 === 0 || i % 4 === 2 ? value > 0 : value === 0)));
  const probabilities = new Float32Array(walked.length).fill(0.25);
  addWalk(probabilities, walked, 4, 3);
  for (let i = 0; i < probabilities.length; i += 4)
    assert.ok(Math.abs(probabilities.subarray(i, i + 4).reduce((a, b) => a + b) - 1) < 1e-5);
});
