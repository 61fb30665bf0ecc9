/**
 * Trains the networks of data/mini from nothing, with the steps a user runs: `npm run mini:weights`.
 *
 *   portraits (drawn: one thing each, tags)       → train-seam --stage classification: stands in for ImageNet
 *   scenes (drawn, tags)                          → train-seam --stage classification
 *   data/mini's train images, tags                → infer-seam: class activation maps, confident labels
 *   scenes (boxes, strokes, clicks)               → make-seeds → train-affinity, from the classification network
 *   data/mini's train images, weak labels and maps mixed → make-seeds → train-affinity, going on from there
 *
 * SEAM's own stage is left out: at this width it makes the maps worse (data/mini/README.md has the figures).
 * No mask is learned from, and no val image seen. What is done already is kept: a run that was stopped goes on.
 *
 * usage: mini-weights.ts [--try] [--publish]
 *   --try      a few pictures, one epoch of each training: shows that it runs, learns nothing
 *   --publish  copies the networks, their losses and the maps into data/mini; without it all stays in out/mini-weights
 */

import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../src/atomic-write";
import { useBackend } from "../src/backend";
import { messageOf } from "../src/errors";
import { createReporter } from "../src/running/reporter";
import type { Step, Summary } from "../src/running/step";
import { chartSvg } from "../src/show/chart-svg";
import { inferSeam } from "../src/steps/infer-seam";
import { makeSeeds } from "../src/steps/make-seeds";
import { trainAffinity } from "../src/steps/train-affinity";
import { trainSeam } from "../src/steps/train-seam";
import { drawWeaklyLabelled } from "./mini/drawn";
import { MINI_MAPS } from "./mini/maps";
import { randomPortrait, randomScene } from "./mini/random-scenes";

const [isTry, publishes] = ["--try", "--publish"].map((flag) => process.argv.includes(flag));
const mini = path.join(__dirname, "..", "data", "mini");
const out = path.join(__dirname, "..", "out", isTry ? "mini-weights-try" : "mini-weights");
const at = (...names: string[]): string => path.join(out, ...names);

/** Pictures drawn, how many scenes of them have seeds made, and passes over the list of each training. */
const amounts = isTry
  ? { portraits: 32, scenes: 16, seeded: 8, classifiers: [1, 1], affinity: [1, 1] }
  : { portraits: 1000, scenes: 1200, seeded: 500, classifiers: [20, 10], affinity: [18, 250] };

/** Of 64: a network of this width is 3.8 MB. */
const WIDTH = 6;

/**
 * From scratch the reference's momentum of 5e-4 leads nowhere; jittered colours and dropped channels hide from so narrow a
 * network the little it sees.
 */
const training = { trainList: "train.txt", momentum: 0.9, jitter: false, dropout: false } as const;

/** The sessions, in order. */
const sessions = ["1-portraits", "2-scenes", "3-affinity", "4-affinity-mini"] as const;

const reporter = createReporter();
const stop = new AbortController();

async function main(): Promise<void> {
  await useBackend();
  process.once("SIGINT", () => stop.abort());
  await classify();
  await relate();
  if (publishes) await publish();
}

/** Image tags → classification network → maps of data/mini. */
async function classify(): Promise<void> {
  await drawWeaklyLabelled(at("portraits"), randomPortrait, amounts.portraits, reporter);
  const classifier = { stage: "classification", norm: "batch" } as const;
  await run(trainSeam, {
    ...{ ...training, ...classifier, voc12Root: at("portraits"), weights: "none", width: WIDTH },
    ...{ learningRate: 0.1, batchSize: 32, epochs: amounts.classifiers[0], cropSize: 64, longSide: [64, 80] },
    sessionName: at(sessions[0]),
  });
  await drawWeaklyLabelled(at("scenes"), randomScene, amounts.scenes, reporter);
  await run(trainSeam, {
    ...{ ...training, ...classifier, voc12Root: at("scenes"), weights: at(`${sessions[0]}.safetensors`) },
    ...{ learningRate: 0.05, batchSize: 16, epochs: amounts.classifiers[1], cropSize: 112, longSide: [104, 144] },
    sessionName: at(sessions[1]),
  });
  const weights = at(`${sessions[1]}.safetensors`);
  const labels = { outCam: at("cam"), crf: at("confident"), ...MINI_MAPS };
  await run(inferSeam, { voc12Root: mini, inferList: "train.txt", weights, ...labels });
}

