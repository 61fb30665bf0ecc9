import * as tf from "@tensorflow/tfjs";
import { createGatedCrf, gatedCrfKernels, gatedCrfLoss, type KernelDescription } from "../../src/graph/gated-crf";
import { throughSoftmax } from "../../src/graph/loss";
import { checkConsistency, clipBoxes, findPoints, multiPointLoss } from "../../src/graph/multi-point";
import { createSeedTargets, crossEntropyOnSeeds } from "../../src/graph/seed-cross-entropy";
import { createUpsampler } from "../../src/image-ops/upsampler";
import type { GoldenCase, GoldenHandler } from "../golden-case";
import { nchwToRows } from "../window-layout";

const IGNORE = 255;

interface CrfAttributes extends KernelDescription {
  readonly radius: number;
  readonly coef: number;
}

/** The loss functions of the reference on given network outputs, without and with the gated CRF. */
function losses(golden: GoldenCase, boxes: { bounds: number[][]; classes: number[] }): Record<string, Float32Array> {
  const from = [golden.attr<number>("f_h"), golden.attr<number>("f_w")] as const;
  const to = [from[0] * 8, from[1] * 8] as const;
  const upsampler = createUpsampler(from, to);
  const { radius, coef, ...kernel } = golden.attr<CrfAttributes>("crf");
  const colour = nchwToRows(golden.floats("rgb")).data;
  const crf = createGatedCrf(gatedCrfKernels(colour, { height: from[0], width: from[1], radius }, [kernel]));
  const clipped = clipBoxes(
    boxes.bounds.map(([xmin, ymin, xmax, ymax], i) => ({ xmin, ymin, xmax, ymax, class: boxes.classes[i] })),
    to,
  );
  const seed = Uint8Array.from(golden.tensor("label").data);
  const out: Record<string, Float32Array> = {};
  const named = tf.tidy(() => {
    const x = golden.floats("x");
    const logits = tf.tensor2d(x.data, x.shape as [number, number]);
    const pixels = upsampler.up(logits);
    const planes = upsampler.upToPlanes(logits);
    const tensors: Record<string, tf.Tensor> = {};
    let multiPoint: { value: tf.Tensor; dLogits: tf.Tensor; dNodes: tf.Tensor } | undefined;
    if (clipped.length > 0) {
      const fts = golden.floats("fts");
      const nodes = tf.tensor2d(fts.data, fts.shape as [number, number]);
      const points = findPoints(pixels, clipped, upsampler);
      const multi = multiPointLoss(planes, nodes, points, upsampler);
      multiPoint = multi;
      checkConsistency(seed, nodes, points, multi.prototypes, upsampler, { threshold: 0, ignore: IGNORE });
      tensors.mp_loss = multi.value;
      tensors.grad_fts_nocrf = multi.dNodes;
      tensors.grad_fts_crf = multi.dNodes;
    }
    const part = (keep: (label: number) => boolean): tf.Tensor => {
      const targets = createSeedTargets(
        seed.map((label) => (keep(label) ? label : IGNORE)),
        x.shape[1],
        IGNORE,
        upsampler,
      );
      const { value } = crossEntropyOnSeeds(logits, planes, targets, upsampler);
      targets.dispose();
      return value;
    };
    tensors.bg_loss = part((label) => label === 0);
    tensors.fg_loss = part((label) => label !== 0);
    const targets = createSeedTargets(seed, x.shape[1], IGNORE, upsampler);
    const seeds = crossEntropyOnSeeds(logits, planes, targets, upsampler);
    targets.dispose();
    const probabilities = tf.softmax(logits);
    const gated = gatedCrfLoss(probabilities, crf);
    tensors.crf_loss = gated.value;
    tensors.loss_nocrf = multiPoint ? tf.add(seeds.value, multiPoint.value) : seeds.value;
    tensors.grad_x_nocrf = multiPoint ? tf.add(seeds.gradient, multiPoint.dLogits) : seeds.gradient;
    tensors.loss_crf = tf.add(tensors.loss_nocrf, tf.mul(gated.value, coef));
    tensors.grad_x_crf = tf.add(
      tensors.grad_x_nocrf,
      throughSoftmax(probabilities, tf.mul(gated.gradient, coef) as tf.Tensor2D),
    );
    return Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync() as Float32Array] as const);
  });
  for (const [name, values] of named) out[name] = values;
  crf.dispose();
  upsampler.dispose();
  out.label_after = Float32Array.from(seed);
  return out;
}

export const handlers: GoldenHandler[] = [
  {
    prefixes: ["10_loss_box"],
    run: (golden) =>
      losses(golden, {
        bounds: golden.attr<number[][]>("boxes_xyxy_as_in_xml"),
        classes: golden.attr<number[]>("class_ids"),
      }),
  },
  { prefixes: ["11_loss_others"], run: (golden) => losses(golden, { bounds: [], classes: [] }) },
];
