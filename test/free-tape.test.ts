import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { freeTapeAsItGoes } from "../src/training/tape";
import { normalTensor } from "./numeric-gradient";

let tensors = 0;

before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors, "tensors leak"));

const SIZE = 1000;
const LAYERS = 20;

/** Bytes in use when the backward pass comes to the first layer, in units of one activation; and the gradient. */
function gradientOf(free: boolean): { readonly activations: number; readonly gradient: Float32Array } {
  const x = normalTensor([SIZE], 3);
  const before = tf.memory().numBytes;
  let bytes = 0;
  const first = tf.customGrad((value) => ({
    value: (value as tf.Tensor).clone(),
    gradFunc: (dy) => {
      bytes = tf.memory().numBytes - before;
      return dy; // as it came: must not be freed under the hands of what it is added to
    },
  }));
  const last = tf.customGrad((value, save) => {
    const slope = tf.fill(x.shape, 2);
    (save as tf.GradSaveFunc)([slope]);
    // what is saved, as it is: must not be freed before the node that it is handed to
    return { value: (value as tf.Tensor).mul(2), gradFunc: (_, [saved]) => saved };
  });
  const f = (input: tf.Tensor): tf.Tensor => {
    let y = tf.add(first(input), first(input));
    for (let layer = 0; layer < LAYERS; layer++) y = y.sin().mul(y.cos()).add(y);
    const loss = last(y).sum();
    if (free) freeTapeAsItGoes();
    return loss;
  };
  const gradient = tf.grad(f)(x);
  const values = gradient.dataSync<"float32">().slice();
  tf.dispose([x, gradient]);
  return { activations: bytes / (4 * SIZE), gradient: values };
}

test("gradients are the same when the tape is freed as it goes, and the activations are gone by then", () => {
  const [kept, freed] = [false, true].map(gradientOf);
  assert.deepEqual(freed.gradient, kept.gradient);
  assert.ok(kept.activations > 5 * LAYERS, `${kept.activations} kept`);
  assert.ok(freed.activations < LAYERS, `${freed.activations} left`);
});
