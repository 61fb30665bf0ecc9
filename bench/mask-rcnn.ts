/**
 * `npx tsx bench/mask-rcnn.ts [step] [inference] [--short N] [--python PYTHON] [--threads N]`: what one training step and one inference of
 * Mask R-CNN cost at full width (ResNet50, 91 classes, weights by formula), on a synthetic photograph whose short side is 800
 * pixels or N, in a process of its own each; the second of two is timed. With a Python that has torchvision, the same of that
 * library in the same run (mask-rcnn-torchvision.py), and how far its detections are from ours.
 */

import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { intersection, maskIou } from "../src/instances/mask-overlap";
import { maskArea, type Rle } from "../src/instances/rle";
import { detectInstances } from "../src/mask-rcnn/detect";
import { InstanceSegmenter } from "../src/mask-rcnn/instance-segmenter";
import { BACKBONES, type MaskRcnnShape, maskRcnn } from "../src/mask-rcnn/network";
import { type ImageSides, inputExtent } from "../src/mask-rcnn/network-input";
import { variantOf } from "../src/mask-rcnn/variant";
import type { NdArray } from "../src/nd-array";
import { singleProcess } from "../src/parallel/communicator";
import { instanceSample } from "../src/training/mask-rcnn/instance-sample";
import { maskRcnnTask } from "../src/training/mask-rcnn/mask-rcnn-task";
import { PolySgd } from "../src/training/poly-sgd";
import { trainStep } from "../src/training/step";
import { openWeights } from "../src/weights/checkpoint";
import { formulaTensor } from "../src/weights/formula";
import { writeSafetensors } from "../src/weights/safetensors";
import { syntheticPhotograph } from "./synthetic-photograph";

const KINDS = ["step", "inference"] as const;

type Kind = (typeof KINDS)[number];

const SHAPE: MaskRcnnShape = { ...BACKBONES["mask-rcnn-resnet50-fpn"], base: 64, classes: 91, strideAt: "3x3" };
const [WIDTH, HEIGHT] = [640, 480];
const folder = path.join(os.tmpdir(), "a2gnn-bench");
const files = {
  weights: path.join(folder, "mask-rcnn-full-width-2.safetensors"),
  image: path.join(folder, "mask-rcnn-image.safetensors"),
};

interface Measured {
  readonly seconds: number;
  /** Of all threads, in user and system mode: what another process on the machine changes least. */
  readonly cpuSeconds: number;
  readonly peakGigabytes: number;
  readonly losses?: readonly number[];
  readonly boxes?: readonly number[][];
  readonly scores?: readonly number[];
  /** Run lengths of each detection's mask, as COCO counts. */
  readonly masks?: readonly (readonly number[])[];
}

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  if (words[0] === "--one") {
    process.stdout.write(JSON.stringify(await measure(words[1] as Kind, { short: Number(words[2]), long: 1333 })));
    return;
  }
  const value = (flag: string): string | undefined => {
    const at = words.indexOf(flag);
    return at < 0 ? undefined : words.splice(at, 2)[1];
  };
  const [python, threads] = [value("--python"), value("--threads") ?? String(os.availableParallelism())];
  const short = value("--short") ?? "800";
  await writeFiles();
  process.stdout.write(`${os.cpus()[0].model}, ${threads} threads, Node ${process.version}\n`);
  process.stdout.write("what       library        seconds    CPU s  peak GB\n");
  for (const kind of KINDS.filter((each) => words.length === 0 || words.includes(each))) {
    const ours = await inProcess(process.execPath, [...process.execArgv, __filename, "--one", kind, short], threads);
    process.stdout.write(formatRow(kind, "this one", ours));
    if (python === undefined) continue;
    const script = path.join(__dirname, "mask-rcnn-torchvision.py");
    const theirs = await inProcess(python, [script, kind, files.weights, files.image, threads, short], threads);
    process.stdout.write(formatRow(kind, "torchvision", theirs));
    process.stdout.write(comparison(ours, theirs));
  }
}

