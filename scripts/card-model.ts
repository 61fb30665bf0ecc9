/**
 * `node --import tsx scripts/card-model.ts [--json FILE]`: a model, not a measurement, of what a photograph and a training
 * step cost on an NVIDIA card. Operations, their products and their bytes are counted here, at full width and 500×375
 * pixels; the time that JavaScript and TensorFlow take to issue one operation is measured here, on tensors of 16 numbers;
 * the rates of the card are those of its data sheet, times a share that such code reaches. `npm run gpu-check` on a
 * card replaces all of it.
 */

import fs from "node:fs";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { countOperations } from "../bench/operation-count";
import { CLASSES, HEIGHT, photograph, WIDTH } from "../bench/photographs";
import { AffinityNet, affinityShapes } from "../src/affinity/affinity-net";
import { useBackend } from "../src/backend";
import { boxSeed } from "../src/data/box-seed";
import { VOC } from "../src/data/voc";
import { fitGraph } from "../src/graph/fit";
import type { FitOptions } from "../src/graph/fit-options";
import { createImageGraph, type ImageGraph } from "../src/graph/image-graph";
import { gridColour, padSeed } from "../src/label-photograph/label-image";
import { formulaParameters } from "../src/weights/formula";
import { CELL, windowedMap, windowSize } from "../src/window/windowed-map";

/** One H100 SXM, by its data sheet, and the shares of it that are assumed. */
const CARD = {
  /** Bytes a second. */
  memory: 3.35e12,
  memoryShare: 0.6,
  /** Floating-point operations a second: float32, and TF32 in tensor cores. */
  float32: 67e12,
  tf32: 494e12,
  productShare: 0.5,
  /** Seconds that the shortest kernel takes. */
  shortest: 3e-6,
  /** Seconds that the driver takes for a launch, beside what is measured here. */
  launch: 4e-6,
  /** Bytes a second between card and ordinary memory of the host. */
  bus: 12e9,
} as const;

/** Bytes a second of a sum between processes of one machine, through its memory. */
const SUM_RATE = 8e9;

/** conv4, conv5 and conv6 of ResNet38. */
const CHANNELS = 512 + 1024 + 4096;
const PARAMETERS = 106e6;

/** What the operations of one piece of work amount to. */
interface Work {
  readonly launches: number;
  /** Floating-point operations of products. */
  readonly flop: number;
  /** Of all inputs and outputs. */
  readonly bytes: number;
}

