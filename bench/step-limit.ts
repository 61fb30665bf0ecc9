/**
 * The training step from made-up features at full width, and what it could be at best on this machine: its products at the
 * rate of a 2048³ product in the same run. Where Python has PyTorch, the reference's step runs in turn with ours.
 */

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { backendInUse } from "../src/backend";
import { boxSeed } from "../src/data/box-seed";
import { VOC } from "../src/data/voc";
import { type FitInput, fitGraph } from "../src/graph/fit";
import type { FitOptions } from "../src/graph/fit-options";
import { createImageGraph } from "../src/graph/image-graph";
import { gridColour, padSeed } from "../src/label-photograph/label-image";
import { Random } from "../src/random";
import { CELL, forEachNeighbour, windowedMap, windowSize } from "../src/window/windowed-map";
import { CLASSES, HEIGHT, photograph, WIDTH } from "./photographs";
import { type Row, row } from "./row";

/** Rows by the names that words of the command line choose from. */
export const STEP_LIMIT_ROWS = ["step, box, times its limit", "step, others, times its limit"] as const;
/** Ours and PyTorch's side run so often in turn. */
const ROUNDS = 2;
/** Steps of ours that do not count: V8 compiles what issues the operations meanwhile. */
const WARM_UP = 8;

/** Columns that are not empty of ResNet38's 5,632 on the benchmark's photograph. */
const CHANNELS = 5504;
/** The side of the square matrices whose product sets the limit. */
const SIDE = 2048;

export type StepKind = "box" | "others";

/**
 * Floating-point operations of the products that a step needs: X·W₀ and XᵀG, and the six products of each attention layer over
 * tiles of 8×8 cells with a halo of 4 or 3 (two on the way there, four back; the step may get by with fewer). What the losses
 * multiply is small beside it.
 */
export const STEP_PRODUCTS: Readonly<Record<StepKind, number>> = { box: stepProducts(4), others: stepProducts(3) };

function stepProducts(radius: number): number {
  const [nodes, hidden, layers] = [63 * 47, 256, 3];
  const [tiles, queries, keys] = [48, 64, (8 + 2 * radius) ** 2];
  return 2 * hidden * (2 * nodes * CHANNELS + 6 * layers * tiles * queries * keys);
}

/**
 * Seconds from some beginning: on one thread those that the processor has worked for this process, which other work on the
 * machine hardly changes, else those that have passed.
 */
