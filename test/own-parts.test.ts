/** Parts that a researcher brings: losses, a node network, an optimiser, features of any network. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import type { Optimiser } from "../src/graph/adam";
import { type FitInput, fitGraph } from "../src/graph/fit";
import { gatedCrf } from "../src/graph/gated-crf";
import { graphFromFeatures } from "../src/graph/graph-from-features";
import { type Loss, lossFromValue, namedLoss, throughSoftmax } from "../src/graph/loss";
import { multiPoint } from "../src/graph/multi-point";
import type { NodeNetwork } from "../src/graph/node-network";
import { seedCrossEntropy } from "../src/graph/seed-cross-entropy";
import { StepLosses } from "../src/graph/step-losses";
import { createUpsampler } from "../src/image-ops/upsampler";
import { Random } from "../src/random";
import { oppositePair, windowArea } from "../src/window/windowed-map";
import { assertGradient, normalTensor } from "./numeric-gradient";

const [H, W, K] = [4, 5, 3];
const IGNORE = 255;
let tensors = 0;
before(async () => {
  await useBackend();
  tensors = tf.memory().numTensors;
});
after(() => assert.equal(tf.memory().numTensors, tensors, "no tensor is left behind"));

/** Left half one kind of feature, right half another, with a seed on either side. Stride 4. */
function problem(): FitInput {
  const random = new Random(1);
  const data = Float32Array.from({ length: H * W * 6 }, (_, i) => {
    const left = Math.floor(i / 6) % W < 2;
    return (left === i % 6 < 3 ? 1 : -1) + random.uniform(-0.2, 0.2);
  });
  const graph = graphFromFeatures({ shape: [H, W, 6], data }, { radius: 2, stride: 4, normalise: "split" });
  const seed = new Uint8Array(H * W * 16).fill(IGNORE);
  for (let y = 4; y < 9; y++) seed.fill(0, y * W * 4, y * W * 4 + 3).fill(2, y * W * 4 + 16, y * W * 4 + 20);
  const colour = Float32Array.from({ length: H * W * 3 }, (_, i) => (Math.floor(i / 3) % W < 2 ? -1 : 1));
  const boxes = [{ xmin: 9, ymin: 2, xmax: 18, ymax: 12, class: 2 }];
  return { graph, classes: K, ignore: IGNORE, seed, colour, boxes };
}

/** Each cell's class, row by row. */
function classesOf(logits: Float32Array): number[] {
  return Array.from({ length: H * W }, (_, i) => {
    const scores = [...logits.subarray(i * K, (i + 1) * K)];
    return scores.indexOf(Math.max(...scores));
  });
}

const wanted = Array.from({ length: H * W }, (_, i) => (i % W < 2 ? 0 : 2));

/** Σ p·(1 − p) / n, with a gradient written by hand. */
function unsure({ probabilities: p }: Parameters<Loss>[0]): ReturnType<Loss> {
  const value = tf.div(tf.sum(tf.mul(p, tf.sub(1, p))), p.shape[0]);
  return { value, dLogits: throughSoftmax(p, tf.div(tf.sub(1, tf.mul(2, p)), p.shape[0])) };
}

const unsureByTape = lossFromValue("unsure by tape", (logits) => {
  const p = tf.softmax(logits);
  return tf.div(tf.sum(tf.mul(p, tf.sub(1, p))), p.shape[0]);
});

/** The same loss, so many times as heavy. */
function weighted(loss: Loss, weight: number): Loss {
  return (state) => {
    const term = loss(state);
    return term && { value: tf.mul(term.value, weight), dLogits: tf.mul(term.dLogits as tf.Tensor2D, weight) };
  };
}

const shortNodes = lossFromValue("short nodes", (_logits, _state, nodes) => tf.mean(tf.square(nodes as tf.Tensor2D)));

