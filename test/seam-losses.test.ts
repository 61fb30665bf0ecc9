import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { Random } from "../src/random";
import type { SeamMaps } from "../src/seam/seam-net";
import { seamLosses, shrunken } from "../src/training/seam/seam-losses";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors));

const random = new Random(5);
const map = (size: number): tf.Tensor4D =>
  tf.tensor4d(
    Float32Array.from({ length: size * size * 3 }, () => random.normal()),
    [1, size, size, 3],
  );

test("maps of zeros: chance level, no minimum, no disagreement, and a background that nothing predicts", () => {
  tf.tidy(() => {
    const zero = (size: number): SeamMaps => ({
      cam: tf.zeros([1, size, size, 3]),
      refined: tf.zeros([1, size, size, 3]),
    });
    const losses = seamLosses(zero(10), zero(3), tf.tensor2d([[1, 0]]));
    const value = (x: tf.Scalar): number => x.dataSync()[0];
    assert.deepEqual(losses.classification.map(value), [Math.fround(Math.LN2), Math.fround(Math.LN2)]);
    assert.deepEqual(losses.rvmin.map(value), [0, 0]);
    assert.equal(value(losses.er), 0);
    assert.deepEqual(losses.ecr.map(value), [1, 1]); // 20 % of 3·9 entries: fewer than the 9 of the background
    assert.ok(Math.abs(value(losses.loss) - (Math.LN2 + 2)) < 1e-6);
  });
});

test("cross regularisation: the unrefined maps are targets and get no gradient", () => {
  tf.tidy(() => {
    const [cam1, refined1, cam2, refined2] = [map(10), map(10), map(3), map(3)];
    const tags = tf.tensor2d([[1, 1]]);
    const ecr = (image: SeamMaps, copy: SeamMaps): tf.Scalar => {
      const pair = seamLosses(image, copy, tags).ecr;
      return pair[0].add(pair[1]);
    };
    // Plus their sums, since tfjs refuses a loss without any gradient.
    const ofCams = tf.grads((a, b) =>
      ecr({ cam: a as tf.Tensor4D, refined: refined1 }, { cam: b as tf.Tensor4D, refined: refined2 })
        .add(a.sum())
        .add(b.sum()),
    )([cam1, cam2]);
    for (const gradient of ofCams) assert.ok(gradient.dataSync().every((value) => value === 1));
    const [ofRefined1, ofRefined2] = tf.grads((a, b) =>
      ecr({ cam: cam1, refined: a as tf.Tensor4D }, { cam: cam2, refined: b as tf.Tensor4D }),
    )([refined1, refined2]);
    assert.ok(ofRefined1.abs().sum().dataSync()[0] > 0 && ofRefined2.abs().sum().dataSync()[0] > 0);
  });
});

test("classes that are not tagged take part in the classification alone", () => {
  tf.tidy(() => {
    const [cam1, refined1, cam2, refined2] = [map(10), map(10), map(3), map(3)];
    const gradient = tf.grad((a) => {
      const { rvmin, er } = seamLosses(
        { cam: a as tf.Tensor4D, refined: refined1 },
        { cam: cam2, refined: refined2 },
        tf.tensor2d([[0, 1]]),
      );
      return rvmin[0].add(er) as tf.Scalar;
    })(cam1);
    const perClass = gradient.abs().sum([0, 1, 2]).dataSync();
    assert.equal(perClass[1], 0);
    assert.ok(perClass[2] > 0);
  });
});

test("the small copy has 0.3 of the size, rounded down", () => {
  tf.tidy(() => assert.deepEqual(shrunken(tf.zeros([2, 448, 375, 3])).shape, [2, 134, 112, 3]));
});

test("tags of another class count are refused", () => {
  tf.tidy(() => {
    const maps = { cam: map(3), refined: map(3) };
    assert.throws(() => seamLosses(maps, maps, tf.zeros([1, 3])), /expected tags of \[1, 2\], got \[1, 3\]/);
  });
});
