import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { attention, createAttentionWindow } from "../src/graph/attention";
import { assertGradient, normalTensor, randomAffinity } from "./numeric-gradient";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors, "no tensor is left behind"));

/** The reference's formula on dense matrices, in double precision. */
function denseAttention(x: Float32Array, c: number, beta: number, affinity: Float32Array, size: number[]): number[] {
  const [height, width, radius] = size;
  const n = height * width;
  const d = 2 * radius + 1;
  const row = (i: number): number[] => [...x.subarray(i * c, (i + 1) * c)];
  const dot = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const out: number[] = [];
  for (let i = 0; i < n; i++) {
    const neighbours: { j: number; weight: number }[] = [];
    for (let o = 0; o < d * d; o++) {
      const y = Math.floor(i / width) + Math.floor(o / d) - radius;
      const xx = (i % width) + (o % d) - radius;
      if (y < 0 || xx < 0 || y >= height || xx >= width) continue;
      const j = y * width + xx;
      const a = row(i);
      const b = row(j);
      const cos = dot(a, b) / (Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b)) + 1e-7);
      if (cos >= 0) neighbours.push({ j, weight: Math.exp(beta * cos + 10 * affinity[i * d * d + o]) });
    }
    const total = neighbours.reduce((sum, each) => sum + each.weight, 0);
    for (let k = 0; k < c; k++)
      out.push(neighbours.reduce((sum, { j, weight }) => sum + (weight / total) * x[j * c + k], 0));
  }
  return out;
}

for (const [height, width, radius, symmetric] of [
  [5, 7, 2, true],
  [9, 17, 4, true],
  [11, 3, 3, false],
  [1, 1, 2, true],
  [2, 19, 1, false],
] as const) {
  test(`equals the dense formula and its gradient on ${height}×${width}, radius ${radius}, ${symmetric ? "symmetric" : "any"} affinity`, () => {
    const n = height * width;
    const affinity = randomAffinity(height, width, radius, 3, symmetric);
    const window = createAttentionWindow(affinity);
    assert.equal(window.symmetric, symmetric || n === 1);
    const x = normalTensor([n, 6], 1) as tf.Tensor2D;
    const beta = tf.scalar(0.7);
    const got = tf.tidy(() => attention(x, beta, window).dataSync());
    const wanted = denseAttention(x.dataSync() as Float32Array, 6, 0.7, affinity.values, [height, width, radius]);
    wanted.forEach((value, i) => {
      assert.ok(Math.abs(value - got[i]) < 2e-5, `entry ${i}: ${value}, ${got[i]}`);
    });
    // Positive features, so that no cosine crosses 0 between the two sides of a difference.
    const positive = tf.tidy(() => tf.add(tf.abs(x), 0.2)) as tf.Tensor2D;
    const upstream = normalTensor([n, 6], 2);
    const loss = (a: tf.Tensor, b: tf.Tensor): tf.Scalar =>
      tf.sum(tf.mul(attention(a as tf.Tensor2D, b as tf.Scalar, window), upstream));
    assertGradient((a) => ({ value: loss(a, beta), gradient: tf.grad((z: tf.Tensor) => loss(z, beta))(a) }), positive, {
      name: "x",
    });
    assertGradient(
      (b) => ({ value: loss(positive, b), gradient: tf.grad((z: tf.Tensor) => loss(positive, z))(b) }),
      beta,
      { name: "beta", epsilon: 0.1 },
    );
    tf.dispose([x, beta, positive, upstream]);
    window.dispose();
  });
}
