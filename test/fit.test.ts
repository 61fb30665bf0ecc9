import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { dropoutFactors } from "../src/graph/a2gnn";
import { type FitInput, fitGraph, upsampleProbabilities } from "../src/graph/fit";
import type { FitOptions } from "../src/graph/fit-options";
import { createImageGraph } from "../src/graph/image-graph";
import type { Loss } from "../src/graph/loss";
import { gridColour, padSeed } from "../src/label-photograph/label-image";
import { Random } from "../src/random";
import { windowedMap } from "../src/window/windowed-map";
import { normalTensor } from "./numeric-gradient";

const [H, W] = [5, 7];
const CLASSES = 3;
const IGNORE = 200;
let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors, "no tensor is left behind"));

const options: FitOptions = {
  hidden: 16,
  layers: 2,
  dropout: 0.5,
  learningRate: 0.03,
  weightDecay: 5e-4,
  steps: [20, 20],
  crfWeight: 0.3,
  multiPoint: false,
  consistencyThreshold: 0,
  seed: 5,
};

/** Left half one kind of feature, right half another; a few seeds on both sides. */
function twoHalves(channels: readonly number[]): { input: FitInput; raw: tf.Tensor2D } {
  const raw = tf.tidy(() => {
    const noise = tf.abs(normalTensor([H * W, 8], 1, 0.1));
    const side = Float32Array.from({ length: H * W * 8 }, (_, i) =>
      Math.floor(i / 8) % W < W / 2 === i % 8 < 4 ? 1 : 0,
    );
    const full = tf.add(noise, tf.tensor2d(side, [H * W, 8]));
    const columns = channels.map((c) => (c < 0 ? tf.zeros([H * W, 1]) : tf.slice(full, [0, c], [-1, 1])));
    return tf.concat(columns, 1) as tf.Tensor2D;
  });
  const seed = new Uint8Array(H * W * 64).fill(IGNORE);
  for (let y = 10; y < 20; y++) for (let x = 0; x < 6; x++) seed[y * W * 8 + x] = 0;
  for (let y = 10; y < 20; y++) for (let x = 48; x < 56; x++) seed[y * W * 8 + x] = 2;
  const affinity = new Float32Array(H * W * 25).map((_, i) => {
    const x = Math.floor(i / 25) % W;
    return x < W / 2 === x + (i % 5) - 2 < W / 2 ? 0.9 : 0.2;
  });
  const graph = createImageGraph(raw, windowedMap(affinity, { height: H, width: W, radius: 2 }));
  const colour = Float32Array.from({ length: H * W * 3 }, (_, i) => (Math.floor(i / 3) % W < W / 2 ? -1 : 1));
  return { raw, input: { graph, classes: CLASSES, ignore: IGNORE, seed, boxes: [], colour } };
}

test("learns the two halves from a few seeds; the same seed gives the same bytes, another seed others", async () => {
  const { input, raw } = twoHalves([0, 1, 2, 3, 4, 5, 6, 7]);
  const first = await fitGraph(input, options);
  const second = await fitGraph(input, options);
  const other = await fitGraph(input, { ...options, seed: 6 });
  assert.deepEqual(first.logits, second.logits);
  assert.deepEqual(first.losses, second.losses);
  assert.notDeepEqual(first.logits, other.logits);
  assert.ok(first.losses[19] < first.losses[0]);
  for (let i = 0; i < H * W; i++) {
    const scores = [...first.logits.subarray(i * CLASSES, (i + 1) * CLASSES)];
    assert.equal(scores.indexOf(Math.max(...scores)), i % W < W / 2 ? 0 : 2);
  }
  input.graph.dispose();
  raw.dispose();
});

test("columns that are 0 for the whole image change nothing", async () => {
  const channels = [-1, 0, 1, 2, ...new Array<number>(70).fill(-1), 3, 4, 5, 6, 7]; // 8 of 79
  const withEmpty = twoHalves(channels);
  // Of the empty ones the first 56 stay, so that 64 columns are left.
  const kept64 = channels.flatMap((channel, i) => (channel >= 0 || i < 59 ? i : []));
  assert.deepEqual([...withEmpty.input.graph.columns], kept64);
  assert.equal(kept64.length, 64);
  const dropped = await fitGraph(withEmpty.input, options);
  const { graph } = withEmpty.input;
  const kept = {
    ...graph,
    features: tf.tidy(() => tf.divNoNan(withEmpty.raw, tf.sum(withEmpty.raw, 1, true)) as tf.Tensor2D),
    columns: Int32Array.from(channels.keys()),
  };
  const whole = await fitGraph({ ...withEmpty.input, graph: kept }, options);
  dropped.losses.forEach((loss, i) => {
    assert.ok(Math.abs(loss - whole.losses[i]) < 1e-5 * Math.max(1, loss));
  });
  tf.dispose([kept.features, withEmpty.raw]);
  graph.dispose();
});

test("boxes: the multi-point loss trains, and a threshold above 0 makes the consistency check bite", async () => {
  const { input, raw } = twoHalves([0, 1, 2, 3, 4, 5, 6, 7]);
  const boxes = [{ xmin: 26, ymin: 3, xmax: 55, ymax: 33, class: 2 }];
  const seed = input.seed.map((label, i) => (i % (W * 8) > 20 && i % (W * 8) < 30 ? 2 : label));
  const recipe = { ...options, multiPoint: true };
  const plain = await fitGraph({ ...input, seed, boxes }, recipe);
  const checked = await fitGraph({ ...input, seed, boxes }, { ...recipe, consistencyThreshold: 0.9 });
  assert.equal(plain.inconsistent, 0);
  assert.ok(checked.inconsistent > 0);
  assert.ok(plain.losses[19] < plain.losses[0]);
  assert.ok(plain.losses.every(Number.isFinite));
  input.graph.dispose();
  raw.dispose();
});

