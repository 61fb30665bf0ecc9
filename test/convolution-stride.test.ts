import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { convolve } from "../src/network/convolution";
import { normalTensor } from "./numeric-gradient";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors));

/** With TensorFlow's own gradient these sizes end the process with a damaged heap. */
test("1×1 convolutions with a stride: values and gradients are those of the pixels they read", () => {
  for (const size of [20, 21])
    tf.tidy(() => {
      const x = normalTensor([2, size, size, 8], 1) as tf.Tensor4D;
      const kernel = normalTensor([1, 1, 8, 16], 2) as tf.Tensor4D;
      const half = Math.ceil(size / 2);
      const dy = normalTensor([2, half, half, 16], 3);
      const strided = (input: tf.Tensor, weights: tf.Tensor): tf.Tensor =>
        convolve(input as tf.Tensor4D, weights as tf.Tensor4D, { stride: 2 });
      const plainly = (input: tf.Tensor, weights: tf.Tensor): tf.Tensor =>
        input
          .gather(tf.range(0, size, 2, "int32"), 1)
          .gather(tf.range(0, size, 2, "int32"), 2)
          .reshape([-1, 8])
          .matMul(weights.reshape([8, 16]))
          .reshape([2, half, half, 16]);
      assert.deepEqual(strided(x, kernel).shape, [2, half, half, 16]);
      const got = [strided(x, kernel), ...tf.grads(strided)([x, kernel], dy)];
      const wanted = [plainly(x, kernel), ...tf.grads(plainly)([x, kernel], dy)];
      for (const [i, tensor] of got.entries())
        assert.ok(tensor.sub(wanted[i]).abs().max().dataSync()[0] < 1e-4, `size ${size}, result ${i}`);
    });
});

test("a convolution with both stride and dilation is every other place of the dilated one", () => {
  tf.tidy(() => {
    const x = normalTensor([1, 7, 6, 3], 1) as tf.Tensor4D;
    const kernel = normalTensor([3, 3, 3, 4], 2) as tf.Tensor4D;
    const strided = convolve(x, kernel, { stride: 2, dilation: 2 });
    const wanted = convolve(x, kernel, { dilation: 2 }).stridedSlice([0, 0, 0, 0], [1, 7, 6, 4], [1, 2, 2, 1]);
    assert.deepEqual(strided.shape, [1, 4, 3, 4]);
    assert.ok(strided.sub(wanted).abs().max().dataSync()[0] < 1e-5);
  });
});
