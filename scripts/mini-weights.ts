/**
 * Trains the networks of data/mini from nothing, with the steps a user runs: `npm run mini:weights`.
 *
 *   scenes (drawn, with boxes, strokes, clicks)   → make-seeds → train-affinity, from scratch
 *   data/mini's train images, weak labels mixed   → make-seeds → train-affinity, going on from there
 *
 * With --tags also the chain from image tags alone, whose maps are too poor to ship (data/mini/README.md has the figures):
 *
 *   portraits (drawn: one thing each), scenes     → train-seam --stage classification: stands in for ImageNet
 *   scenes                                        → train-seam
 *   data/mini's train images                      → infer-seam: maps and confident labels
 *
 * No mask is learned from, and no val image seen. What is done already is kept: a run that was stopped goes on.
 *
 * usage: mini-weights.ts [--tags] [--try] [--publish]
 *   --try      a few pictures, one epoch of each training: shows that it runs, learns nothing
 *   --publish  copies the affinity network and its losses into data/mini/weights; without it all stays in out/mini-weights
 */

import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../src/atomic-write";
import { useBackend } from "../src/backend";
import { chartSvg } from "../src/chart/chart-svg";
import { messageOf } from "../src/errors";
import { createReporter } from "../src/running/reporter";
import type { Step, Summary } from "../src/running/step";
import { inferSeam } from "../src/steps/infer-seam";
import { makeSeeds } from "../src/steps/make-seeds";
import { trainAffinity } from "../src/steps/train-affinity";
import { trainSeam } from "../src/steps/train-seam";
import { drawWeaklyLabelled } from "./mini/drawn";
import { randomPortrait, randomScene } from "./mini/random-scenes";

const [isTry, publishes, fromTags] = ["--try", "--publish", "--tags"].map((flag) => process.argv.includes(flag));
const mini = path.join(__dirname, "..", "data", "mini");
const out = path.join(__dirname, "..", "out", isTry ? "mini-weights-try" : "mini-weights");
const at = (...names: string[]): string => path.join(out, ...names);

/** Pictures drawn, and passes over the list of each training. */
const amounts = isTry
  ? { scenes: 20, first: 1, second: 1, portraits: 20, tagged: 20, classifiers: [1, 1], seam: 1 }
  : { scenes: 300, first: 40, second: 400, portraits: 400, tagged: 600, classifiers: [40, 40], seam: 3 };

/** Of 64: a network of this width is 3.8 MB. */
const WIDTH = 6;
const SCRATCH = { weights: "none", width: WIDTH } as const;

/**
 * From scratch the reference's momentum of 5e-4 leads nowhere; jittered colours and dropped channels hide from so narrow a
 * network the little it sees.
 */
const training = { trainList: "train.txt", momentum: 0.9, jitter: false, dropout: false } as const;

const reporter = createReporter();
const stop = new AbortController();

async function main(): Promise<void> {
  await useBackend();
  process.once("SIGINT", () => stop.abort());
  await relate();
  if (fromTags) await classify();
  if (publishes) await publish();
}

/** Weak labels of every kind → seeds → affinity network. */
async function relate(): Promise<void> {
  const scenes = at("scenes");
  await drawWeaklyLabelled(scenes, randomScene, amounts.scenes, reporter);
  const seeds = { inferList: "train.txt", supervision: "mixed", camLabel: false } as const;
  await run(makeSeeds, { ...seeds, voc12Root: scenes, savePath: at("seeds-scenes") });
  const common = { ...training, radius: 4, cropSize: 128 };
  const first = { ...SCRATCH, batchSize: 8, microBatch: 8, lr: 0.02, epochs: amounts.first };
  const drawn = { voc12Root: scenes, labelDir: at("seeds-scenes"), sessionName: at("1-scenes") };
  await run(trainAffinity, { ...common, ...first, ...drawn });
  await run(makeSeeds, { ...seeds, voc12Root: mini, savePath: at("seeds-mini") });
  const second = {
    weights: at("1-scenes.safetensors"),
    batchSize: 4,
    microBatch: 4,
    lr: 0.005,
    epochs: amounts.second,
  };
  const ours = { voc12Root: mini, labelDir: at("seeds-mini"), sessionName: at("2-mini") };
  await run(trainAffinity, { ...common, ...second, ...ours });
}

/** Image tags → classification network → SEAM's → maps. */
async function classify(): Promise<void> {
  const [portraits, scenes] = [at("portraits"), at("scenes-tagged")];
  await drawWeaklyLabelled(portraits, randomPortrait, amounts.portraits, reporter);
  await drawWeaklyLabelled(scenes, randomScene, amounts.tagged, reporter);
  const batch = { batchSize: 16, microBatch: 16 };
  const stage = "classification";
  const first = { voc12Root: portraits, stage, ...SCRATCH, lr: 0.02, epochs: amounts.classifiers[0] } as const;
  const large = { cropSize: 64, longSide: [64, 80], sessionName: at("tags-1-portraits") };
  await run(trainSeam, { ...training, ...batch, ...first, ...large });
  const small = { cropSize: 96, longSide: [80, 112] }; // things as large as in the portraits' 64 pixels
  const second = { voc12Root: scenes, stage, weights: at("tags-1-portraits.safetensors"), lr: 0.02 } as const;
  const passes = { epochs: amounts.classifiers[1], sessionName: at("tags-2-scenes") };
  await run(trainSeam, { ...training, ...batch, ...small, ...second, ...passes });
  const third = { voc12Root: scenes, weights: at("tags-2-scenes.safetensors"), lr: 0.002, epochs: amounts.seam };
  await run(trainSeam, { ...training, ...batch, ...small, ...third, sessionName: at("tags-3-seam") });
  const maps = { outCam: at("tags-cam"), crf: at("tags-confident"), scales: [0.5, 0.75, 1] };
  await run(inferSeam, { voc12Root: mini, inferList: "train.txt", weights: at("tags-3-seam.safetensors"), ...maps });
}

async function run<C, S extends Summary>(step: Step<C, S>, config: Partial<C>): Promise<void> {
  const summary = await step.run(config, { reporter, signal: stop.signal });
  reporter.finish();
  if (stop.signal.aborted) throw new Error("stopped; the same command goes on");
  process.stdout.write(`${step.describe?.(summary) ?? step.name}\n`);
}

/** What ships: the network, and how its losses fell. */
async function publish(): Promise<void> {
  const folder = path.join(mini, "weights");
  await writeAtomic(path.join(folder, "affinity.safetensors"), await fs.readFile(at("2-mini.safetensors")));
  const series = await Promise.all(["1-scenes", "2-mini"].map(lossesOf));
  const titles = { title: "train-affinity on data/mini: mean loss of each epoch", xTitle: "step", yTitle: "loss" };
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
