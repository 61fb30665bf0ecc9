import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { Random } from "../src/random";
import { refineCam } from "../src/seam/pcm";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors));

const [b, h, w, c, k] = [2, 3, 4, 5, 3];
const n = h * w;
const random = new Random(7);
const draw = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
const featureValues = draw(b * n * c);
const camValues = draw(b * n * k).map(Math.abs);
const upstreamValues = draw(b * n * k);

/** The module as its definition says, with the whole of A, in double precision. */
function directly(features: ArrayLike<number>): number[] {
  const out = new Array<number>(b * n * k).fill(0);
  for (let image = 0; image < b; image++) {
    const unit = Array.from({ length: n }, (_, i) => {
      const f = Array.from({ length: c }, (_, channel) => features[(image * n + i) * c + channel]);
      const length = Math.hypot(...f);
      return f.map((value) => value / (length + 1e-5));
    });
    for (let j = 0; j < n; j++) {
      const column = unit.map((u) =>
        Math.max(
          0,
          u.reduce((sum, value, channel) => sum + value * unit[j][channel], 0),
        ),
      );
      const degree = column.reduce((sum, value) => sum + value, 1e-5);
      for (let i = 0; i < n; i++)
        for (let label = 0; label < k; label++)
          out[(image * n + j) * k + label] += (column[i] / degree) * camValues[(image * n + i) * k + label];
    }
  }
  return out;
}

function refined(features: Float32Array, stripElements?: number): Float32Array {
  return tf.tidy(() =>
    refineCam(
      tf.tensor4d(features, [b, h, w, c]),
      tf.tensor4d(camValues, [b, h, w, k]),
      stripElements,
    ).dataSync<"float32">(),
  );
}

function gradient(features: Float32Array, stripElements?: number): Float32Array {
  return tf.tidy(() => {
    const cam = tf.tensor4d(camValues, [b, h, w, k]);
    const upstream = tf.tensor4d(upstreamValues, [b, h, w, k]);
    const loss = (x: tf.Tensor): tf.Scalar =>
      refineCam(x as tf.Tensor4D, cam, stripElements)
        .mul(upstream)
        .sum();
    return tf
      .grad(loss)(tf.tensor4d(features, [b, h, w, c]))
      .dataSync<"float32">();
  });
}

function assertClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  assert.equal(got.length, wanted.length);
  for (let i = 0; i < got.length; i++)
    assert.ok(Math.abs(got[i] - wanted[i]) <= tolerance, `[${i}]: ${got[i]}, expected ${wanted[i]}`);
}

test("equals the definition with the whole affinity matrix", () => {
  assertClose(refined(featureValues), directly(featureValues), 1e-6);
});

test("strips of any size give the same values and gradients", () => {
  for (const stripElements of [1, 5 * n, 1000]) {
    assertClose(refined(featureValues, stripElements), refined(featureValues), 1e-6);
    assertClose(gradient(featureValues, stripElements), gradient(featureValues), 1e-6);
  }
});

test("the gradient equals the numeric one", () => {
  const loss = (features: ArrayLike<number>): number =>
    directly(features).reduce((sum, value, i) => sum + value * upstreamValues[i], 0);
  const step = 1e-5;
  const numeric = Array.from(featureValues, (_, i) => {
    const moved = (by: number): number =>
      loss(Float64Array.from(featureValues, (value, j) => (i === j ? value + by : value)));
    return (moved(step) - moved(-step)) / (2 * step);
  });
  assertClose(gradient(featureValues), numeric, 1e-5);
});

test("a node without features gets the map 0 and a finite gradient", () => {
  const features = featureValues.slice();
  features.fill(0, 0, c);
  assert.deepEqual([...refined(features).subarray(0, k)], new Array(k).fill(0));
  assert.ok(gradient(features).every(Number.isFinite));
});

test("the map gets no gradient", () => {
  const ofMap = tf.tidy(() => {
    const features = tf.tensor4d(featureValues, [b, h, w, c]);
    const loss = (f: tf.Tensor, map: tf.Tensor): tf.Scalar =>
      refineCam(f as tf.Tensor4D, map as tf.Tensor4D)
        .sum()
        .add(map.sum());
    return tf
      .grads(loss)([features, tf.tensor4d(camValues, [b, h, w, k])])[1]
      .dataSync();
  });
  assert.ok(ofMap.every((value) => value === 1));
});

test("maps of another size are refused", () => {
  tf.tidy(() => {
    assert.throws(() => refineCam(tf.zeros([1, 2, 2, 3]), tf.zeros([1, 2, 3, 3])), /expected a map of \[1, 2, 2, k\]/);
  });
});