/** The value and the gradients of one loss at given logits and nodes. */
function lossAt(
  input: FitInput,
  loss: Loss,
  logits: tf.Tensor,
  nodes: tf.Tensor,
): { value: tf.Tensor; both: tf.Tensor[] } {
  const upsampler = createUpsampler([H, W], [H * 4, W * 4]);
  const losses = new StepLosses(input, [loss], upsampler, 1);
  const { dLogits, dNodes } = losses.at(0, { logits: logits as tf.Tensor2D, nodes: nodes as tf.Tensor2D });
  losses.read();
  losses.dispose();
  upsampler.dispose();
  return { value: tf.scalar(losses.totals[0]), both: [dLogits, dNodes ?? tf.zerosLike(nodes)] };
}

for (const loss of [
  seedCrossEntropy(),
  gatedCrf({ weight: 10 }),
  multiPoint(),
  namedLoss("unsure", unsure),
  unsureByTape,
  shortNodes,
])
  test(`numeric gradient of the loss "${loss.name}"`, () => {
    const input = problem();
    const logits = normalTensor([H * W, K], 3);
    const nodes = tf.tidy(() => tf.add(tf.abs(normalTensor([H * W, 7], 4)), 0.1));
    assertGradient((x) => {
      const { value, both } = lossAt(input, loss, x, nodes);
      return { value, gradient: both[0] };
    }, logits);
    assertGradient((x) => {
      const { value, both } = lossAt(input, loss, logits, x);
      return { value, gradient: both[1] };
    }, nodes);
    tf.dispose([logits, nodes]);
    input.graph.dispose();
  });

test("the built-in losses, named in a list, are the recipe: the same bytes, and their curves sum to the loss", async () => {
  const input = problem();
  const common = { hidden: 8, layers: 1, steps: [4, 4], seed: 2 } as const;
  const recipe = await fitGraph(input, { ...common, multiPoint: true, crfWeight: 0.2, consistencyThreshold: 0.5 });
  const losses = [multiPoint({ consistencyThreshold: 0.5 }), seedCrossEntropy(), gatedCrf({ weight: 0.2, from: 4 })];
  const listed = await fitGraph(input, { ...common, losses });
  assert.deepEqual(listed.logits, recipe.logits);
  assert.deepEqual(Object.keys(listed.terms), ["multiPoint", "seeds", "gatedCrf"]);
  assert.ok(listed.terms.gatedCrf.every((value, step) => (step < 4 ? value === 0 : value > 0)));
  listed.losses.forEach((loss, step) => {
    const sum = Object.values(listed.terms).reduce((total, curve) => total + curve[step], 0);
    assert.ok(Math.abs(loss - sum) < 1e-5 * loss);
  });
  input.graph.dispose();
});

test("a loss of one's own makes labels surer; a second one of the same name has its own curve", async () => {
  const input = problem();
  const common = { hidden: 8, layers: 1, steps: [30, 0], seed: 2, dropout: 0 } as const;
  const without = await fitGraph(input, { ...common, losses: [seedCrossEntropy()] });
  const pushed = await fitGraph(input, {
    ...common,
    losses: [seedCrossEntropy(), unsure, namedLoss("unsure", unsureByTape)],
  });
  const doubt = (logits: Float32Array): number =>
    tf.tidy(() => {
      const p = tf.softmax(tf.tensor2d(logits, [H * W, K]));
      return tf.sum(tf.mul(p, tf.sub(1, p))).dataSync()[0];
    });
  const strongly = await fitGraph(input, { ...common, losses: [seedCrossEntropy(), weighted(unsure, 50)] });
  assert.ok(doubt(strongly.logits) < 0.5 * doubt(without.logits));
  assert.deepEqual(Object.keys(pushed.terms), ["seeds", "unsure", "unsure 2"]);
  pushed.terms.unsure.forEach((value, step) => {
    assert.ok(Math.abs(value - pushed.terms["unsure 2"][step]) < 1e-5);
  });
  input.graph.dispose();
});