interface Kernel {
  readonly name: string;
  readonly inputShapes: readonly (readonly number[] | undefined)[];
  readonly outputShapes: readonly (readonly number[])[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: "string" } } });
  await useBackend("native");
  const issue = issueTime();
  const forward = await networkWork(HEIGHT, WIDTH);
  const crop = await networkWork(448, 448);
  const lines: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
    process.stdout.write(`${line}\n`);
  };
  say(`Issuing one operation takes ${(issue * 1e6).toFixed(1)} µs of one core here.`);
  say("");
  say("| step | launches | GFLOP | GB | card, float32 | card, TF32 | issuing | step takes |");
  say("|---|---|---|---|---|---|---|---|");
  const steps: Record<string, { work: Work; seconds: number }> = {};
  for (const kind of ["box", "others"] as const) {
    const [plain, withCrf] = await stepWork(kind);
    for (const [name, work] of [
      [kind, plain],
      [`${kind}, with CRF loss`, withCrf],
    ] as const) {
      const times = [CARD.float32, CARD.tf32].map((rate) => onCard(work, rate));
      const issued = work.launches * (issue + CARD.launch);
      const seconds = Math.max(times[0], issued);
      steps[name] = { work, seconds };
      const figures = [...times, issued, seconds].map((time) => `${(1000 * time).toFixed(1)} ms`);
      say(`| ${[name, work.launches.toFixed(0), giga(work.flop), giga(work.bytes), ...figures].join(" | ")} |`);
    }
  }
  say("");
  const network = onCard(forward, CARD.float32);
  say(`ResNet38's forward pass: ${giga(forward.flop)} GFLOP, ${(1000 * network).toFixed(0)} ms in float32.`);
  for (const [kind, count] of [
    ["box", 150],
    ["others", 50],
  ] as const) {
    const both = [steps[kind], steps[`${kind}, with CRF loss`]];
    const alone = network + count * both.reduce((sum, { seconds }) => sum + seconds, 0);
    const card = network + count * both.reduce((sum, { work }) => sum + onCard(work, CARD.float32), 0);
    for (const processes of [1, 4, 8, 16]) {
      const each = Math.max(alone / processes, card);
      say(
        `A photograph, ${kind}, ${processes} processes on the card: ${each.toFixed(2)} s; 10,582 on one card ${hours(10582 * each)}, on eight ${hours((10582 * each) / 8)}.`,
      );
    }
  }
  say("");
  for (const [name, rate] of [
    ["float32", CARD.float32],
    ["TF32", CARD.tf32],
  ] as const) {
    const seconds = 3 * onCard(crop, rate); // the way back is twice the way there
    say(`An affinity training step at 448, batch 1, ${name}: ${seconds.toFixed(3)} s (${giga(3 * crop.flop)} GFLOP).`);
    say("");
    say(
      `| cards | sum of ${giga(PARAMETERS * 4)} GB, float32 | share of a step | bfloat16 | share | images a card for 10 % |`,
    );
    say("|---|---|---|---|---|---|");
    for (const cards of [2, 4, 8]) {
      const [full, half] = [4, 2].map((bytes) => sumTime(cards, PARAMETERS * bytes));
      const share = (sum: number): string => `${((100 * sum) / (sum + seconds)).toFixed(0)} %`;
      const images = Math.ceil((9 * full) / seconds);
      say(
        `| ${[cards, `${full.toFixed(2)} s`, share(full), `${half.toFixed(2)} s`, share(half), images].join(" | ")} |`,
      );
    }
    say("");
  }
  if (values.json !== undefined)
    fs.writeFileSync(values.json, `${JSON.stringify({ card: CARD, issue, steps, forward, crop }, null, 2)}\n`);
}

/** Seconds of work on the card, whose kernels run one after the other: each the longer of its bytes and its products. */
function onCard({ launches, flop, bytes }: Work, rate: number): number {
  const [moving, multiplying] = [bytes / (CARD.memory * CARD.memoryShare), flop / (rate * CARD.productShare)];
  return Math.max(moving, multiplying) + launches * CARD.shortest;
}

/** Seconds of a sum through the host: from the card, around a ring, and back. */
function sumTime(cards: number, bytes: number): number {
  return (2 * bytes) / CARD.bus + (2 * ((cards - 1) / cards) * bytes) / SUM_RATE;
}

/** Seconds of one core for an operation, from the call of TensorFlow.js to its return: additions of 16 numbers, the least of several runs. */
function issueTime(): number {
  const x = tf.ones([4, 4]);
  const times = Array.from({ length: 10 }, () => {
    const before = process.cpuUsage();
    tf.tidy(() => {
      for (let i = 0; i < 2000; i++) tf.add(x, x);
    });
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6 / 2000;
  });
  x.dispose();
  return Math.min(...times);
}

/** Of one step without and one with the gated CRF loss: the difference of trainings that are one step longer. */
async function stepWork(kind: "box" | "others"): Promise<[Work, Work]> {
  const { image, boxes } = photograph();
  const graph = someGraph(WIDTH, HEIGHT, kind === "box" ? 4 : 3, CHANNELS);
  const input = fitInput(graph, image, boxes);
  const workOf = async (steps: readonly [number, number]): Promise<Work> => {
    const counter = countOperations();
    const { kernels } = await tf.profile(async () => {
      await fitGraph(input, { ...recipe(kind, 0), steps, lossEvery: 10 });
      return tf.scalar(0);
    });
    return { ...sumOf(kernels as unknown as Kernel[]), launches: counter.stop().operations };
  };
  const [one, two] = [await workOf([1, 0]), await workOf([2, 0])];
  const [crf, crfAgain] = [await workOf([1, 1]), await workOf([1, 2])];
  graph.dispose();
  return [difference(two, one), difference(crfAgain, crf)];
}