/** Weak labels of every kind → seeds → affinity network. */
async function relate(): Promise<void> {
  const seeded = at("seeded.txt");
  const ids = Array.from({ length: amounts.seeded }, (_, i) => randomScene(i + 1).id);
  await writeAtomic(seeded, `${ids.join("\n")}\n`);
  const mixed = { supervision: "mixed" } as const;
  const drawn = { voc12Root: at("scenes"), inferList: seeded, savePath: at("seeds-scenes"), camLabel: false };
  await run(makeSeeds, { ...mixed, ...drawn });
  const common = { ...training, radius: 4, cropSize: 128 };
  await run(trainAffinity, {
    ...{ ...common, voc12Root: at("scenes"), trainList: seeded, labelDir: at("seeds-scenes") },
    ...{ weights: at(`${sessions[1]}.safetensors`), learningRate: 0.03, batchSize: 8, microBatch: 8 },
    ...{ epochs: amounts.affinity[0], sessionName: at(sessions[2]) },
  });
  const ours = { voc12Root: mini, inferList: "train.txt", savePath: at("seeds-mini"), seamDir: at("confident") };
  await run(makeSeeds, { ...mixed, ...ours });
  await run(trainAffinity, {
    ...{ ...common, voc12Root: mini, labelDir: at("seeds-mini"), weights: at(`${sessions[2]}.safetensors`) },
    ...{ learningRate: 0.01, batchSize: 4, microBatch: 4, epochs: amounts.affinity[1], sessionName: at(sessions[3]) },
  });
}

async function run<C, S extends Summary>(step: Step<C, S>, config: Partial<C>): Promise<void> {
  const summary = await step.run(config, { reporter, signal: stop.signal });
  reporter.finish();
  if (stop.signal.aborted) throw new Error("stopped; the same command goes on");
  process.stdout.write(`${step.describe?.(summary) ?? step.name}\n`);
}

/** What ships: the networks, how their losses fell, and the maps. */
async function publish(): Promise<void> {
  const folder = path.join(mini, "weights");
  for (const [name, session] of [
    ["seam", sessions[1]],
    ["affinity", sessions[3]],
  ] as const)
    await writeAtomic(path.join(folder, `${name}.safetensors`), await fs.readFile(at(`${session}.safetensors`)));
  for (const name of await fs.readdir(at("cam")))
    if (name.endsWith(".npy")) await writeAtomic(path.join(mini, "CAM", name), await fs.readFile(at("cam", name)));
  const series = await Promise.all(sessions.map(lossesOf));
  const titles = { title: "training on data/mini: mean loss of each epoch", xTitle: "step", yTitle: "loss" };
  const rows = series.flatMap(({ name, x, y }) => x.map((step, i) => `${name},${step},${y[i].toFixed(4)}`));
  await writeAtomic(path.join(folder, "losses.csv"), `${["training,step,loss", ...rows].join("\n")}\n`);
  await writeAtomic(path.join(folder, "losses.svg"), chartSvg({ kind: "line", ...titles, series }));
}

/** Mean loss of every epoch, at the step that ended it. */
async function lossesOf(name: string): Promise<{ name: string; x: number[]; y: number[] }> {
  const [head, ...lines] = (await fs.readFile(at(`${name}.csv`), "utf8")).trim().split("\n");
  const [step, epoch, loss] = ["step", "epoch", "loss"].map((column) => head.split(",").indexOf(column));
  const epochs = new Map<number, { last: number; losses: number[] }>();
  for (const cells of lines.map((line) => line.split(",").map(Number))) {
    const entry = epochs.get(cells[epoch]) ?? { last: 0, losses: [] };
    entry.last = cells[step];
    entry.losses.push(cells[loss]);
    epochs.set(cells[epoch], entry);
  }
  const means = [...epochs.values()].map(({ last, losses }) => ({
    last,
    mean: losses.reduce((sum, each) => sum + each, 0) / losses.length,
  }));
  return { name, x: means.map(({ last }) => last), y: means.map(({ mean }) => mean) };
}

main().catch((error: unknown) => {
  process.stderr.write(`mini:weights: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
