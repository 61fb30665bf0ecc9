import assert from "node:assert/strict";
import test from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { Random } from "../src/random";
import { windowDistance } from "../src/window/distance";
import { unfoldWindow } from "./unfold-window";

/** By the definition: all windows in memory. */
function plainDistance(x: tf.Tensor4D, radius: number): tf.Tensor4D {
  return unfoldWindow(x, radius).sub(x.expandDims(3)).abs().mean(4);
}

test("windowed distances equal the definition, value and gradient, on any map", async () => {
  await useBackend();
  const before = tf.memory().numTensors;
  const random = new Random(3);
  for (const [b, h, w, radius] of [
    [1, 5, 7, 2],
    [2, 4, 3, 3],
    [1, 1, 1, 4],
    [1, 2, 9, 1],
  ]) {
    tf.tidy(() => {
      const values = Float32Array.from({ length: b * h * w * 6 }, () => random.uniform(-1, 1));
      const x = tf.tensor4d(values, [b, h, w, 6]);
      const d = 2 * radius + 1;
      const upstream = tf.tensor4d(
        Float32Array.from({ length: b * h * w * d * d }, () => random.uniform(-1, 1)),
        [b, h, w, d * d],
      );
      const [ours, wanted] = [windowDistance, plainDistance].map((f) => ({
        value: f(x, radius),
        gradient: tf.grad((z: tf.Tensor) => f(z as tf.Tensor4D, radius))(x, upstream),
      }));
      assert.deepEqual(ours.value.shape, [b, h, w, d * d]);
      assert.ok(ours.value.sub(wanted.value).abs().max().dataSync()[0] < 1e-6);
      assert.ok(ours.gradient.sub(wanted.gradient).abs().max().dataSync()[0] < 1e-5);
    });
  }
  assert.equal(tf.memory().numTensors, before);
});
