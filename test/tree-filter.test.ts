import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { Random } from "../src/random";
import { minimumSpanningTrees, type SpanningTrees } from "../src/tree-filter/spanning-tree";
import { treeFilter } from "../src/tree-filter/tree-filter";
import { bruteForceFilter, distance, kruskal, outputAt, type Rows } from "./brute-force-tree";
import { assertGradient, normalTensor } from "./numeric-gradient";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors, "no tensor is left behind"));

const GRIDS = [
  [1, 1],
  [1, 9],
  [7, 1],
  [2, 2],
  [4, 5],
  [6, 7],
] as const;

/** Rows of one image of [b, h, w, c]; of a group of its channels, where one is named. */
function rowsOf(tensor: tf.Tensor, image: number, group = 0, groups = 1): Rows {
  const [, height, width, channels] = tensor.shape;
  const values = tensor.dataSync();
  return Array.from({ length: height * width }, (_, node) => {
    const start = (image * height * width + node) * channels;
    return [...values.subarray(start + (group * channels) / groups, start + ((group + 1) * channels) / groups)];
  });
}

/** Integers from 0 to `values` − 1: many equal distances. */
function integerTensor(shape: [number, number, number, number], values: number, seed: number): tf.Tensor4D {
  const random = new Random(seed);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tf.tensor4d(
    Float32Array.from({ length: size }, () => random.integer(values)),
    shape,
  );
}

function edgesOf({ images, width }: SpanningTrees, image: number): string[] {
  return [...images[image].parent]
    .flatMap((parent, node) => (parent < 0 ? [] : [[Math.min(parent, node), Math.max(parent, node)]]))
    .map(([a, b]) => {
      assert.ok(b - a === width || (b - a === 1 && b % width !== 0), `${a} and ${b} are neighbours`);
      return `${a} ${b}`;
    })
    .sort();
}

for (const [height, width] of [...GRIDS, [13, 11], [23, 17]] as const) {
  test(`spanning trees on ${height}×${width} are Kruskal's, with and without ties`, () => {
    const guides = [
      normalTensor([2, height, width, 3], 1) as tf.Tensor4D,
      integerTensor([2, height, width, 1], 3, 2),
      tf.zeros<tf.Rank.R4>([2, height, width, 2]),
    ];
    for (const guide of guides) {
      const trees = minimumSpanningTrees(guide);
      assert.deepEqual([trees.height, trees.width, trees.images.length], [height, width, 2]);
      trees.images.forEach(({ order, parent }, image) => {
        const rows = rowsOf(guide, image);
        const wanted = kruskal(rows, height, width);
        assert.deepEqual(edgesOf(trees, image), wanted.edges);
        const weight = [...parent].reduce((sum, p, i) => sum + (p < 0 ? 0 : distance(rows[i], rows[p])), 0);
        assert.ok(Math.abs(weight - wanted.weight) <= 1e-9 * wanted.weight);
        const place = new Map([...order].map((node, k) => [node, k]));
        assert.equal(place.size, height * width);
        assert.equal(parent[order[0]], -1);
        for (const node of order.subarray(1)) assert.ok((place.get(parent[node]) ?? Infinity) < (place.get(node) ?? 0));
      });
      guide.dispose();
    }
  });
}

for (const [height, width] of [...GRIDS, [11, 12]] as const) {
  for (const groups of [1, 2]) {
    test(`filter and gradients on ${height}×${width} with ${groups} groups equal the sums over all paths`, () => {
      const features = normalTensor([2, height, width, 6], 1) as tf.Tensor4D;
      const guide = normalTensor([2, height, width, 4], 2, 0.5) as tf.Tensor4D;
      const other = normalTensor([2, height, width, 3], 3) as tf.Tensor4D;
      const upstream = normalTensor([2, height, width, 6], 4);
      const trees = minimumSpanningTrees(other);
      const output = treeFilter(features, guide, trees, { groups });
      const [dFeatures, dGuide] = gradientsOf(features, guide, trees, groups, upstream);
      for (const image of [0, 1]) {
        for (let group = 0; group < groups; group++) {
          const rows = (tensor: tf.Tensor): Rows => rowsOf(tensor, image, group, groups);
          const wanted = bruteForceFilter(rows(features), rows(guide), trees.images[image], rows(upstream));
          assertRows(rows(output), wanted.output, 2e-6, "output");
          assertRows(rows(dFeatures), wanted.dFeatures, 2e-6, "gradient of the features");
          assertRows(rows(dGuide), wanted.dGuide, 1e-5, "gradient of the guide");
        }
      }
      tf.dispose([features, guide, other, upstream, output, dFeatures, dGuide]);
    });
  }
}

test("a larger grid keeps its precision, with edges of all strengths", () => {
  for (const strength of [0.02, 0.3, 3]) {
    const features = normalTensor([1, 64, 70, 2], 1) as tf.Tensor4D;
    const guide = normalTensor([1, 64, 70, 2], 2, strength) as tf.Tensor4D;
    const upstream = normalTensor([1, 64, 70, 2], 3);
    const trees = minimumSpanningTrees(guide);
    const output = treeFilter(features, guide, trees);
    const [rows, given, guides] = [output, features, guide].map((tensor) => rowsOf(tensor, 0));
    for (const node of [0, 69, 1234, 4479])
      assertRows([rows[node]], [outputAt(node, given, guides, trees.images[0])], 2e-6, `strength ${strength}, ${node}`);
    // Every output is a mean, so that the gradients of its terms add up to its own.
    const gradients = gradientsOf(features, guide, trees, 1, upstream);
    const sums = [gradients[0], upstream].map((tensor) => tf.tidy(() => [...tf.sum(tensor, [0, 1, 2]).dataSync()]));
    assertRows([sums[0]], [sums[1]], 1e-4, `strength ${strength}`);
    tf.dispose([features, guide, upstream, output, gradients]);
  }
});

