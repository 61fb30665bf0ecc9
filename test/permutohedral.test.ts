import assert from "node:assert/strict";
import { test } from "node:test";
import { buildLattice, filterPoints, type Lattice } from "../src/dense-crf/permutohedral";
import { buildLatticeSimd } from "../src/dense-crf/permutohedral-simd";
import { axisOfRank, embeddingScale, findSimplices, GROUP } from "../src/dense-crf/simplex";
import { KEY_LENGTH } from "../src/dense-crf/vertex-table";
import { Random } from "../src/random";

/** [dimension, points] with the groups filled up. */
function randomFeatures(used: number, dimension: number, extent: number, seed: number): Float32Array {
  const random = new Random(seed);
  const points = Math.ceil(used / GROUP) * GROUP;
  const draw = (i: number): number => (i % points < used ? random.uniform(-extent, extent) : 0);
  return Float32Array.from({ length: dimension * points }, (_, i) => draw(i));
}

function randomValues(length: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.uniform());
}

function latticeOf(features: Float32Array, dimension: number, used = features.length / dimension): Lattice {
  return buildLattice(findSimplices(features, dimension), used);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

test("the corners of its simplex, with its weights, give back every point", () => {
  for (const dimension of [1, 2, 5]) {
    const points = 64;
    const features = randomFeatures(points, dimension, 20, dimension);
    const { keys, axes, weights } = findSimplices(features, dimension);
    const scale = embeddingScale(dimension);
    for (let point = 0; point < points; point++) {
      const row = weights.subarray(point * (dimension + 1), (point + 1) * (dimension + 1));
      assert.ok(Math.abs(row.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-5);
      assert.ok(row.every((weight) => weight > -1e-5 && weight < 1 + 1e-5));
      const corner = Float64Array.from(keys.subarray(point * KEY_LENGTH, point * KEY_LENGTH + dimension));
      const mean = new Float64Array(dimension);
      for (let colour = 0; colour <= dimension; colour++) {
        for (let i = 0; i < dimension; i++) mean[i] += row[colour] * corner[i];
        const axis = axisOfRank(axes[point], dimension - colour);
        for (let i = 0; i < dimension; i++) corner[i] += i === axis ? -dimension : 1;
      }
      // coordinate i of E x: −i times its own feature, plus all those after it
      const scaled = Array.from({ length: dimension }, (_, j) => features[j * points + point] * scale[j]);
      for (let i = 0; i < dimension; i++) {
        const later = scaled.slice(i).reduce((sum, value) => sum + value, 0);
        assert.ok(Math.abs(mean[i] - (later - (i === 0 ? 0 : i * scaled[i - 1]))) < 1e-3);
      }
    }
  }
});

test("one point at the origin: a blur worked by hand", () => {
  // The three corners start as 1, 0, 0. Along the first axis corner 2 becomes ½, along the second corner 1 becomes ¼,
  // along the third corner 0 becomes 1 + ⅛; times 1 / (1 + 2⁻²).
  const lattice = latticeOf(new Float32Array(2 * GROUP), 2, 1);
  assert.equal(lattice.vertices, 3);
  assert.ok(Math.abs(filterPoints(lattice, Float32Array.of(1), 1)[0] - 0.9) < 1e-7);
});

test("normalised filtering is Gaussian filtering, to the lattice's accuracy", () => {
  const [width, height] = [32, 24];
  const points = width * height;
  const values = Float32Array.from(
    { length: points },
    (_, i) => Math.sin((i % width) / 3) + Math.floor(i / width) / 12,
  );
  const random = new Random(5);
  const grey = Float32Array.from({ length: points }, (_, i) => (i % width < 16 ? 20 : 26) + random.uniform(-0.5, 0.5));
  for (const coloured of [false, true]) {
    const dimension = coloured ? 5 : 2;
    const features = new Float32Array(dimension * points);
    for (let i = 0; i < points; i++) {
      features[i] = (i % width) / 3;
      features[points + i] = Math.floor(i / width) / 3;
      for (let channel = 2; channel < dimension; channel++) features[channel * points + i] = grey[i];
    }
    const lattice = latticeOf(features, dimension);
    const sums = filterPoints(lattice, new Float32Array(points).fill(1), 1);
    const got = filterPoints(lattice, values, 1).map((value, i) => value / sums[i]);
    let total = 0;
    for (let i = 0; i < points; i++) {
      let [sum, weights] = [0, 0];
      for (let j = 0; j < points; j++) {
        let square = 0;
        for (let c = 0; c < dimension; c++) square += (features[c * points + i] - features[c * points + j]) ** 2;
        sum += Math.exp(-square / 2) * values[j];
        weights += Math.exp(-square / 2);
      }
      total += Math.abs(got[i] - sum / weights);
      assert.ok(Math.abs(got[i] - sum / weights) < 0.2, `point ${i}: ${got[i]} for ${sum / weights}`);
    }
    assert.ok(total / points < 0.04, `mean error ${total / points}`);
  }
});

test("the filter is linear, and its transpose blurs the axes in the opposite order", () => {
  for (const dimension of [2, 5]) {
    const lattice = latticeOf(randomFeatures(400, dimension, 6, 1), dimension);
    const transposed = { ...lattice, chains: [...lattice.chains].reverse() };
    const [u, v] = [randomValues(400, 2), randomValues(400, 3)];
    const [left, right] = [dot(u, filterPoints(lattice, v, 1)), dot(filterPoints(transposed, u, 1), v)];
    assert.ok(Math.abs(left - right) < 1e-4 * left);
    const both = filterPoints(
      lattice,
      u.map((value, i) => 2 * value - v[i]),
      1,
    );
    const [ofU, ofV] = [filterPoints(lattice, u, 1), filterPoints(lattice, v, 1)];
    both.forEach((value, i) => {
      assert.ok(Math.abs(value - (2 * ofU[i] - ofV[i])) < 1e-4);
    });
  }
});

test("channels are filtered independently", () => {
  const lattice = latticeOf(randomFeatures(100, 3, 4, 1), 3);
  const values = randomValues(300, 2);
  const together = filterPoints(lattice, values, 3);
  for (let channel = 0; channel < 3; channel++) {
    const alone = filterPoints(
      lattice,
      values.filter((_, i) => i % 3 === channel),
      1,
    );
    assert.deepEqual(
      together.filter((_, i) => i % 3 === channel),
      alone,
    );
  }
});

test("WebAssembly builds the same lattice, number for number", () => {
  const cases: [number, number, Float32Array][] = [];
  for (const dimension of [1, 2, 3, 5, 7]) {
    for (const used of [1, 2, 3, 4, 5, 1001]) cases.push([dimension, used, randomFeatures(used, dimension, 9, used)]);
    cases.push([dimension, 6000, randomFeatures(6000, dimension, 60, 7)]); // the table grows
    cases.push([dimension, 64, randomFeatures(64, dimension, 4, 8).map((value) => Math.round(value))]); // ties
  }
  for (const [dimension, used, features] of cases) {
    const points = features.length / dimension;
    const simd = buildLatticeSimd(points, used, dimension, (array) => array.set(features));
    const plain = latticeOf(features, dimension, used);
    assert.equal(simd.vertices, plain.vertices);
    for (const part of ["ids", "weights", "chains"] as const) {
      assert.deepEqual(simd[part], plain[part], `${part} of ${used} points in ${dimension} dimensions`);
    }
  }
});

test("the points that fill up the last group are vertices too, as in the reference", () => {
  // Far from the origin, 3 points leave room for one more at the origin, 4 do not.
  const far = (used: number): Float32Array => randomFeatures(used, 2, 0, 1).map((_, i) => (i % GROUP < used ? 50 : 0));
  assert.equal(latticeOf(far(4), 2).vertices, 3);
  assert.equal(latticeOf(far(3), 2, 3).vertices, 6);
});
