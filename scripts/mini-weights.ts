/**
 * Trains networks on data/mini from nothing, with the steps a user runs: `npm run mini:weights`.
 *
 *   portraits (drawn: one thing each, with its tag) → train-seam --stage classification: stands in for ImageNet
 *   scenes (drawn: several things, with their tags) → the same, then train-seam
 *   data/mini's train images                        → infer-seam: maps; make-seeds: seeds of every kind of weak label
 *   scenes                                          → infer-seam: full labels; train-affinity --stage plain
 *   data/mini's train images, weak labels mixed     → train-affinity
 *
 * No mask is learned from, and no val image seen. What is done already is kept: a run that was stopped goes on.
 *
 * usage: mini-weights.ts [--try] [--publish]
 *   --try      a few pictures, one epoch of each training: shows that it runs, learns nothing
 *   --publish  copies networks, maps and losses into data/mini; without it all stays in out/mini-weights
 */

import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../src/atomic-write";
import { useBackend } from "../src/backend";
import { messageOf } from "../src/errors";
import { createReporter } from "../src/running/reporter";
import type { Step, Summary } from "../src/running/step";
import { inferSeam } from "../src/steps/infer-seam";
import { makeSeeds } from "../src/steps/make-seeds";
import { trainAffinity } from "../src/steps/train-affinity";
import { trainSeam } from "../src/steps/train-seam";
import { drawTagged } from "./mini/drawn";
import { randomPortrait, randomScene } from "./mini/random-scenes";

const [isTry, publishes] = ["--try", "--publish"].map((flag) => process.argv.includes(flag));
const mini = path.join(__dirname, "..", "data", "mini");
const out = path.join(__dirname, "..", "out", isTry ? "mini-weights-try" : "mini-weights");
const at = (...names: string[]): string => path.join(out, ...names);

/** Pictures drawn, and passes over the list of each training. */
const amounts = isTry
  ? { portraits: 20, scenes: 20, first: 1, second: 1, seam: 1, plain: 1, gated: 1 }
  : { portraits: 400, scenes: 600, first: 40, second: 40, seam: 3, plain: 2, gated: 400 };

/** Of 64: two networks of this width are 7.4 MB. */
const WIDTH = 6;

/**
 * From scratch the reference's momentum of 5e-4 leads nowhere; jittered colours and dropped channels hide from so narrow a
 * network the little it sees.
 */
const training = {
  trainList: "train.txt",
  momentum: 0.9,
  batchSize: 16,
  microBatch: 16,
  jitter: false,
  dropout: false,
} as const;

/** Things as large as in the portraits' 64 pixels. */
const small = { cropSize: 96, longSide: [80, 112] } as const;
/** The same for `infer-seam`. */
const scales = [0.5, 0.75, 1] as const;

const reporter = createReporter();
const stop = new AbortController();

async function main(): Promise<void> {
  await useBackend();
  process.once("SIGINT", () => stop.abort());
  const [portraits, scenes] = [at("portraits"), at("scenes")];
  await drawTagged(portraits, randomPortrait, amounts.portraits, reporter);
  await drawTagged(scenes, randomScene, amounts.scenes, reporter);
  await classify(portraits, scenes);
  await relate(scenes);
  if (publishes) await publish();
}

/** Tags → classification network → SEAM's. */
async function classify(portraits: string, scenes: string): Promise<void> {
  const stage = "classification";
  const from = { weights: "none", width: WIDTH };
  const first = { voc12Root: portraits, stage, ...from, lr: 0.02, epochs: amounts.first } as const;
  await run(trainSeam, { ...training, ...first, cropSize: 64, longSide: [64, 80], sessionName: at("1-portraits") });
  const second = { voc12Root: scenes, stage, weights: at("1-portraits.safetensors"), epochs: amounts.second } as const;
  await run(trainSeam, { ...training, ...small, ...second, lr: 0.02, sessionName: at("2-scenes") });
  const third = { voc12Root: scenes, weights: at("2-scenes.safetensors"), epochs: amounts.seam };
  await run(trainSeam, { ...training, ...small, ...third, lr: 0.002, sessionName: at("3-seam") });
}

/** Maps → seeds → affinity network. */
async function relate(scenes: string): Promise<void> {
  const weights = at("3-seam.safetensors");
  const ours = { voc12Root: mini, inferList: "train.txt" };
  await run(inferSeam, { ...ours, weights, scales, outCam: at("mini-cam"), crf: at("mini-image") });
  for (const supervision of ["point", "scribble", "box", "mixed"] as const)
    await run(makeSeeds, { ...ours, supervision, seamDir: at("mini-image"), savePath: at(`mini-${supervision}`) });
  const full = at("scenes-full");
  await run(inferSeam, { voc12Root: scenes, inferList: "train.txt", weights, scales: [0.75], oriCrf: full });
  const common = { ...training, lr: 0.01, cropSize: 128 };
  const plain = { voc12Root: scenes, labelDir: full, stage: "plain", weights, epochs: amounts.plain } as const;
  await run(trainAffinity, { ...common, ...plain, sessionName: at("4-plain") });
  const gated = { voc12Root: mini, labelDir: at("mini-mixed"), weights: at("4-plain.safetensors") };
  const short = { batchSize: 4, microBatch: 4, epochs: amounts.gated };
  await run(trainAffinity, { ...common, ...gated, ...short, sessionName: at("5-gated") });
}

async function run<C, S extends Summary>(step: Step<C, S>, config: Partial<C>): Promise<void> {
  const summary = await step.run(config, { reporter, signal: stop.signal });
  reporter.finish();
  if (stop.signal.aborted) throw new Error("stopped; the same command goes on");
  process.stdout.write(`${step.describe?.(summary) ?? step.name}\n`);
}

/** What ships: both networks, their losses, the maps. */
async function publish(): Promise<void> {
  const copy = async (from: string, to: string): Promise<void> =>
    writeAtomic(path.join(mini, to), await fs.readFile(at(from)));
  await copy("5-gated.safetensors", "weights/affinity.safetensors");
  await copy("3-seam.safetensors", "weights/seam.safetensors");
  for (const name of ["1-portraits", "2-scenes", "3-seam", "4-plain", "5-gated"])
    await copy(`${name}.csv`, `weights/${name}.csv`);
  for (const name of (await fs.readdir(at("mini-cam"))).filter((each) => each.endsWith(".npy")))
    await copy(path.join("mini-cam", name), path.join("CAM", name));
}

main().catch((error: unknown) => {
  process.stderr.write(`mini:weights: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
