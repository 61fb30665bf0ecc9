/** Central differences, in the direction of random vectors: the check of every hand-written gradient. */

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Random } from "../src/random";
import { type WindowedMap, windowedMap } from "../src/window/windowed-map";

/**
 * Compares ⟨gradient, v⟩ with (f(x + εv) − f(x − εv)) / 2ε for a few directions v.
 * @param f the loss as a function of x, and its gradient at x
 */
export function assertGradient(
  f: (x: tf.Tensor) => { readonly value: tf.Tensor; readonly gradient?: tf.Tensor },
  x: tf.Tensor,
  options: { readonly epsilon?: number; readonly tolerance?: number; readonly name?: string } = {},
): void {
  const { epsilon = 1e-2, tolerance = 2e-2, name = "gradient" } = options;
  const random = new Random(7);
  tf.tidy(() => {
    const gradient = f(x).gradient;
    assert.ok(gradient !== undefined);
    for (let direction = 0; direction < 3; direction++) {
      const v = tf.tensor(
        Float32Array.from({ length: x.size }, () => random.normal()),
        x.shape,
      );
      const at = (sign: number): number => f(tf.add(x, tf.mul(v, sign * epsilon))).value.dataSync()[0];
      const numeric = (at(1) - at(-1)) / (2 * epsilon);
      const exact = tf.sum(tf.mul(gradient, v)).dataSync()[0];
      const scale = Math.max(Math.abs(numeric), Math.abs(exact), 1e-3);
      assert.ok(
        Math.abs(numeric - exact) <= tolerance * scale,
        `${name}: numeric ${numeric}, by hand ${exact} (direction ${direction})`,
      );
    }
  });
}

/** A tensor of normal numbers from a seed. */
export function normalTensor(shape: number[], seed: number, scale = 1): tf.Tensor {
  const random = new Random(seed);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => scale * random.normal()),
    shape,
  );
}

/** Windowed affinities in (0, 1]; symmetric ones come from distances between random features of the cells. */
export function randomAffinity(
  height: number,
  width: number,
  radius: number,
  seed: number,
  symmetric = true,
): WindowedMap {
  const random = new Random(seed);
  const d = 2 * radius + 1;
  const feature = Float32Array.from({ length: height * width }, () => random.uniform());
  const out = new Float32Array(height * width * d * d);
  for (let i = 0; i < height * width; i++) {
    for (let o = 0; o < d * d; o++) {
      const y = Math.floor(i / width) + Math.floor(o / d) - radius;
      const x = (i % width) + (o % d) - radius;
      if (y < 0 || x < 0 || y >= height || x >= width) continue;
      const difference = Math.abs(feature[i] - feature[y * width + x]);
      out[i * d * d + o] = symmetric || o === (d * d - 1) / 2 ? Math.exp(-difference) : random.uniform();
    }
  }
  return windowedMap(out, { height, width, radius });
}