test("no seeds at all: the loss is 0 and stays finite", async () => {
  const { input, raw } = twoHalves([0, 1, 2, 3, 4, 5, 6, 7]);
  const empty = { ...input, seed: new Uint8Array(H * W * 64).fill(IGNORE) };
  const result = await fitGraph(empty, { ...options, steps: [3, 0] });
  assert.ok(result.losses.every((loss) => Math.abs(loss) < 1e-6));
  await assert.rejects(fitGraph({ ...input, seed: input.seed.subarray(1) }, options), /seed pixels/);
  input.graph.dispose();
  raw.dispose();
});

test("an abort stops between two steps and frees everything", async () => {
  const { input, raw } = twoHalves([0, 1, 2, 3, 4, 5, 6, 7]);
  const controller = new AbortController();
  const stopped = fitGraph(
    input,
    { ...options, signal: controller.signal },
    (step) => step === 2 && controller.abort(),
  );
  await assert.rejects(stopped, { name: "AbortError" });
  input.graph.dispose();
  raw.dispose();
});

test("losses read after several steps: the same values, told in order, and NaN is noticed no later", async () => {
  const { input, raw } = twoHalves([0, 1, 2, 3, 4, 5, 6, 7]);
  const short = { ...options, steps: [5, 4] as const };
  const each = await fitGraph(input, { ...short, lossEvery: 1 });
  const told: [number, number][] = [];
  const some = await fitGraph(input, { ...short, lossEvery: 4 }, (step, loss) => told.push([step, loss]));
  assert.deepEqual(some.losses, each.losses);
  assert.deepEqual(some.terms, each.terms);
  assert.deepEqual(some.logits, each.logits);
  assert.deepEqual(
    told,
    [...each.losses].map((loss, step) => [step, loss]),
  );
  for (const [lossEvery, latest] of [
    [1, 3],
    [4, 4],
  ] as const) {
    let steps = 0;
    const spoilt: Loss = ({ step, logits }) => {
      steps++;
      return { value: tf.scalar(step < 2 ? 1 : Number.NaN), dLogits: tf.zerosLike(logits) };
    };
    const training = fitGraph(input, { ...short, lossEvery, losses: [spoilt] });
    await assert.rejects(training, /the training loss became NaN at step 3 of 9/);
    assert.equal(steps, latest);
  }
  await assert.rejects(fitGraph(input, { ...short, lossEvery: 0 }), /lossEvery/);
  raw.dispose();
  input.graph.dispose();
});

test("dropout factors depend on the seed alone and keep the mean", () => {
  const values = (rate: number, seed: number): Float32Array =>
    tf.tidy(() => dropoutFactors([100, 101], rate, seed).dataSync() as Float32Array);
  assert.deepEqual(values(0.5, 1), values(0.5, 1));
  assert.notDeepEqual(values(0.5, 1), values(0.5, 2));
  for (const rate of [0.5, 0.3]) {
    const mean = values(rate, 3).reduce((sum, value) => sum + value, 0) / 10100;
    assert.ok(Math.abs(mean - 1) < 0.03);
  }
});

test("dropout factors are the halves of the generator's draws, in their order", () => {
  for (const [count, rate] of [
    [1000, 0.5],
    [77, 0.3],
    [9, 0],
  ]) {
    const [random, drawn] = [new Random(7), new Random(7)];
    const factors = new Float32Array(count);
    random.scatter(factors, 1.25, Math.round(rate * 65536));
    const wanted = Array.from({ length: Math.ceil(count / 2) }, () => drawn.bits()).flatMap((bits) =>
      [bits & 0xffff, bits >>> 16].map((half) => (half >= Math.round(rate * 65536) ? 1.25 : 0)),
    );
    assert.deepEqual([...factors], wanted.slice(0, count));
    assert.equal(random.bits(), drawn.bits());
  }
});

test("grid colours are the mean of four central pixels; padding is 0; seeds are padded right and below", () => {
  const image = { width: 10, height: 9, data: new Uint8Array(270).fill(124) };
  const colour = gridColour(image, { height: 2, width: 2, stride: 8 });
  const grey = (124 / 255 - 0.485) / 0.229;
  assert.ok(Math.abs(colour[0] - grey) < 1e-6);
  assert.equal(colour[3], 0); // columns 11 and 12 are padding
  const padded = padSeed(
    { width: 10, height: 9, data: new Uint8Array(90).fill(1) },
    { height: 2, width: 2, stride: 8 },
    7,
  );
  assert.deepEqual([padded[9], padded[10], padded[16 * 8 + 9], padded[16 * 9]], [1, 7, 1, 7]);
});

test("probabilities are resized straight to the image and sum to 1", () => {
  const probabilities = upsampleProbabilities(new Float32Array(2 * 3 * 4).fill(0.3), [2, 3], [13, 22]);
  assert.equal(probabilities.length, 13 * 22 * 4);
  assert.ok(probabilities.every((p) => Math.abs(p - 0.25) < 1e-6));
});
