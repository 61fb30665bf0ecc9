import assert from "node:assert/strict";
import test from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { resizeBicubic, roundHalfEven, scaledSize } from "../src/image-ops/bicubic";
import { resizeBilinear, resizeBilinearArray } from "../src/image-ops/bilinear";
import { adjustHue, jitterColour, TRAINING_JITTER } from "../src/image-ops/colour-jitter";
import { nearestIndices, resizeNearest } from "../src/image-ops/nearest";
import { normaliseRgb } from "../src/image-ops/normalise";
import { padToMultiple } from "../src/image-ops/pad";
import { adaptiveAveragePool } from "../src/image-ops/pooling";
import { crop, mirror, randomPlacement } from "../src/image-ops/random-crop";
import { Random } from "../src/random";

const random = new Random(1);
const bytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => random.integer(256));
const floats = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.uniform(-1, 1));

test("Python's rounding: halves to even", () => {
  assert.deepEqual([0.5, 1.5, 2.5, 187.5, 2.4999, -0.5].map(roundHalfEven), [0, 2, 2, 188, 2, 0]);
  assert.deepEqual(scaledSize({ width: 375, height: 333 }, 0.5), { width: 188, height: 166 });
});

test("bicubic keeps a flat image flat and an image of its own size as it is", () => {
  const flat = { width: 7, height: 5, data: new Uint8Array(7 * 5 * 3).fill(200) };
  assert.ok(resizeBicubic(flat, 3, 11).data.every((value) => value === 200));
  const image = { width: 6, height: 4, data: bytes(72) };
  const same = resizeBicubic(image, 6, 4);
  assert.deepEqual(same, image);
  assert.notEqual(same.data, image.data);
});

/** Recorded from Pillow 13; columns first would give 52 below. */
test("bicubic takes rows first where more than twice as many rows as columns are lost", () => {
  const grey = [95, 217, 15, 215, 248, 69, 205, 61, 29, 19, 59, 81];
  const image = { width: 2, height: 6, data: Uint8Array.from(grey.flatMap((value) => [value, value, value])) };
  assert.deepEqual([...resizeBicubic(image, 1, 3).data], [140, 140, 140, 131, 131, 131, 53, 53, 53]);
});

test("bilinear: tensors and arrays agree, and the gradient is the adjoint", async () => {
  await useBackend();
  const before = tf.memory().numTensors;
  for (const options of [{}, { alignCorners: true }, { scaleFactor: 0.3 }]) {
    const size = [3, 4] as const;
    const data = floats(2 * 9 * 12);
    const plain = resizeBilinearArray(data, { height: 9, width: 12, channels: 2 }, size, options);
    tf.tidy(() => {
      const x = tf.tensor4d(data, [1, 9, 12, 2]);
      const y = resizeBilinear(x, size, options);
      assert.ok(y.sub(tf.tensor4d(plain, y.shape)).abs().max().dataSync()[0] < 1e-6);
      // <A x, u> = <x, Aᵀ u>
      const upstream = tf.tensor4d(floats(plain.length), y.shape);
      const gradient = tf.grad((z: tf.Tensor) => resizeBilinear(z as tf.Tensor4D, size, options))(x, upstream);
      const [left, right] = [y.mul(upstream).sum(), x.mul(gradient).sum()].map((sum) => sum.dataSync()[0]);
      assert.ok(Math.abs(left - right) < 1e-5);
    });
  }
  assert.equal(tf.memory().numTensors, before);
});

test("nearest takes the upper left pixel of each block, of any array type", () => {
  assert.deepEqual([...nearestIndices(448, 56)].slice(0, 4), [0, 8, 16, 24]);
  const label = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
  const small = resizeNearest(label, { height: 2, width: 4, channels: 1 }, [1, 2]);
  assert.ok(small instanceof Uint8Array);
  assert.deepEqual([...small], [1, 3]);
});

test("colour jitter depends on its random numbers alone; no hue turns no pixel but by rounding", () => {
  const image = { width: 8, height: 8, data: bytes(192) };
  const once = jitterColour(image, TRAINING_JITTER, new Random(5));
  assert.deepEqual(jitterColour(image, TRAINING_JITTER, new Random(5)), once);
  assert.notDeepEqual(jitterColour(image, TRAINING_JITTER, new Random(6)).data, once.data);
  const still = adjustHue(image, 0);
  assert.ok(still.data.every((value, i) => Math.abs(value - image.data[i]) <= 8));
});

test("padding to a multiple", () => {
  const { data, height, width } = padToMultiple(Float32Array.of(1, 2, 3, 4, 5, 6), {
    height: 2,
    width: 3,
    channels: 1,
  });
  assert.deepEqual([height, width, data.length], [8, 8, 64]);
  assert.deepEqual([...data.subarray(0, 12)], [1, 2, 3, 0, 0, 0, 0, 0, 4, 5, 6, 0]);
});

test("a crop larger than the image lies in the fill, a smaller one in the image", () => {
  const shape = { height: 2, width: 2, channels: 1 };
  const draws = [1, 0];
  const placement = randomPlacement(shape, 3, (below) => (draws.shift() as number) % below);
  assert.deepEqual([...crop(Uint8Array.of(1, 2, 3, 4), shape, placement, 9)], [9, 1, 2, 9, 3, 4, 9, 9, 9]);
  const inside = randomPlacement({ height: 3, width: 3 }, 2, (below) => below - 1);
  const square = crop(Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8]), { height: 3, width: 3, channels: 1 }, inside, 9);
  assert.deepEqual([...square], [4, 5, 7, 8]);
  assert.deepEqual([...mirror(square, { height: 2, width: 2, channels: 1 })], [5, 4, 8, 7]);
});

test("pooling to any size", async () => {
  await useBackend();
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]);
    assert.deepEqual([...adaptiveAveragePool(x, [1, 2]).dataSync()], [3, 4]); // columns {0, 1} and {1, 2}
  });
  assert.equal(tf.memory().numTensors, before);
});

test("normalising is ImageNet's", () => {
  const values = normaliseRgb([255, 0, 127.5]);
  const wanted = [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.5 - 0.406) / 0.225];
  for (const [i, value] of values.entries()) assert.ok(Math.abs(value - wanted[i]) < 1e-6);
});
