import * as tf from "@tensorflow/tfjs";
import { Adam } from "../../src/graph/adam";
import type { GoldenHandler } from "../golden-case";

export const handlers: GoldenHandler[] = [
  {
    prefixes: ["16_adam"],
    run(golden) {
      const inputs = golden.names("input");
      const parameters = inputs.filter((name) => /^p\d+$/.test(name));
      const steps = inputs.filter((name) => name.startsWith("g0_step")).length;
      const [beta1, beta2] = golden.attr<number[]>("betas");
      const load = (name: string): tf.Tensor => {
        const { shape, data } = golden.floats(name);
        return tf.tensor(data, [...shape]);
      };
      const adam = new Adam(parameters.map(load), {
        learningRate: golden.attr("lr"),
        weightDecay: golden.attr("weight_decay"),
        beta1,
        beta2,
        epsilon: golden.attr("eps"),
      });
      const out: Record<string, Float32Array> = {};
      for (let step = 0; step < steps; step++) {
        const gradients = parameters.map((name) => load(`g${name.slice(1)}_step${step}`));
        adam.step(gradients);
        tf.dispose(gradients);
        parameters.forEach((name, i) => {
          out[`${name}_after${step + 1}`] = adam.parameters[i].dataSync() as Float32Array;
        });
      }
      adam.dispose();
      return out;
    },
  },
];
