import * as tf from "@tensorflow/tfjs";
import { createGatedCrf, gatedCrfKernels, gatedCrfLoss, type KernelDescription } from "../../src/graph/gated-crf";
import type { GoldenHandler } from "../golden-case";
import { nchwToRows, rowsToNchw, windowToNchw } from "../window-layout";

export const handlers: GoldenHandler[] = [
  {
    prefixes: ["07_gated_crf"],
    run(golden) {
      const y = golden.floats("y");
      const [, , height, width] = y.shape;
      const radius = golden.attr<number>("radius");
      const colour = nchwToRows(golden.floats("rgb"));
      const kernels = gatedCrfKernels(
        colour.data,
        height,
        width,
        radius,
        golden.attr<KernelDescription[]>("kernels_desc"),
      );
      const mask = (name: string): Float32Array | undefined =>
        golden.has(name) ? golden.floats(name).data : undefined;
      const crf = createGatedCrf(kernels, height, width, radius, {
        source: mask("mask_src"),
        destination: mask("mask_dst"),
      });
      const rows = nchwToRows(y);
      const [value, gradient] = tf.tidy(() => {
        const loss = gatedCrfLoss(tf.tensor2d(rows.data, rows.shape as [number, number]), crf);
        return [loss.value.dataSync() as Float32Array, loss.gradient.dataSync() as Float32Array];
      });
      crf.dispose();
      return {
        loss: value,
        grad_y: rowsToNchw(gradient, y.shape),
        kernels: windowToNchw(kernels, height, width, radius),
      };
    },
  },
];
