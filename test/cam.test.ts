import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { Random } from "../src/random";
import { normaliseCam, suppressedCam } from "../src/seam/cam";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors));

function assertClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 2e-5): void {
  assert.equal(got.length, wanted.length);
  for (let i = 0; i < got.length; i++)
    assert.ok(Math.abs(got[i] - wanted[i]) <= tolerance, `[${i}]: ${got[i]}, expected ${wanted[i]}`);
}

const valuesOf = (compute: () => tf.Tensor): Float32Array => tf.tidy(() => compute().dataSync<"float32">());

test("PCM's input: each class over its maximum, only the strongest foreground class kept, background the rest", () => {
  // One row of three pixels; background, two foreground classes.
  const cam = [9, 2, 1, /**/ 9, 1, 4, /**/ 9, -3, 0];
  const got = valuesOf(() => suppressedCam(tf.tensor4d(cam, [1, 1, 3, 3])));
  assertClose(got, [0, 1, 0, /**/ 0, 0, 1, /**/ 1, 0, 0]);
});

test("PCM's input keeps equal classes both", () => {
  const got = valuesOf(() => suppressedCam(tf.tensor4d([0, 2, 2, /**/ 0, 1, 1], [1, 1, 2, 3])));
  assertClose(got, [0, 1, 1, /**/ 0.5, 0.5, 0.5]);
});

/** norm(x) in double precision, [n, k]. */
function normDirectly(x: ArrayLike<number>, k: number): number[] {
  const n = x.length / k;
  const y = new Array<number>(x.length);
  for (let label = 0; label < k; label++) {
    const r = Array.from({ length: n }, (_, i) => Math.max(0, x[i * k + label]));
    const low = Math.min(...r);
    const range = Math.max(...r) - low + 1e-5;
    for (let i = 0; i < n; i++) y[i * k + label] = Math.max(0, r[i] - low - 1e-5) / range;
  }
  return y;
}

test("norm: values and gradient, of maps with and without negatives", () => {
  const random = new Random(3);
  const k = 3;
  const x = Float32Array.from({ length: 12 * k }, (_, i) => random.normal() + (i % k)); // class 2 is mostly positive
  for (let i = 2; i < x.length; i += k) x[i] = Math.abs(x[i]) + 0.1;
  const upstream = x.map(() => random.normal());
  const shape: [number, number, number, number] = [1, 3, 4, k];
  assertClose(
    valuesOf(() => normaliseCam(tf.tensor4d(x, shape))),
    normDirectly(x, k),
  );

  const got = valuesOf(() => {
    const weights = tf.tensor4d(upstream, shape);
    return tf.grad((input) =>
      normaliseCam(input as tf.Tensor4D)
        .mul(weights)
        .sum(),
    )(tf.tensor4d(x, shape));
  });
  const loss = (values: ArrayLike<number>): number =>
    normDirectly(values, k).reduce((sum, value, i) => sum + value * upstream[i], 0);
  const step = 1e-6;
  const numeric = Array.from(x, (_, i) => {
    const moved = (by: number): number => loss(Float64Array.from(x, (value, j) => (i === j ? value + by : value)));
    return (moved(step) - moved(-step)) / (2 * step);
  });
  assertClose(got, numeric, 1e-4);
});

test("norm: of tied maxima the first pixel takes the gradient", () => {
  const got = valuesOf(() =>
    tf.grad((x) =>
      normaliseCam(x as tf.Tensor4D)
        .slice([0, 0, 2, 0], [1, 1, 1, 1])
        .sum(),
    )(tf.tensor4d([2, 2, 1, 0], [1, 1, 4, 1])),
  );
  // y₂ = (1 − 0) / (2 − 0): by the maximum −1/4, once.
  assertClose(got, [-0.25, 0, 0.5, 0], 1e-4);
});
