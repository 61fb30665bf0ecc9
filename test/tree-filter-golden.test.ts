/**
 * The tree filter and its module beside PyTorch: autograd over the brute-force formula, restated from the reference's
 * TreeFilter2D and the decoder stage of its Tree-FCN, in double precision. Its tensors are [b, c, h, w].
 */

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import type { NdArray } from "../src/nd-array";
import { minimumSpanningTrees } from "../src/tree-filter/spanning-tree";
import { treeFilter } from "../src/tree-filter/tree-filter";
import { treeFilterModule } from "../src/tree-filter/tree-filter-module";
import { openWeights } from "../src/weights/checkpoint";
import { toHwio, toNchw, toNhwc, toOihw } from "./nchw";

const golden = new Map<string, NdArray>();
let tensors = 0;
before(async () => {
  await useBackend();
  const file = await openWeights(path.join(__dirname, "segmentation-goldens", "tree-filter.pth"));
  for (const name of file.names()) golden.set(name, await file.read(name));
  await file.close();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors, "no tensor is left behind"));

const CASES = [
  { name: "groups", groups: 4 },
  { name: "single", groups: 1 },
  { name: "row", groups: 2 },
] as const;

for (const { name, groups } of CASES) {
  const array = (part: string): NdArray => {
    const found = golden.get(`${name}.${part}`);
    assert.ok(found !== undefined, part);
    return found;
  };

  test(`"${name}": trees, output and gradients of the filter are PyTorch's`, () => {
    tf.tidy(() => {
      const trees = minimumSpanningTrees(toNhwc(array("fine")));
      assert.deepEqual(
        trees.images.flatMap(({ parent }) => [...parent]),
        [...array("parent").data],
      );
      const [features, guide, upstream] = ["coarse", "guide", "upstream"].map((part) => toNhwc(array(part)));
      assertClose(toNchw(treeFilter(features, guide, trees, { groups })), array("output"));
      const [dFeatures, dGuide] = tf.grads((x: tf.Tensor, e: tf.Tensor) =>
        tf.sum(tf.mul(treeFilter(x as tf.Tensor4D, e as tf.Tensor4D, trees, { groups }), upstream)),
      )([features, guide]);
      assertClose(toNchw(dFeatures), array("d_features"));
      assertClose(toNchw(dGuide), array("d_guide"));
    });
  });

  test(`"${name}": output and gradients of the module are PyTorch's`, () => {
    tf.tidy(() => {
      const [coarse, fine, upstream] = ["coarse", "fine", "upstream"].map((part) => toNhwc(array(part)));
      const embedding = toHwio(array("embedding"));
      assertClose(toNchw(treeFilterModule(coarse, fine, embedding, { groups })), array("output"));
      const [dCoarse, dEmbedding] = tf.grads((x: tf.Tensor, kernel: tf.Tensor) =>
        tf.sum(tf.mul(treeFilterModule(x as tf.Tensor4D, fine, kernel as tf.Tensor4D, { groups }), upstream)),
      )([coarse, embedding]);
      assertClose(toNchw(dCoarse), array("d_coarse"));
      assertClose(toOihw(dEmbedding), array("d_embedding"));
    });
  });
}

function assertClose(got: NdArray, wanted: NdArray): void {
  assert.deepEqual(got.shape, wanted.shape);
  const largest = Math.max(...[...wanted.data].map(Math.abs));
  assert.ok(largest > 0.01, "the golden is not empty");
  wanted.data.forEach((value, i) => {
    assert.ok(Math.abs(got.data[i] - value) <= 3e-6 * Math.max(1, largest), `entry ${i}: ${got.data[i]}, not ${value}`);
  });
}
