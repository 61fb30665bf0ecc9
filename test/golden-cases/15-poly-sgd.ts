/** Case 15: the optimizer on given gradients, four groups of learning rate and weight decay. */

import * as tf from "@tensorflow/tfjs";
import { PolySgd } from "../../src/training/poly-sgd";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { asTensor, toArray } from "../nchw";

/** Multiples of the learning rate, and whether weights decay (docs/method.md, section 1.1). */
const groups = [
  { rate: 1, decays: true },
  { rate: 2, decays: false },
  { rate: 10, decays: true },
  { rate: 20, decays: false },
];

function run(golden: GoldenCase): Computed {
  const computed: Computed = {};
  const variables = groups.map((group, i) => {
    const initial = asTensor(golden.tensor(`p${i}`));
    const variable = tf.variable(initial);
    initial.dispose();
    return { name: `p${i}`, variable, ...group };
  });
  const sgd = new PolySgd(variables, {
    learningRate: golden.attr<number>("lr"),
    weightDecay: golden.attr<number>("wt_dec"),
    steps: golden.attr<number>("max_step"),
    momentum: golden.attr<number>("sgd_momentum"),
    power: golden.attr<number>("power"),
  });
  for (let step = 0; golden.has(`g0_step${step}`); step++) {
    const { learningRate } = sgd;
    computed[`lr_step${step}`] = groups.map(({ rate }) => learningRate * rate);
    const gradients = groups.map((_, i) => asTensor(golden.tensor(`g${i}_step${step}`)));
    sgd.step(gradients);
    tf.dispose(gradients);
    for (const { name, variable } of variables) computed[`${name}_after${step + 1}`] = toArray(variable);
  }
  sgd.dispose();
  for (const { variable } of variables) variable.dispose();
  return computed;
}

export const handlers: GoldenHandler[] = [{ prefixes: ["15_"], run }];