test("gradients equal central differences, through the tree of another guide and beside other operations", () => {
  const features = normalTensor([2, 5, 6, 4], 1) as tf.Tensor4D;
  const guide = normalTensor([2, 5, 6, 4], 2, 0.5) as tf.Tensor4D;
  const upstream = normalTensor([2, 5, 6, 4], 4);
  const trees = minimumSpanningTrees(guide);
  const loss = (x: tf.Tensor, e: tf.Tensor): tf.Scalar =>
    tf.sum(tf.mul(treeFilter(tf.square(x) as tf.Tensor4D, tf.sin(e) as tf.Tensor4D, trees, { groups: 2 }), upstream));
  assertGradient((x) => ({ value: loss(x, guide), gradient: tf.grad((z: tf.Tensor) => loss(z, guide))(x) }), features, {
    name: "features",
  });
  assertGradient(
    (e) => ({ value: loss(features, e), gradient: tf.grad((z: tf.Tensor) => loss(features, z))(e) }),
    guide,
    {
      name: "guide",
    },
  );
  tf.dispose([features, guide, upstream]);
});

test("a constant stays what it is, an unsurmountable border parts two regions", () => {
  const guide = tf.tidy(() => tf.concat([tf.zeros([1, 4, 3, 1]), tf.fill([1, 4, 2, 1], 100)], 2)) as tf.Tensor4D;
  const features = normalTensor([1, 4, 5, 2], 1) as tf.Tensor4D;
  const trees = minimumSpanningTrees(guide);
  const output = treeFilter(features, guide, trees);
  const rows = rowsOf(output, 0);
  const given = rowsOf(features, 0);
  for (const region of [
    [0, 1, 2],
    [3, 4],
  ]) {
    const nodes = rows.map((_, node) => node).filter((node) => region.includes(node % 5));
    const mean = [0, 1].map((c) => nodes.reduce((sum, node) => sum + given[node][c], 0) / nodes.length);
    for (const node of nodes) assertRows([rows[node]], [mean], 1e-6, `node ${node}`);
  }
  const constant = tf.tidy(() =>
    treeFilter(tf.fill([1, 4, 5, 3], 0.7), tf.randomNormal([1, 4, 5, 3], 0, 1, "float32", 1), trees).dataSync(),
  );
  for (const value of constant) assert.ok(Math.abs(value - 0.7) < 1e-6);
  tf.dispose([guide, features, output]);
});

test("NaN in the guide comes out as NaN, and does not hang", () => {
  const result = tf.tidy(() => {
    const guide = tf.tensor4d([0, NaN, 1, 2, 3, NaN], [1, 2, 3, 1]);
    return treeFilter(tf.ones([1, 2, 3, 1]), guide, minimumSpanningTrees(guide)).dataSync();
  });
  assert.ok([...result].some(Number.isNaN));
});

test("refuses what does not fit", () => {
  tf.tidy(() => {
    const guide = tf.ones<tf.Rank.R4>([1, 2, 3, 4]);
    const trees = minimumSpanningTrees(guide);
    const refused = (message: RegExp, run: () => unknown): void =>
      void assert.throws(run, (error: Error) => error.name === "UserError" && message.test(error.message));
    refused(/\[b, h, w, e\], got \[0, 2, 3, 4\]/, () => minimumSpanningTrees(tf.zeros([0, 2, 3, 4])));
    refused(/\[b, h, w, e\], got \[2, 3\]/, () => minimumSpanningTrees(tf.zeros([2, 3]) as unknown as tf.Tensor4D));
    refused(/features \[1, 2, 3, …\].*got \[1, 3, 2, 4\]/, () => treeFilter(tf.ones([1, 3, 2, 4]), guide, trees));
    refused(/guide \[1, 2, 3, …\].*got \[2, 2, 3, 4\]/, () => treeFilter(guide, tf.ones([2, 2, 3, 4]), trees));
    refused(/4 axes/, () => treeFilter(tf.ones([2, 3]) as unknown as tf.Tensor4D, guide, trees));
    refused(/float32, got int32 and float32/, () => treeFilter(tf.cast(guide, "int32"), guide, trees));
    for (const groups of [3, 0, 1.5])
      refused(/groups that divide 4 and 4 channels/, () => treeFilter(guide, guide, trees, { groups }));
  });
});

function gradientsOf(
  features: tf.Tensor4D,
  guide: tf.Tensor4D,
  trees: SpanningTrees,
  groups: number,
  upstream: tf.Tensor,
): tf.Tensor[] {
  const loss = (x: tf.Tensor, e: tf.Tensor): tf.Tensor =>
    tf.sum(tf.mul(treeFilter(x as tf.Tensor4D, e as tf.Tensor4D, trees, { groups }), upstream));
  return tf.tidy(() => tf.grads(loss)([features, guide]));
}

function assertRows(got: Rows, wanted: Rows, tolerance: number, name: string): void {
  assert.equal(got.length, wanted.length);
  wanted.forEach((row, node) => {
    row.forEach((value, c) => {
      const scale = Math.max(1, Math.abs(value));
      assert.ok(
        Math.abs(got[node][c] - value) <= tolerance * scale,
        `${name}, node ${node}: ${got[node][c]}, not ${value}`,
      );
    });
  });
}
