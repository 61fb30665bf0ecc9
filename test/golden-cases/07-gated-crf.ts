/** Case 07: the gated CRF loss of a batch; each image has its own kernels, all share one divisor. */

import * as tf from "@tensorflow/tfjs";
import { createGatedCrf, gatedCrfKernels, gatedCrfLoss, type KernelDescription } from "../../src/graph/gated-crf";
import { type NdArray, sizeOf } from "../../src/nd-array";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { nchwToRows, rowsToNchw, windowToNchw } from "../window-layout";

function run(golden: GoldenCase): Computed {
  const y = golden.floats("y");
  const [batch, , height, width] = y.shape;
  const radius = golden.attr<number>("radius");
  const images = Array.from({ length: batch }, (_, i) => {
    const kernels = gatedCrfKernels(
      nchwToRows(item(golden.floats("rgb"), i)).data,
      { height, width, radius },
      golden.attr<KernelDescription[]>("kernels_desc"),
    );
    const mask = (name: string): Float32Array | undefined =>
      golden.has(name) ? item(golden.floats(name), i).data : undefined;
    const masks = { source: mask("mask_src"), destination: mask("mask_dst") };
    const crf = createGatedCrf(kernels, masks);
    const rows = nchwToRows(item(y, i));
    const [loss, gradient] = tf.tidy(() => {
      const { value, gradient } = gatedCrfLoss(tf.tensor2d(rows.data, rows.shape as [number, number]), crf);
      return [value.dataSync()[0], gradient.dataSync() as Float32Array];
    });
    crf.dispose();
    return { cells: crf.cells, loss, gradient, kernels };
  });
  const cells = images.reduce((sum, image) => sum + image.cells, 0);
  const joined = (parts: readonly Float32Array[]): Float32Array =>
    Float32Array.from(parts.flatMap((part) => [...part]));
  const ofImage = y.shape.slice(1);
  return {
    loss: [images.reduce((sum, image) => sum + image.loss * image.cells, 0) / cells],
    grad_y: joined(
      images.map((image) => rowsToNchw(image.gradient, ofImage).data.map((each) => (each * image.cells) / cells)),
    ),
    kernels: joined(images.map((image) => windowToNchw(image.kernels).data)),
  };
}

/** The i-th of a batch, as a batch of one. */
function item({ shape, data }: NdArray<Float32Array>, i: number): NdArray<Float32Array> {
  const one = [1, ...shape.slice(1)];
  return { shape: one, data: data.slice(i * sizeOf(one), (i + 1) * sizeOf(one)) };
}

export const handlers: GoldenHandler[] = [{ prefixes: ["07_gated_crf"], run }];
