import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { Random } from "../src/random";
import { SeamNet, seamShapes } from "../src/seam/seam-net";
import type { SeamSample } from "../src/training/seam/seam-sample";
import { seamTask } from "../src/training/seam/seam-task";
import { formulaParameters } from "../src/weights/formula";

let tensors = 0;
let net: SeamNet;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
  net = await SeamNet.load(formulaParameters(seamShapes(4, 3), 1), { trained: "frozen" });
});
after(() => {
  net.dispose();
  assert.equal(tf.memory().numTensors, tensors);
});

const sample = (seed: number): SeamSample => {
  const random = new Random(seed);
  return {
    seed,
    image: Float32Array.from({ length: 40 * 40 * 3 }, () => random.normal()),
    tags: Float32Array.of(seed % 2, 1),
  };
};

test("the four groups of the reference: new layers ten times as fast, weights decay, frozen layers left out", () => {
  const { variables } = seamTask(net);
  const rates = new Map(variables.map(({ name, rate }) => [name, rate]));
  assert.deepEqual(
    ["fc8", "f8_3", "f8_4", "f9", "b3.conv_branch2a", "b7.conv_branch2b2"].map((name) => rates.get(`${name}.weight`)),
    [10, 10, 10, 10, 1, 1],
  );
  assert.ok(variables.every(({ decays }) => decays)); // it has no biases outside the frozen normalisations
  assert.ok(!variables.some(({ name }) => /^(conv1a|b2|b2_1|b2_2)\./.test(name)));
});

test("shares of the images add up to the batch, dropout included", () => {
  const task = seamTask(net);
  const samples = [sample(1), sample(2), sample(3)];
  const counts = task.count(samples);
  assert.deepEqual(counts, [3]);
  const whole = task.compute(samples, counts);
  const parts = samples.map((each) => task.compute([each], counts));
  for (const [i, name] of task.lossNames.entries()) {
    const sum = parts.reduce((total, { losses }) => total + losses[i], 0);
    assert.ok(Math.abs(sum - whole.losses[i]) < 1e-5, `${name}: ${sum}, expected ${whole.losses[i]}`);
  }
  for (const [i, { name }] of task.variables.entries()) {
    const error = tf.tidy(() => {
      const sum = tf.addN(parts.map(({ gradients }) => gradients[i]));
      const scale = whole.gradients[i].abs().max().add(1e-6);
      return sum.sub(whole.gradients[i]).abs().max().div(scale).dataSync()[0];
    });
    assert.ok(error < 1e-4, `gradient of ${name}: ${error}`);
  }
  tf.dispose([...whole.gradients, ...parts.flatMap(({ gradients }) => [...gradients])]);
});

test("dropout depends on the sample's seed and can be switched off", () => {
  const lossOf = (seed: number, dropout?: boolean): number => {
    const task = seamTask(net, { dropout });
    const { losses, gradients } = task.compute([{ ...sample(1), seed }], [1]);
    tf.dispose([...gradients]);
    return losses[0];
  };
  assert.equal(lossOf(1), lossOf(1));
  assert.notEqual(lossOf(1), lossOf(2));
  assert.equal(lossOf(1, false), lossOf(2, false));
});

test("the classification stage: the classifier's loss alone, shares add up, what PCM learns stays as it is", () => {
  const task = seamTask(net, { stage: "classification" });
  assert.deepEqual(task.lossNames, ["loss"]);
  assert.ok(task.variables.every(({ rate }) => rate === 1)); // nothing has learned before
  const samples = [sample(1), sample(2), sample(3)];
  const whole = task.compute(samples, [3]);
  const parts = samples.map((each) => task.compute([each], [3]));
  assert.ok(Math.abs(parts.reduce((sum, { losses }) => sum + losses[0], 0) - whole.losses[0]) < 1e-5);
  const norms = new Map(
    task.variables.map(({ name }, i) => [name, tf.tidy(() => whole.gradients[i].norm().dataSync()[0])]),
  );
  for (const layer of ["f8_3", "f8_4", "f9"]) assert.equal(norms.get(`${layer}.weight`), 0);
  for (const layer of ["fc8", "b7.conv_branch2b2", "b3.conv_branch2a"])
    assert.ok((norms.get(`${layer}.weight`) ?? 0) > 0);
  tf.dispose([...whole.gradients, ...parts.flatMap(({ gradients }) => [...gradients])]);
});

test("the classification loss, by hand: softplus of minus the mean score where tagged, of the score where not", () => {
  const task = seamTask(net, { stage: "classification", dropout: false });
  const only = sample(2); // tags 0, 1
  const { losses, gradients } = task.compute([only], [1]);
  const [first, second] = tf.tidy(() => {
    const { cam } = net.grid(tf.tensor4d(only.image, [1, 40, 40, 3]));
    return [...cam.mean([0, 1, 2]).dataSync()].slice(1);
  });
  const softplus = (x: number): number => Math.log1p(Math.exp(x));
  assert.ok(Math.abs(losses[0] - (softplus(first) + softplus(-second)) / 2) < 1e-5);
  tf.dispose([...gradients]);
});

test("from scratch all layers learn equally fast", () => {
  assert.ok(seamTask(net, { fromScratch: true }).variables.every(({ rate }) => rate === 1));
});

test("normalisations are trained only on request: their vectors do not decay, and a batch is computed at once", async () => {
  assert.ok(seamTask(net).variables.every(({ variable }) => variable.rank === 4));
  assert.deepEqual([seamTask(net).statistics, seamTask(net).wholeShare], [[], false]);
  const weights = formulaParameters(seamShapes(4, 3), 1);
  const trained = await SeamNet.load(weights, { trained: "batch" });
  const task = seamTask(trained, { stage: "classification", batchNorm: { cropSize: 40 } });
  assert.equal(task.wholeShare, true);
  const groups = new Map(task.variables.map(({ name, decays, rate }) => [name, [decays, rate]]));
  assert.deepEqual(groups.get("bn7.weight"), [false, 1]);
  assert.deepEqual(groups.get("bn7.bias"), [false, 1]);
  assert.deepEqual(groups.get("fc8.weight"), [true, 1]);
  assert.ok(!groups.has("b2.bn_branch2a.weight"), "frozen layers keep theirs");
  const statistic = task.statistics?.find(({ name }) => name === "bn7.running_mean");
  const mean = (): number[] => [...(statistic?.variable.dataSync() ?? [])];
  const before = mean();

  const blank = task.compute([], [2]);
  assert.deepEqual([blank.losses, mean()], [[0], before]);
  assert.ok(blank.gradients.every((gradient) => tf.tidy(() => gradient.abs().max().dataSync()[0] === 0)));
  const share = task.compute([sample(1), sample(2)], [2]);
  assert.notDeepEqual(mean(), before);
  const at = task.variables.findIndex(({ name }) => name === "bn7.weight");
  assert.ok(tf.tidy(() => share.gradients[at].abs().max().dataSync()[0]) > 0);
  tf.dispose([...blank.gradients, ...share.gradients]);
  trained.dispose();
});
