import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { upsampleProbabilities } from "../src/graph/fit";
import { multiScaleCams } from "../src/seam/multi-scale";
import { valuesOf } from "../src/tensor-values";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors));

test("values of a computed tensor; nothing is left of the computation", () => {
  const x = tf.tensor1d([1, 2, 3]);
  assert.deepEqual([...valuesOf(() => x.square().add(1))], [2, 5, 10]);
  assert.equal(tf.memory().numTensors, tensors + 1);
  assert.throws(() =>
    valuesOf(() => {
      x.square();
      throw new Error("no");
    }),
  );
  assert.equal(tf.memory().numTensors, tensors + 1);
  x.dispose();
});

test("arrays of image size never leave a tidy, which would look at every number", () => {
  const arrays = returnedArrays(() => {
    upsampleProbabilities(new Float32Array(2 * 3 * 4), [2, 3], [16, 20]);
    const image = { width: 20, height: 16, data: new Uint8Array(20 * 16 * 3) };
    const network = { refinedMaps: (x: tf.Tensor4D) => tf.slice(x, [0, 0, 0, 0], [-1, -1, -1, 1]) };
    multiScaleCams(image, [1], network, { scales: [1], flip: true });
  });
  assert.equal(arrays, 0);
  assert.equal(
    returnedArrays(() => void tf.tidy(() => new Float32Array(2))),
    1,
  );
});

/** How many of the scopes that end meanwhile give back plain numbers. */
function returnedArrays(work: () => void): number {
  const engine = tf.engine();
  const own = engine.endScope;
  let arrays = 0;
  engine.endScope = function (result) {
    if (ArrayBuffer.isView(result)) arrays++;
    own.call(this, result);
  };
  try {
    work();
  } finally {
    engine.endScope = own;
  }
  return arrays;
}
