/** What would make a card wait: readings of results, numbers copied to it. Counted at tfjs-node's addon. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { countOperations, countSteps } from "../bench/operation-count";
import { useBackend } from "../src/backend";

before(() => useBackend());

test("a training step reads nothing but its losses, and copies nothing but what it draws", async () => {
  for (const kind of ["box", "others"] as const) {
    const [everyStep] = await countSteps(kind, [96, 80], 1);
    const [everyFifth, withCrf] = await countSteps(kind, [96, 80], 5);
    assert.equal(everyStep.readings, 1, kind);
    assert.ok(everyFifth.readings <= 0.3 && withCrf.readings <= 0.3, `${kind}: ${withCrf.readings} readings a step`);
    // dropout's factors, and two sizes of Adam's step, which change with every step
    for (const { uploads } of [everyStep, withCrf]) assert.ok(uploads <= 3, `${kind}: ${uploads} uploads a step`);
  }
});

test("equal numbers share one tensor, unequal ones and zeros of both signs do not, and a freed one can be used again", () => {
  const numbers = [0.125, -0.125, 0, -0, 1e-30, Number.NaN, Infinity];
  const divided = (): number[] =>
    tf.tidy(() => numbers.map((number) => tf.div(tf.scalar(1), tf.scalar(number)).dataSync()[0]));
  const wanted = numbers.map((number) => Math.fround(1 / Math.fround(number)));
  for (let time = 0; time < 3; time++) assert.deepEqual(divided(), wanted);
  const counter = countOperations();
  assert.deepEqual(divided(), wanted);
  assert.equal(counter.stop().uploads, 0);
  // more of them than are kept
  for (let i = 0; i < 600; i++)
    assert.equal(
      tf.tidy(() => tf.add(tf.scalar(i), 0.5).dataSync()[0]),
      i + 0.5,
    );
  const held = tf.scalar(7.25);
  for (let i = 0; i < 600; i++) tf.tidy(() => tf.add(tf.scalar(1000 + i), held));
  assert.equal(
    tf.tidy(() => tf.mul(held, 2).dataSync()[0]),
    14.5,
  );
  held.dispose();
  assert.deepEqual(divided(), wanted);
});

test("the gradient of a ReLU copies nothing from JavaScript", () => {
  tf.tidy(() => {
    const x = tf.tensor1d([-2, -0, 0, 1e-30, 3, Infinity]);
    tf.add(x, 0).dataSync(); // x is with TensorFlow now
    const upstream = tf.fill([6], 2);
    const gradient = tf.grad((value: tf.Tensor) => tf.relu(value));
    tf.dispose(gradient(x, upstream)); // its numbers are shared from here on
    const counter = countOperations();
    const result = gradient(x, upstream);
    assert.equal(counter.stop().uploads, 0);
    assert.deepEqual([...result.dataSync()], [0, 0, 0, 2, 2, 2]);
    assert.deepEqual([...tf.step(x, 0.5).dataSync()], [0.5, 0.5, 0.5, 1, 1, 1]);
  });
});

test("gather: the values of every axis and its gradient, without reading; indices out of range are refused", () => {
  tf.tidy(() => {
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const indices = tf.tensor1d([2, 0, 2], "int32");
    const counter = countOperations();
    const columns = tf.gather(x, indices, 1);
    const rows = tf.gather(x, tf.tensor2d([1, 0], [2, 1], "int32"));
    const back = tf.grad((value: tf.Tensor) => tf.gather(value as tf.Tensor2D, indices, 1).sum())(x);
    assert.equal(counter.stop().readings, 0);
    assert.deepEqual(columns.arraySync(), [
      [3, 1, 3],
      [6, 4, 6],
    ]);
    assert.deepEqual(rows.arraySync(), [[[4, 5, 6]], [[1, 2, 3]]]);
    assert.deepEqual(back.arraySync(), [
      [1, 0, 2],
      [1, 0, 2],
    ]);
    assert.throws(() => tf.gather(x, tf.tensor1d([3], "int32"), 1), /indices from 0 to 2, got 3/);
    assert.throws(() => tf.gather(x, tf.tensor1d([-1], "int32")), /indices from 0 to 1, got -1/);
  });
});
