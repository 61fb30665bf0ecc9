/** Case 24: three training steps of the width/16 network: losses, the first step's gradients, the weights afterwards. */

import * as tf from "@tensorflow/tfjs";
import { AffinityNet, affinityShapes } from "../../src/affinity/affinity-net";
import { resizeBilinearArray } from "../../src/image-ops/bilinear";
import type { NdArray } from "../../src/nd-array";
import { singleProcess } from "../../src/parallel/communicator";
import { affinityTargets } from "../../src/training/affinity/affinity-targets";
import { type AffinityInput, affinityTask } from "../../src/training/affinity/affinity-task";
import { PolySgd } from "../../src/training/poly-sgd";
import { sumCounts, trainStep } from "../../src/training/step";
import { formulaParameters } from "../../src/weights/formula";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { toNhwc, toOihw } from "../nchw";

async function run(golden: GoldenCase): Promise<Computed> {
  const computed: Computed = {};
  const base = golden.tensor("grad_f8_3__weight").shape[0]; // f8_3 has as many channels as conv1a
  const weights = formulaParameters(affinityShapes(base), golden.attr<number>("formula_seed"));
  const net = await AffinityNet.load(weights, { trained: "frozen" });
  const task = affinityTask(net, { dropout: false });
  const optimizer = new PolySgd(task.variables, {
    learningRate: golden.attr<number>("lr"),
    weightDecay: golden.attr<number>("wt_dec"),
    steps: golden.attr<number>("max_step"),
  });
  const losses: number[] = [];
  const steps = golden.tensor("images").shape[0];
  for (let step = 0; step < steps; step++) {
    const samples = samplesOf(golden, step);
    const totals = sumCounts(task.count(samples), samples.length, false, singleProcess);
    if (step === 0) {
      const { gradients } = task.compute(samples, totals.counts);
      for (const [i, { name }] of task.variables.entries())
        computed[`grad_${name.replaceAll(".", "__")}`] = toOihw(gradients[i]);
      tf.dispose([...gradients]);
    }
    // the first step in parts: they must add up
    const microBatch = step === 0 ? 1 : samples.length;
    losses.push(...trainStep(task, optimizer, samples, totals.counts, singleProcess, microBatch));
  }
  computed.losses = losses;
  for (const [name, array] of await task.toStateDict()) computed[`final_${name.replaceAll(".", "__")}`] = array;
  optimizer.dispose();
  net.dispose();
  return computed;
}

function samplesOf(golden: GoldenCase, step: number): AffinityInput[] {
  const radius = golden.attr<number>("radius");
  const [, batch, , height, width] = golden.tensor("images").shape;
  const [h, w] = [height / 8, width / 8];
  return Array.from({ length: batch }, (_, i) => {
    const nhwc = toNhwc(part(golden.tensor("images"), step * batch + i, [1, 3, height, width]));
    const image = nhwc.dataSync() as Float32Array;
    nhwc.dispose();
    const [label, inside] = ["labels", "croppings"].map((name) =>
      Uint8Array.from(part(golden.tensor(name), step * batch + i, [h, w]).data),
    );
    const colour = resizeBilinearArray(image, { height, width, channels: 3 }, [h, w]);
    const geometry = { height: h, width: w, radius, shape: "window" as const };
    return { image, seed: 0, targets: affinityTargets(label, inside, colour, 255, geometry) };
  });
}

/** The i-th block of a shape. */
function part({ data }: NdArray, i: number, shape: number[]): NdArray<Float32Array> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: Float32Array.from(data.slice(i * size, (i + 1) * size)) };
}

export const handlers: GoldenHandler[] = [{ prefixes: ["24_"], run }];
