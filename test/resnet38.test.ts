import assert from "node:assert/strict";
import test from "node:test";
import * as tf from "@tensorflow/tfjs";
import { AffinityNet, affinityShapes } from "../src/affinity/affinity-net";
import { useBackend } from "../src/backend";
import { UserError } from "../src/errors";
import { FULL_WIDTH } from "../src/network/initial-weights";
import { shapesOf } from "../src/network/layer";
import { ParameterStore } from "../src/network/parameter-store";
import { resnet38 } from "../src/network/resnet38";
import { seamShapes } from "../src/seam/seam-net";
import { formulaParameters } from "../src/weights/formula";

const affinityWeights = (base: number) => formulaParameters(affinityShapes(base), 3);
const backboneWeights = (base: number) => formulaParameters(shapesOf(resnet38(base).parameters), 3);

test("the full-width network has the published shapes", () => {
  const shapes = affinityShapes(FULL_WIDTH);
  assert.deepEqual(shapes.get("b7.conv_branch2b1.weight"), [2048, 1024, 3, 3]);
  assert.deepEqual(shapes.get("b5.conv_branch1.weight"), [1024, 512, 1, 1]);
  assert.equal(shapes.get("b4_5.conv_branch1.weight"), undefined);
  assert.deepEqual(shapes.get("f9.weight"), [448, 448, 1, 1]);
  assert.deepEqual(seamShapes(FULL_WIDTH, 6).get("fc8.weight"), [6, 4096, 1, 1]);
});

test("width comes from the weights; stem and trunk make the whole; sizes need not be multiples of 8", async () => {
  await useBackend();
  const before = tf.memory().numTensors;
  for (const base of [2, 3]) {
    const net = resnet38(base);
    const store = await ParameterStore.load(backboneWeights(base), net.parameters, { foldsNorms: true });
    const pass = store.pass();
    tf.tidy(() => {
      const image = tf.randomNormal([1, 19, 26, 3], 0, 1, "float32", 7) as tf.Tensor4D;
      const whole = net.forward(image, pass, ["conv1", "conv4", "conv6"]);
      assert.deepEqual(Object.keys(whole).sort(), ["conv1", "conv4", "conv6"]);
      assert.deepEqual(whole.conv6.shape, [1, 3, 4, 64 * base]);
      const split = net.trunk(net.stem(image, pass), pass);
      assert.equal(split.conv6.sub(whole.conv6).abs().max().dataSync()[0], 0);
      assert.deepEqual(split.conv5.shape, [1, 3, 4, 16 * base]);
    });
    store.dispose();
  }
  assert.equal(tf.memory().numTensors, before);
});

test("trainable: variables of all but the frozen layers, in a state_dict that loads again", async () => {
  await useBackend();
  const before = tf.memory().numTensors;
  const given = affinityWeights(2);
  const net = await AffinityNet.load(given, { trained: "frozen" });
  const names = net.store.variables().map(({ parameter }) => parameter.name);
  assert.ok(names.includes("b3.conv_branch2a.weight") && names.includes("f9.weight"));
  assert.ok(!names.some((name) => /^(conv1a|b2|b2_1|b2_2)\./.test(name)));
  const state = await net.store.toStateDict();
  assert.deepEqual([...state.keys()].sort(), [...given.keys()].sort());
  for (const [name, { shape, data }] of state) {
    assert.deepEqual(shape, given.get(name)?.shape);
    assert.deepEqual(data, given.get(name)?.data);
  }
  net.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test("dropout changes the output, and only where it is given", async () => {
  await useBackend();
  const before = tf.memory().numTensors;
  const net = await AffinityNet.load(affinityWeights(2));
  tf.tidy(() => {
    const stem = net.stem(tf.randomNormal([2, 16, 16, 3], 0, 1, "float32", 1) as tf.Tensor4D);
    const run = (seeds?: number[]) => net.trainingDistance(stem, 1, seeds).dataSync();
    assert.deepEqual(run([1, 2]), run([1, 2]));
    assert.notDeepEqual(run([1, 2]), run([3, 4]));
    assert.notDeepEqual(run([1, 2]), run());
  });
  net.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test("missing and wrongly shaped parameters are listed by name, new layers can be drawn", async () => {
  await useBackend();
  const before = tf.memory().numTensors;
  const given = affinityWeights(2);
  given.delete("b5.conv_branch1.weight");
  given.delete("f9.weight");
  given.set("b7.bn_branch2b2.bias", { shape: [3], data: new Float32Array(3) });
  await assert.rejects(AffinityNet.load(given), (error: UserError) => {
    assert.ok(error instanceof UserError && error.code === "weights");
    for (const name of ["b5.conv_branch1.weight", "f9.weight", "b7.bn_branch2b2.bias is [3], not [64]"])
      assert.ok(error.message.includes(name), name);
    return true;
  });
  await assert.rejects(AffinityNet.load(new Map()), /conv1a\.weight/);

  const plain = backboneWeights(2);
  plain.set("extra.weight", { shape: [1], data: new Float32Array(1) });
  const net = await AffinityNet.load(plain, { initialSeed: 5 });
  assert.deepEqual(net.store.initialised, ["f8_3.weight", "f8_4.weight", "f8_5.weight", "f9.weight"]);
  assert.deepEqual(net.store.unused, ["extra.weight"]);
  net.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test("calibrated normalisations give every activation mean 0 and deviation 1 before the ReLU", async () => {
  await useBackend();
  const before = tf.memory().numTensors;
  const net = resnet38(2);
  const store = await ParameterStore.load(new Map(), net.parameters, { initialSeed: 1, foldsNorms: true });
  const images = tf.randomNormal([2, 32, 32, 3], 0, 1, "float32", 2) as tf.Tensor4D;
  tf.dispose(net.forward(images, store.calibratingPass()));
  tf.tidy(() => {
    const { conv4, conv6 } = net.forward(images, store.pass(), ["conv4", "conv6"]);
    // half of a standard normal: mean 1/√(2π) ≈ 0.4, mean square 1/2
    for (const tap of [conv4, conv6]) {
      const mean = tap.mean().dataSync()[0];
      const square = tap.square().mean().dataSync()[0];
      assert.ok(mean > 0.3 && mean < 0.5 && square > 0.3 && square < 0.7, `${mean} ${square}`);
    }
  });
  images.dispose();
  store.dispose();
  assert.equal(tf.memory().numTensors, before);
});
