import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { runningNorm } from "../src/network/batch-norm";
import { normaliseBatch } from "../src/network/batch-statistics";
import { initialNetwork } from "../src/network/initial-head";
import { parameterShapes } from "../src/network/layout";
import { ResNet38 } from "../src/network/resnet38";
import { normaliseTrained } from "../src/network/trained-norm";
import { assertGradient, normalTensor } from "./numeric-gradient";

let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors, "tensors leak"));

test("batch normalisation by the batch: mean 0 and variance 1, and its gradient", () => {
  tf.tidy(() => {
    const x = normalTensor([3, 4, 5, 2], 1, 3) as tf.Tensor4D;
    const [weight, bias] = [tf.tensor1d([1.5, 0.5]), tf.tensor1d([0.2, -0.1])];
    let count = 0;
    const plain = normaliseBatch(x, tf.ones([2]), tf.zeros([2]), {
      relu: false,
      onStatistics: (_mean, _variance, values) => {
        count = values;
      },
    });
    const { mean, variance } = tf.moments(plain, [0, 1, 2]);
    assert.equal(count, 60);
    for (const value of mean.dataSync()) assert.ok(Math.abs(value) < 1e-5);
    for (const value of variance.dataSync()) assert.ok(Math.abs(value - 1) < 1e-4);
    const upstream = normalTensor(x.shape, 2);
    const loss = (input: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Scalar =>
      normaliseBatch(input as tf.Tensor4D, gamma as tf.Tensor1D, beta as tf.Tensor1D, { relu: false })
        .mul(upstream)
        .sum() as tf.Scalar;
    for (const [i, at] of [x, weight, bias].entries()) {
      const others = [x, weight, bias];
      const f = (value: tf.Tensor): tf.Scalar => {
        const all = others.map((each, k) => (k === i ? value : each));
        return loss(all[0], all[1], all[2]);
      };
      assertGradient((value) => ({ value: f(value), gradient: tf.grad(f)(value) }), at, { name: `input ${i}` });
    }
  });
});

test("running statistics move a tenth of the way to the batch's mean and unbiased variance", () => {
  const vector = (values: number[]) => tf.tidy(() => tf.tensor1d(values).variable()) as tf.Variable<tf.Rank.R1>;
  const values = { weight: tf.tensor1d([1]), bias: tf.tensor1d([0]), mean: vector([1]), variance: vector([2]) };
  const pass = (counts?: boolean): void =>
    tf.tidy(() => {
      normaliseTrained(tf.tensor4d([2, 4, 6, 8], [4, 1, 1, 1]), { name: "bn", ...values }, true, { counts });
    });
  const running = (): number[] => [values.mean, values.variance].map((each) => each.dataSync()[0]);
  pass(false); // nothing of this batch is here
  assert.deepEqual(running(), [1, 2]);
  pass();
  const [mean, variance] = running();
  assert.ok(Math.abs(mean - (0.9 + 0.5)) < 1e-6); // (2 + 4 + 6 + 8) / 4 = 5
  assert.ok(Math.abs(variance - (1.8 + 2 / 3)) < 1e-6); // 20 / 3
  tf.dispose(Object.values(values));
});

test("in ResNet38: what is trained follows the batch while training and the running statistics otherwise", async () => {
  const shapes = parameterShapes(2, "backbone");
  const initial = initialNetwork(1);
  const weights = new Map([...shapes].map(([name, shape]) => [name, initial(name, shape)]));
  const net = await ResNet38.load(weights, {
    trainable: true,
    frozen: ["conv1a", "b2", "b2_1", "b2_2"],
    norm: "batch",
  });
  const { parameters } = net;
  assert.equal(parameters.trainedNorm("b2.bn_branch2a"), undefined);
  assert.equal(parameters.variables().filter(({ variable }) => variable.rank === 1).length, 2 * 31);
  assert.equal(parameters.statistics().length, 2 * 31);
  const images = tf.randomNormal([4, 32, 32, 3], 3, 2, "float32", 2) as tf.Tensor4D;
  tf.tidy(() => {
    const meanSquare = (map: tf.Tensor): number => map.square().mean().dataSync()[0];
    const before = net.trunk(net.stem(images), { taps: ["conv6"] }).conv6;
    const trained = net.trunk(net.stem(images), { taps: ["conv6"], batch: {} }).conv6;
    assert.ok(Math.abs(meanSquare(trained) - 0.5) < 0.1, "half of a standard normal");
    for (let pass = 0; pass < 100; pass++) tf.dispose(net.trunk(net.stem(images), { batch: {} }));
    const after = net.trunk(net.stem(images), { taps: ["conv6"] }).conv6;
    assert.ok(Math.abs(meanSquare(before) - 0.5) > 1);
    const difference = meanSquare(after.sub(trained)); // the running variance is the unbiased one
    assert.ok(difference < 0.05, `${difference}`);
    const norm = parameters.trainedNorm("bn7");
    assert.ok(norm !== undefined && runningNorm(norm).shift.abs().max().dataSync()[0] > 0);
  });
  const state = await parameters.toStateDict();
  assert.deepEqual(new Set(state.keys()), new Set(shapes.keys()));
  assert.ok((state.get("bn7.running_mean")?.data[0] ?? 0) !== 0);
  const frozen = await ResNet38.load(state);
  tf.tidy(() => {
    const [here, there] = [net, frozen].map((each) => each.forward(images, { taps: ["conv6"] }).conv6);
    assert.ok(here.sub(there).abs().max().dataSync()[0] < 1e-4, "written and read again it is the same network");
  });
  images.dispose();
  frozen.dispose();
  net.dispose();
});
