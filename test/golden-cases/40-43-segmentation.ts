/**
 * Cases 40 to 43: the segmentation networks at width/16: logits at inference, losses and gradients of a training step in one
 * or several parts, running statistics after it. Weights and images are by formula.
 */

import * as tf from "@tensorflow/tfjs";
import type { NormMode } from "../../src/config/norm-mode";
import type { ModelName } from "../../src/config/segmentation-models";
import { resizeBilinear } from "../../src/image-ops/bilinear";
import { resizeNearestCentre } from "../../src/image-ops/nearest";
import type { NdArray } from "../../src/nd-array";
import type { Parameter } from "../../src/network/layer";
import { parameterSource } from "../../src/network/parameter-source";
import { RESNET101_BLOCKS } from "../../src/network/resnet";
import { singleProcess } from "../../src/parallel/communicator";
import { buildNetwork } from "../../src/segmentation/models";
import type { NetworkShape } from "../../src/segmentation/network";
import { Segmenter } from "../../src/segmentation/segmenter";
import { type SegmentationInput, segmentationTask } from "../../src/training/segmentation/segmentation-task";
import { sumCounts } from "../../src/training/step";
import { formulaTensor } from "../../src/weights/formula";
import type { Computed, GoldenCase, GoldenHandler } from "../golden-case";
import { toArray, toNchw } from "../nchw";

/** Every case's model, and what normalises while it trains. */
const MODELS: Readonly<Record<string, readonly [ModelName, NormMode]>> = {
  "40": ["deeplab-v2-resnet101", "frozen"],
  "41": ["deeplab-v2-vgg16", "frozen"],
  "42": ["pspnet-resnet101", "batch"],
  "43": ["tree-fcn-resnet101", "batch"],
};

async function run(golden: GoldenCase): Promise<Computed> {
  const [model, norm] = MODELS[golden.name.slice(0, 2)];
  const stem = model === "deeplab-v2-resnet101" ? "plain" : "deep";
  const [base, classes] = [golden.attr<number>("base"), golden.attr<number>("classes")];
  const shape: NetworkShape = { model, base, classes, stem, blocks: RESNET101_BLOCKS, input: "imagenet" };
  const segmenter = await Segmenter.load(
    parameterSource(parameters(shape, golden.attr<number>("formula_seed"))),
    shape,
    {
      trained: norm,
    },
  );
  const samples = samplesOf(golden, segmenter);
  const [, , side] = golden.attr<number[]>("image");
  const computed: Computed = { logits: logitsOf(segmenter, samples, side) };
  const task = segmentationTask(segmenter, { norm, balanced: false, dropout: false, cropSize: side });
  const { counts } = sumCounts(task.count(samples), samples.length, false, singleProcess);
  const { losses, gradients } = inParts(samples, norm === "batch")
    .map((part) => task.compute(part, counts))
    .reduce(added);
  computed.losses = losses;
  const byName = new Map(task.variables.map(({ name }, i) => [name, gradients[i]]));
  computed.grad_lengths = golden.attr<string[]>("gradients").map((name) => lengthOf(byName.get(name)));
  for (const wanted of golden.names("grad").filter((name) => name !== "grad_lengths"))
    computed[wanted] = pytorchArray(byName.get(wanted.slice("grad_".length).replaceAll("__", ".")) as tf.Tensor);
  for (const { name, variable } of task.statistics ?? [])
    computed[`after_${name.replaceAll(".", "__")}`] = toArray(variable);
  tf.dispose([...gradients]);
  segmenter.dispose();
  return computed;
}

/** By the goldens' ranges: a block's last normalisation is small, so that 101 layers stay well conditioned. */
function parameters(shape: NetworkShape, seed: number): Map<string, NdArray> {
  const range = ({ name, kind, shape: extents }: Parameter): readonly [number, number] => {
    if (kind === "norm weight" && /layer\d\.\d+\.bn3\.weight$/.test(name)) return [0.1, 0.3];
    if (kind === "norm weight" || kind === "running variance") return [0.8, 1.2];
    if (kind !== "kernel") return [-0.1, 0.1];
    const gain = /\.conv_(refine|1x1)\./.test(name) ? 0.5 : 1;
    const bound = gain * Math.sqrt(6 / extents.slice(1).reduce((product, extent) => product * extent, 1));
    return [-bound, bound];
  };
  return new Map(
    buildNetwork(shape).parameters.map((parameter) => {
      const { name, shape } = parameter;
      return [name, { shape, data: formulaTensor(name, shape, seed, ...range(parameter)) }];
    }),
  );
}

function samplesOf(golden: GoldenCase, { network }: Segmenter): SegmentationInput[] {
  const [batch, channels, height, width] = golden.attr<number[]>("image");
  const values = formulaTensor("image", [batch, channels, height, width], golden.attr<number>("formula_seed"), -2, 2);
  const label = Uint8Array.from(golden.tensor("label").data);
  const area = height * width;
  return Array.from({ length: batch }, (_, b) => {
    const own = label.slice(b * area, (b + 1) * area);
    return {
      image: Float32Array.from({ length: area * 3 }, (_, i) => values[(b * 3 + (i % 3)) * area + Math.floor(i / 3)]),
      labels: network
        .labelSides(height)
        .map((side) => resizeNearestCentre(own, { height, width, channels: 1 }, [side, side])),
      seed: 0,
    };
  });
}

/** At inference; where the reference's come at the image's size, every fourth. */
function logitsOf(segmenter: Segmenter, samples: readonly SegmentationInput[], side: number): NdArray<Float32Array> {
  const logits = tf.tidy(() => {
    const grid = segmenter.infer(
      tf.stack(samples.map(({ image }) => tf.tensor3d(image, [side, side, 3]))) as tf.Tensor4D,
    );
    if (!segmenter.network.alignCorners) return grid.clone();
    const whole = resizeBilinear(grid, [side, side], { alignCorners: true });
    return whole.stridedSlice([0, 0, 0, 0], whole.shape, [1, 4, 4, 1]) as tf.Tensor4D;
  });
  const array = toNchw(logits);
  logits.dispose();
  return array;
}

/** Image by image where images do not depend on each other: the parts must add up. */
function inParts<S>(samples: readonly S[], whole: boolean): (readonly S[])[] {
  return whole ? [samples] : samples.map((sample) => [sample]);
}

interface Share {
  readonly losses: readonly number[];
  readonly gradients: readonly tf.Tensor[];
}

function added(a: Share, b: Share): Share {
  const gradients = a.gradients.map((gradient, i) => gradient.add(b.gradients[i]));
  tf.dispose([...a.gradients, ...b.gradients]);
  return { losses: a.losses.map((loss, i) => loss + b.losses[i]), gradients };
}

function lengthOf(gradient: tf.Tensor | undefined): number {
  if (gradient === undefined) return Number.NaN;
  return Math.sqrt((gradient.dataSync() as Float32Array).reduce((sum, value) => sum + value * value, 0));
}

function pytorchArray(gradient: tf.Tensor): NdArray<Float32Array> {
  const turned = gradient.rank === 4 ? gradient.transpose([3, 2, 0, 1]) : gradient.clone();
  const array = toArray(turned);
  turned.dispose();
  return array;
}

export const handlers: GoldenHandler[] = [{ prefixes: ["40_", "41_", "42_", "43_"], run }];
