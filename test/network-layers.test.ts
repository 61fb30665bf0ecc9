import assert from "node:assert/strict";
import test from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { foldNorm, normRelu } from "../src/network/batch-norm";
import { sampleDropout } from "../src/network/channel-dropout";
import { convolve } from "../src/network/convolution";
import { Random } from "../src/random";

const random = new Random(2);
const floats = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.uniform(-1, 1));

/** PyTorch's convolution, pixel by pixel. */
function naive(x: Float32Array, [h, w, c]: number[], k: Float32Array, out: number, stride: number, dilation: number) {
  const oh = Math.ceil(h / stride);
  const ow = Math.ceil(w / stride);
  const y = new Float32Array(oh * ow * out);
  for (let i = 0; i < oh * ow; i++)
    for (let ky = -1; ky <= 1; ky++)
      for (let kx = -1; kx <= 1; kx++) {
        const sy = Math.floor(i / ow) * stride + ky * dilation;
        const sx = (i % ow) * stride + kx * dilation;
        if (sy < 0 || sx < 0 || sy >= h || sx >= w) continue;
        for (let a = 0; a < c; a++)
          for (let b = 0; b < out; b++)
            y[i * out + b] += x[(sy * w + sx) * c + a] * k[(((ky + 1) * 3 + kx + 1) * c + a) * out + b];
      }
  return y;
}

test("convolutions pad as PyTorch does, at any stride and dilation, and their gradients are the adjoints", async () => {
  await useBackend();
  const before = tf.memory().numTensors;
  for (const [stride, dilation, h, w] of [
    [1, 1, 5, 6],
    [2, 1, 5, 6],
    [2, 1, 6, 5],
    [1, 2, 7, 6],
    [1, 4, 6, 9],
    [1, 4, 3, 2],
    [1, 6, 13, 9],
    [1, 7, 6, 11],
    [1, 24, 5, 5],
  ]) {
    const [xs, ks] = [floats(h * w * 3), floats(9 * 3 * 2)];
    tf.tidy(() => {
      const x = tf.tensor4d(xs, [1, h, w, 3]);
      const kernel = tf.tensor4d(ks, [3, 3, 3, 2]);
      const y = convolve(x, kernel, { stride, dilation });
      const wanted = naive(xs, [h, w, 3], ks, 2, stride, dilation);
      const got = y.dataSync();
      for (const [i, value] of wanted.entries()) assert.ok(Math.abs(value - got[i]) < 1e-4);
      // the convolution is linear in each argument: <A x, u> = <x, Aᵀ u>
      const upstream = tf.tensor4d(floats(got.length), y.shape);
      const both = tf.grads((a, b) => convolve(a as tf.Tensor4D, b as tf.Tensor4D, { stride, dilation }));
      const [ofX, ofKernel] = both([x, kernel], upstream);
      const sums = [y.mul(upstream), x.mul(ofX), kernel.mul(ofKernel)].map((product) => product.sum().dataSync()[0]);
      assert.ok(Math.abs(sums[0] - sums[1]) < 1e-3 && Math.abs(sums[0] - sums[2]) < 1e-3);
    });
  }
  assert.equal(tf.memory().numTensors, before);
});

test("folded normalisation with ReLU equals the formula, value and gradient, with dropped channels too", async () => {
  await useBackend();
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const [weight, bias, mean] = [floats(4), floats(4), floats(4)];
    const variance = floats(4).map((value) => value ** 2 + 0.1);
    const norm = foldNorm(weight, bias, mean, variance);
    const x = tf.tensor4d(floats(2 * 3 * 3 * 4), [2, 3, 3, 4]);
    const factors = tf.tensor2d([2, 0, 2, 2, 0, 2, 2, 0], [2, 4]);
    const plain = (z: tf.Tensor): tf.Tensor =>
      z
        .sub(tf.tensor1d(mean))
        .div(tf.tensor1d(variance).add(1e-5).sqrt())
        .mul(tf.tensor1d(weight))
        .add(tf.tensor1d(bias))
        .relu();
    const dropped = (z: tf.Tensor): tf.Tensor => plain(z).mul(factors.reshape([2, 1, 1, 4]));
    for (const [ours, theirs] of [
      [(z: tf.Tensor) => normRelu(z as tf.Tensor4D, norm), plain],
      [(z: tf.Tensor) => normRelu(z as tf.Tensor4D, norm, factors), dropped],
    ]) {
      assert.ok(ours(x).sub(theirs(x)).abs().max().dataSync()[0] < 1e-5);
      assert.ok(tf.grad(ours)(x).sub(tf.grad(theirs)(x)).abs().max().dataSync()[0] < 1e-5);
    }
  });
  assert.equal(tf.memory().numTensors, before);
});

test("channel dropout belongs to the sample, not to its place in a batch", async () => {
  await useBackend();
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const rows = (seeds: number[]): number[][] =>
      sampleDropout(seeds)("b6.dropout_2b1", 64, 0.3).arraySync() as number[][];
    const [first, second] = rows([11, 12]);
    assert.deepEqual(rows([12, 11]), [second, first]);
    assert.notDeepEqual(first, second);
    assert.ok(first.every((factor) => factor === 0 || Math.abs(factor - 1 / 0.7) < 1e-6));
    assert.notDeepEqual(sampleDropout([11])("b7.dropout_2b1", 64, 0.3).arraySync(), [first]);
  });
  assert.equal(tf.memory().numTensors, before);
});