/** Two matrices with a ReLU between, and no word of how to differentiate them. */
const perceptron: NodeNetwork = (graph, { classes, seed }) => ({
  parameters: [
    tf.randomNormal([graph.features.shape[1], 8], 0, 1, "float32", seed),
    tf.randomNormal([8, classes], 0, 1, "float32", seed + 1),
  ],
  forward([first, second]) {
    const nodes = tf.relu(tf.matMul(graph.features, first as tf.Tensor2D)) as tf.Tensor2D;
    return { logits: tf.matMul(nodes, second as tf.Tensor2D), nodes };
  },
});

test("a node network of one's own trains by the tape as by hand, and takes every loss", async () => {
  const input = problem();
  const byHand: NodeNetwork = (graph, task) => ({
    ...perceptron(graph, task),
    backward(parameters, { nodes }, { dLogits, dNodes }) {
      const [, second] = parameters as tf.Tensor2D[];
      const through = tf.add(tf.matMul(dLogits, second, false, true), dNodes ?? 0);
      const dHidden = tf.mul(through, tf.step(nodes as tf.Tensor2D)) as tf.Tensor2D;
      return [tf.matMul(graph.features, dHidden, true), tf.matMul(nodes as tf.Tensor2D, dLogits, true)];
    },
  });
  const options = { steps: [20, 20], multiPoint: true, learningRate: 0.05, seed: 3 } as const;
  const taped = await fitGraph(input, { ...options, network: perceptron });
  const written = await fitGraph(input, { ...options, network: byHand });
  taped.logits.forEach((value, i) => {
    assert.ok(Math.abs(value - written.logits[i]) < 1e-3 * Math.max(1, Math.abs(value)));
  });
  assert.deepEqual(classesOf(taped.logits), wanted);
  assert.ok(taped.losses[39] < taped.losses[0]);
  input.graph.dispose();
});

test("an optimiser of one's own, and a result that another training begins with", async () => {
  const input = problem();
  let freed = false;
  const descent = (parameters: tf.Tensor[]): Optimiser => ({
    parameters,
    step(gradients) {
      for (const [i, gradient] of gradients.entries()) {
        const old = parameters[i];
        parameters[i] = tf.tidy(() => tf.sub(old, tf.mul(gradient, 0.5)));
        old.dispose();
      }
    },
    dispose() {
      tf.dispose(parameters);
      freed = true;
    },
  });
  const options = { steps: [30, 0], network: perceptron, optimiser: descent } as const;
  const first = await fitGraph(input, options);
  assert.ok(freed && first.losses[29] < first.losses[0]);
  const resumed = await fitGraph(input, { ...options, steps: [1, 0], initial: first.parameters });
  assert.ok(resumed.losses[0] < first.losses[29]);
  const other = { ...options, network: undefined };
  await assert.rejects(fitGraph(input, { ...other, initial: first.parameters }), /starting parameters/);
  input.graph.dispose();
});

