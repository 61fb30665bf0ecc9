import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { normaliseBatch } from "../src/network/batch-statistics";
import { ParameterStore } from "../src/network/parameter-store";
import { resnet38 } from "../src/network/resnet38";
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
  const net = resnet38(2);
  const { isFrozen: frozen } = net;
  const options = { trained: "batch", frozen, initialSeed: 1, foldsNorms: true } as const;
  const store = await ParameterStore.load(new Map(), net.parameters, options);
  assert.ok(!store.variables().some(({ parameter: { name } }) => name.startsWith("b2.bn_branch2a")));
  assert.equal(store.variables().filter(({ variable }) => variable.rank === 1).length, 2 * 31);
  assert.equal(store.statistics().length, 2 * 31);
  const conv6 = (norm: "frozen" | "batch" = "frozen"): tf.Tensor =>
    net.trunk(net.stem(images, store.pass()), store.pass({ norm }), ["conv6"]).conv6;
  const images = tf.randomNormal([4, 32, 32, 3], 3, 2, "float32", 2) as tf.Tensor4D;
  tf.tidy(() => {
    const meanSquare = (map: tf.Tensor): number => map.square().mean().dataSync()[0];
    const before = conv6();
    const trained = conv6("batch");
    assert.ok(Math.abs(meanSquare(trained) - 0.5) < 0.1, "half of a standard normal");
    for (let pass = 0; pass < 100; pass++) conv6("batch").dispose();
    const after = conv6();
    assert.ok(Math.abs(meanSquare(before) - 0.5) > 1);
    const difference = meanSquare(after.sub(trained)); // the running variance is the unbiased one
    assert.ok(difference < 0.05, `${difference}`);
  });
  const state = await store.toStateDict();
  assert.deepEqual(
    [...state.keys()],
    net.parameters.map(({ name }) => name),
  );
  assert.ok((state.get("bn7.running_mean")?.data[0] ?? 0) !== 0);
  const again = await ParameterStore.load(state, net.parameters, { foldsNorms: true });
  tf.tidy(() => {
    const [here, there] = [store, again].map((each) => net.forward(images, each.pass(), ["conv6"]).conv6);
    assert.ok(here.sub(there).abs().max().dataSync()[0] < 1e-4, "written and read again it is the same network");
  });
  images.dispose();
  again.dispose();
  store.dispose();
});