function recipe(kind: "box" | "others", steps: number): FitOptions {
  return {
    ...{ hidden: 256, layers: 3, dropout: 0.5, learningRate: 0.01, seed: 0, consistencyThreshold: 0 },
    ...{ steps: [steps, steps], crfWeight: kind === "box" ? 0.01 : 0.3, multiPoint: kind === "box" },
  };
}

function fitInput(
  graph: ImageGraph,
  image: ReturnType<typeof photograph>["image"],
  boxes: readonly { xmin: number; ymin: number; xmax: number; ymax: number }[],
): Parameters<typeof fitGraph>[0] {
  const classed = boxes.map((box, i) => ({ ...box, class: 3 + 5 * i }));
  const seed = padSeed(boxSeed(classed, image, VOC.ignore), graph, VOC.ignore);
  return { graph, classes: CLASSES, ignore: VOC.ignore, seed, boxes: classed, colour: gridColour(image, graph) };
}

/** Random features and affinities: their values change no count. */
function someGraph(width: number, height: number, radius: number, channels: number): ImageGraph {
  const grid = { height: Math.ceil(height / CELL), width: Math.ceil(width / CELL), radius };
  const affinity = windowedMap(new Float32Array(windowSize(grid)).fill(0.5), grid);
  const features = tf.randomUniform<tf.Rank.R2>([grid.height * grid.width, channels], 0, 1, "float32", 1);
  const graph = createImageGraph(features, affinity);
  features.dispose();
  return graph;
}

/** The affinity network's forward pass, at a sixteenth of its width, scaled: products by its square, bytes with it. */
async function networkWork(height: number, width: number): Promise<Work> {
  const [base, wider] = [4, 16];
  const network = await AffinityNet.load(formulaParameters(affinityShapes(base), 31));
  const image = tf.zeros<tf.Rank.R4>([1, CELL * Math.ceil(height / CELL), CELL * Math.ceil(width / CELL), 3]);
  const counter = countOperations();
  const { kernels } = await tf.profile(() => tf.tidy(() => network.forward(image, 4).affinity));
  const launches = counter.stop().operations;
  network.dispose();
  image.dispose();
  const parts = (kernels as unknown as Kernel[]).map((kernel) => {
    const { flop, bytes } = sumOf([kernel]);
    const ofImage = kernel.inputShapes[0]?.at(-1) === 3;
    return { launches: 0, flop: flop * (ofImage ? wider : wider ** 2), bytes: bytes * wider };
  });
  return {
    launches,
    flop: parts.reduce((sum, part) => sum + part.flop, 0),
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
  };
}

function sumOf(kernels: readonly Kernel[]): Omit<Work, "launches"> {
  let flop = 0;
  let bytes = 0;
  for (const { name, inputShapes, outputShapes } of kernels) {
    flop += productsOf(name, inputShapes, outputShapes);
    if (name === "Reshape" || name === "Identity") continue; // nothing moves
    for (const shape of [...inputShapes, ...outputShapes]) bytes += 4 * sizeOf(shape ?? []);
  }
  return { flop, bytes };
}

function productsOf(name: string, inputs: Kernel["inputShapes"], [output]: Kernel["outputShapes"]): number {
  const [a, b] = inputs;
  if (name === "BatchMatMul" && a !== undefined && b !== undefined) {
    // [.., m, k]·[.., k, n], either turned: k² = |a|·|b| / (|output| · batches)
    const batches = output.length > 2 ? output[0] : 1;
    const inner = Math.sqrt((sizeOf(a.slice(-2)) * sizeOf(b.slice(-2))) / sizeOf(output.slice(-2)));
    return 2 * batches * sizeOf(output.slice(-2)) * inner;
  }
  if (name === "Conv2D" && b !== undefined) return 2 * sizeOf(output) * sizeOf(b.slice(0, 3));
  return 0;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

function difference(a: Work, b: Work): Work {
  return { launches: a.launches - b.launches, flop: a.flop - b.flop, bytes: a.bytes - b.bytes };
}

function giga(value: number): string {
  return (value / 1e9).toPrecision(3);
}

function hours(seconds: number): string {
  return `${(seconds / 3600).toFixed(1)} h`;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