test("losses and networks that do not fit are named", async () => {
  const input = problem();
  const run = (losses: Loss[], network?: NodeNetwork): Promise<unknown> =>
    fitGraph(input, { steps: [1, 0], losses, ...(network === undefined ? {} : { network }) });
  await assert.rejects(run([namedLoss("flat", () => ({ value: tf.scalar(1) }))]), /no gradient \(loss "flat"\)/);
  await assert.rejects(
    run([namedLoss("long", ({ logits }) => ({ value: tf.ones([2]), dLogits: logits }))]),
    /one number as its value, got \[2\] \(loss "long"\)/,
  );
  await assert.rejects(
    run([namedLoss("thin", () => ({ value: tf.scalar(1), dLogits: tf.zeros([2, 2]) }))]),
    /dLogits of \[20,3\], got \[2,2\] \(loss "thin"\)/,
  );
  const logitsAlone: NodeNetwork = (graph, { classes }) => ({
    parameters: [tf.zeros([graph.features.shape[1], classes])],
    forward: ([weights]) => ({ logits: tf.matMul(graph.features, weights as tf.Tensor2D) }),
  });
  await assert.rejects(run([multiPoint()], logitsAlone), /returns its nodes/);
  const { colour: _, ...colourless } = input;
  await assert.rejects(fitGraph(colourless, { steps: [0, 1] }), /the grid's colours/);
  input.graph.dispose();
});

test("features: three forms, one graph; affinity from the features, a function, or a map", () => {
  const nested = [
    [
      [1, 0],
      [0.5, 0.5],
    ],
    [
      [0, 1],
      [0, 3],
    ],
  ];
  const data = nested.flat(2);
  const tensor = tf.tensor3d(data, [2, 2, 2]);
  const graphs = [nested, { shape: [2, 2, 2], data }, tensor].map((features) =>
    graphFromFeatures(features, { radius: 1 }),
  );
  for (const graph of graphs) {
    assert.deepEqual([...graph.features.dataSync()], [1, 0, 0.5, 0.5, 0, 1, 0, 1]);
    assert.deepEqual(graph.affinity, graphs[0].affinity);
  }
  const [{ affinity }] = graphs;
  const area = windowArea(affinity);
  // cells 0 and 1 lie side by side and differ by ½ in either channel
  assert.ok(Math.abs(affinity.values[5] - Math.exp(-0.5)) < 1e-6);
  assert.equal(affinity.values[oppositePair(5, 0, 1, area)], affinity.values[5]);
  const alike = graphFromFeatures(nested, { radius: 1, affinity: (a, b) => (a[0] > 0 === b[0] > 0 ? 1 : 0.25) });
  assert.deepEqual([alike.affinity.values[5], alike.affinity.values[7]], [1, 0.25]);
  const given = graphFromFeatures(nested, { radius: 1, affinity: alike.affinity });
  assert.deepEqual(given.affinity, alike.affinity);
  for (const graph of [...graphs, alike, given]) graph.dispose();
  tensor.dispose();
});

test("features below 0 are refused with the cure, and normalised on request", () => {
  const signed = [
    [
      [-1, 3],
      [1, -3],
    ],
  ];
  assert.throws(() => graphFromFeatures(signed), /got -1 at row 0, column 0, channel 0 .*normalise: "split"/);
  const rows = (normalise: "shift" | "relu" | "softmax" | "split"): number[] => {
    const graph = graphFromFeatures(signed, { normalise, radius: 1 });
    const values = [...graph.features.dataSync()];
    graph.dispose();
    return values;
  };
  assert.deepEqual(rows("shift"), [0, 1, 1, 0]);
  assert.deepEqual(rows("relu"), [0, 1, 1, 0]);
  assert.deepEqual(rows("split"), [0, 0.75, 0.25, 0, 0.25, 0, 0, 0.75]);
  const [low] = rows("softmax");
  assert.ok(Math.abs(low - 1 / (1 + Math.exp(4))) < 1e-6);
});

test("features and affinities that cannot be a graph are named", () => {
  const cells = [
    [
      [1, 2],
      [3, 4],
    ],
  ];
  const refuse = (features: Parameters<typeof graphFromFeatures>[0], options: object, message: RegExp): void => {
    assert.throws(() => graphFromFeatures(features, { where: "cells.npy", ...options }), message);
  };
  refuse([[[1, Number.NaN]]], {}, /finite features, got NaN at row 0, column 0, channel 1 \(cells.npy\)/);
  refuse([[[1, 2], [3]]], {}, /rows and cells of equal lengths/);
  refuse({ shape: [2, 2], data: [1, 2, 3, 4] }, {}, /\[height, width, channels\], got \[2, 2\]/);
  refuse({ shape: [1, 2, 2], data: [1] }, {}, /4 values for \[1, 2, 2\], got 1/);
  refuse([], {}, /got \[0, 0, 0\]/);
  refuse(cells, { affinity: () => 2 }, /affinities from 0 to 1, got 2/);
  refuse(cells, { affinity: () => Number.NaN }, /affinities from 0 to 1, got NaN/);
  const other = { height: 2, width: 1, radius: 4, values: new Float32Array(162) };
  refuse(cells, { affinity: other }, /1×2 cells, radius 4, got 2×1 cells/);
  refuse(cells, { normalise: "sigmoid" }, /"shift", "relu", "softmax" or "split", got "sigmoid"/);
});