export function clock(): number {
  if (backendInUse()?.threads !== 1) return performance.now() / 1000;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Floating-point operations a second of a 2048³ product: the best of several, the first of which only warms up. */
export function productRate(runs = 4): number {
  const matrices = [1, 2].map((seed) => tf.randomUniform<tf.Rank.R2>([SIDE, SIDE], -1, 1, "float32", seed));
  const seconds = Array.from({ length: runs }, () => {
    const started = clock();
    tf.matMul(matrices[0], matrices[1]).dispose();
    return clock() - started;
  });
  tf.dispose(matrices);
  return (2 * SIDE ** 3) / Math.min(...seconds);
}

/** @param python an interpreter; without PyTorch in it, our side runs alone */
export async function benchStepLimit(
  runs: number,
  python: string,
  wanted: (name: string) => boolean,
  add: (row: Row) => void,
): Promise<void> {
  const version = await torchVersion(python);
  if (version === undefined) process.stdout.write(`no PyTorch in ${python} (--python PYTHON): its step is left out\n`);
  for (const [i, kind] of (["box", "others"] as const).entries()) {
    if (!wanted(STEP_LIMIT_ROWS[i])) continue;
    const input = stepInput(kind);
    const [ours, theirs, rates]: number[][] = [[], [], []];
    for (let round = 0; round < ROUNDS; round++) {
      rates.push(productRate());
      ours.push(...(await stepSeconds(kind, input, runs)));
      if (version !== undefined) theirs.push(...(await torchSeconds(python, kind, Math.ceil(runs / ROUNDS))));
    }
    rates.push(productRate());
    input.graph.dispose();
    const rate = Math.max(...rates);
    const limit = STEP_PRODUCTS[kind] / rate;
    const products = `${(STEP_PRODUCTS[kind] / 1e9).toFixed(1)} GFLOP at ${(rate / 1e9).toFixed(0)} GFLOP/s (2048³) are ${limit.toFixed(3)} s`;
    add(row(`step, ${kind}, made-up features`, ours, threadsNote()));
    add(row(STEP_LIMIT_ROWS[i], ours.map((seconds) => seconds / limit), products, "×")); // biome-ignore format: one line
    if (version !== undefined) {
      add(
        row(`step, ${kind}, PyTorch ${version}`, theirs, `of ${kind === "box" ? "three boxes, " : ""}dense attention`),
      );
      const least = Math.min(...theirs) / Math.min(...ours);
      add(row(`step, ${kind}, times as fast`, [least], "the fastest of each", "×"));
    }
  }
}

function threadsNote(): string {
  const threads = backendInUse()?.threads ?? 1;
  return threads === 1 ? "seconds of one thread" : `${threads} threads`;
}

/** Of steps with the gated CRF loss, after those in which JavaScript is not compiled yet. */
async function stepSeconds(kind: StepKind, input: FitInput, steps: number): Promise<number[]> {
  const times: number[] = [];
  let last = clock();
  await fitGraph(input, stepOptions(kind, [0, WARM_UP + steps]), () => {
    times.push(clock() - last);
    last = clock();
  });
  return times.slice(WARM_UP);
}

/** Undefined where there is no such interpreter, or no PyTorch in it. */
async function torchVersion(python: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(python, ["-c", "import torch; print(torch.__version__)"]);
    return stdout.trim();
  } catch {
    return undefined;
  }
}

async function torchSeconds(python: string, kind: StepKind, steps: number): Promise<number[]> {
  const threads = backendInUse()?.threads ?? 1;
  const script = path.join(__dirname, "a2gnn-step-torch.py");
  const { stdout } = await promisify(execFile)(python, [script, kind, `${threads}`, `${steps}`, `${CHANNELS}`]);
  return (JSON.parse(stdout.trim().split("\n").pop() ?? "") as { seconds: number[] }).seconds;
}

/** Random features and affinities of the benchmark's photograph, its own boxes and colours: no network has to run. */
export function stepInput(kind: StepKind): FitInput {
  const { image, boxes } = photograph();
  const grid = { height: Math.ceil(HEIGHT / CELL), width: Math.ceil(WIDTH / CELL), radius: kind === "box" ? 4 : 3 };
  const random = new Random(3);
  const grey = Float32Array.from({ length: grid.height * grid.width }, () => random.uniform());
  const affinity = windowedMap(new Float32Array(windowSize(grid)), grid);
  forEachNeighbour(grid, (pair, node, neighbour) => {
    affinity.values[pair] = Math.exp(-Math.abs(grey[node] - grey[neighbour]));
  });
  const features = tf.randomUniform<tf.Rank.R2>([grid.height * grid.width, CHANNELS], 0, 1, "float32", 1);
  const graph = createImageGraph(features, affinity);
  features.dispose();
  const seed = padSeed(boxSeed(boxes, image, VOC.ignore), graph, VOC.ignore);
  return { graph, classes: CLASSES, ignore: VOC.ignore, seed, boxes, colour: gridColour(image, graph) };
}

/** The recipe of full width. */
export function stepOptions(kind: StepKind, steps: readonly [number, number]): FitOptions {
  return {
    ...{ hidden: 256, layers: 3, dropout: 0.5, learningRate: 0.03, weightDecay: 5e-4, steps, seed: 0 },
    ...{ crfWeight: kind === "box" ? 0.01 : 0.3, multiPoint: kind === "box", consistencyThreshold: 0 },
  };
}