async function inProcess(program: string, words: readonly string[], threads: string): Promise<Measured> {
  const env = { ...process.env, TF_NUM_INTRAOP_THREADS: threads };
  const { stdout } = await promisify(execFile)(program, [...words], { env, maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as Measured;
}

function formatRow(kind: Kind, library: string, { seconds, cpuSeconds, peakGigabytes }: Measured): string {
  return `${kind.padEnd(10)} ${library.padEnd(12)} ${seconds.toFixed(2).padStart(9)} ${cpuSeconds.toFixed(2).padStart(8)} ${peakGigabytes.toFixed(2).padStart(8)}\n`;
}

function comparison(ours: Measured, theirs: Measured): string {
  if (ours.losses !== undefined) return `           losses ${ours.losses.map((each, i) => `${each.toPrecision(4)} / ${theirs.losses?.[i]?.toPrecision(4)}`).join(", ")}\n`; // biome-ignore format: one line
  const [a, b] = [ours.boxes ?? [], theirs.boxes ?? []];
  const apart = (one: readonly number[], other: readonly number[]): number =>
    Math.max(...one.map((edge, i) => Math.abs(edge - other[i])));
  // equal scores have no order: each detection is compared with the nearest
  const nearest = a.map((box) => b.map((other) => apart(box, other)).reduce((best, far, i, all) => (far < all[best] ? i : best), 0)); // biome-ignore format: one line
  const far = Math.max(...a.map((box, i) => apart(box, b[nearest[i]])));
  const scores = Math.max(...(ours.scores ?? []).map((each, i) => Math.abs(each - (theirs.scores?.[i] ?? Number.NaN))));
  return `           ${a.length} and ${b.length} detections; boxes differ by ${far.toPrecision(2)} pixels, scores by ${scores.toPrecision(2)}; ${maskComparison(ours, theirs, nearest)}\n`;
}

function maskComparison({ masks: a = [] }: Measured, { masks: b = [] }: Measured, nearest: readonly number[]): string {
  const rle = (counts: readonly number[]): Rle => ({ width: WIDTH, height: HEIGHT, counts: Uint32Array.from(counts) });
  const pairs = a.map((counts, i) => [rle(counts), rle(b[nearest[i]])] as const);
  const apart = pairs.map(([one, other]) => maskArea(one) + maskArea(other) - 2 * intersection(one, other));
  const least = Math.min(...pairs.map(([one, other], i) => (apart[i] === 0 ? 1 : maskIou(one, other))));
  const pixels = pairs.reduce((sum, [one]) => sum + maskArea(one), 0);
  return `masks by ${apart.reduce((sum, each) => sum + each, 0)} of ${pixels} pixels, least IoU ${least.toFixed(4)}`;
}

async function measure(kind: Kind, sides: ImageSides): Promise<Measured> {
  await useBackend("native");
  const file = await openWeights(files.weights);
  const options = { variant: "torchvision", trained: kind === "step" } as const;
  const segmenter = await InstanceSegmenter.load(file, SHAPE, options).finally(() => file.close());
  const { image, instances } = picture();
  const run = kind === "step" ? stepOf(segmenter, image, instances, sides) : inferenceOf(segmenter, image, sides);
  run();
  const cpu = process.cpuUsage();
  const started = performance.now();
  const found = run();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    seconds,
    cpuSeconds: (user + system) / 1e6,
    peakGigabytes: process.resourceUsage().maxRSS / 2 ** 20,
    ...found,
  };
}

type Run = () => Pick<Measured, "losses" | "boxes" | "scores" | "masks">;

function stepOf(
  segmenter: InstanceSegmenter,
  image: ReturnType<typeof picture>["image"],
  instances: ReturnType<typeof picture>["instances"],
  sides: ImageSides,
): Run {
  const task = maskRcnnTask(segmenter);
  const optimizer = new PolySgd(task.variables, { learningRate: 1e-6, weightDecay: 1e-4, momentum: 0.9, steps: 100 });
  const extent = inputExtent(image, sides, variantOf("torchvision"));
  return () => {
    const sample = { seed: 1, ...instanceSample(image, instances, extent, false, "imagenet") };
    return { losses: trainStep(task, optimizer, [sample], task.count([sample]), singleProcess) };
  };
}

function inferenceOf(segmenter: InstanceSegmenter, image: ReturnType<typeof picture>["image"], sides: ImageSides): Run {
  return () => {
    const found = detectInstances(segmenter, image, { sides });
    return {
      boxes: found.map(({ box: [x, y, w, h] }) => [x, y, x + w, y + h]),
      scores: found.map(({ score }) => score),
      masks: found.map(({ mask }) => [...mask.counts]),
    };
  };
}

function picture() {
  const { image, boxes } = syntheticPhotograph(WIDTH, HEIGHT, 1);
  const instances = boxes.map(({ xmin, ymin, xmax, ymax }, i) => {
    const [width, height] = [xmax - xmin + 1, ymax - ymin + 1];
    const mask = { left: xmin, top: ymin, width, height, data: new Uint8Array(width * height).fill(1) };
    return { class: 1 + i, box: [xmin, ymin, width, height] as const, mask };
  });
  return { image, instances };
}

async function writeFiles(): Promise<void> {
  fs.mkdirSync(folder, { recursive: true });
  const { image, instances } = picture();
  const float = (shape: number[], data: Iterable<number>): NdArray => ({ shape, data: Float32Array.from(data) });
  const boxes = instances.flatMap(({ box: [x, y, w, h] }) => [x, y, x + w, y + h]);
  await writeSafetensors(
    files.image,
    new Map([
      ["image", float([HEIGHT, WIDTH, 3], image.data)],
      ["boxes", float([instances.length, 4], boxes)],
    ]),
  );
  if (fs.existsSync(files.weights)) return;
  const state = maskRcnn(SHAPE).parameters.map(({ name, shape, kind }): [string, NdArray] => {
    const isLast = name.endsWith("bn3.weight");
    const gain = name.includes("bbox_pred")
      ? 0.05
      : name.includes("cls_score")
        ? 1
        : name.includes("cls_logits")
          ? 0.5
          : 1;
    const bound = gain * Math.sqrt(6 / tf.util.sizeFromShape(shape.slice(1)));
    const [low, high] = isLast ? [0.1, 0.3] : kind === "norm weight" || kind === "running variance" ? [0.8, 1.2] : kind === "kernel" ? [-bound, bound] : [-0.1, 0.1]; // biome-ignore format: one line
    return [name, { shape, data: formulaTensor(name, shape, 31, low, high) }];
  });
  await writeSafetensors(files.weights, new Map(state));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
