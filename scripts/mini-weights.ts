/**
 * Trains the networks of data/mini from nothing, with the steps a user runs: `npm run mini:weights`.
 *
 *   portraits (drawn: one thing each, with its tag)   → train-seam --stage classification: stands in for ImageNet
 *   scenes (drawn: several things, with their tags)   → the same, then train-seam
 *   data/mini's train images                          → infer-seam: CAM; make-seeds: seeds of every kind of weak label
 *   scenes                                            → infer-seam: seeds; train-affinity --stage plain, train-affinity
 *   data/mini's train images, all weak labels mixed   → train-affinity
 *
 * No mask is looked at, and no val image. What is done already is kept, so a run that was stopped goes on. Writes
 * data/mini/weights and data/mini/CAM; what lies between is in out/mini-weights.
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

const mini = path.join(__dirname, "..", "data", "mini");
const out = path.join(__dirname, "..", "out", "mini-weights");
const at = (...names: string[]): string => path.join(out, ...names);

const PORTRAITS = 400;
const SCENES = 600;
/** Of 64: two networks of this width are 7.4 MB. */
const WIDTH = 6;

/** What every training here shares. From scratch the reference's momentum of 5e-4 leads nowhere. */
const training = { trainList: "train.txt", momentum: 0.9, batchSize: 16, microBatch: 16, jitter: false } as const;

async function main(): Promise<void> {
  await useBackend();
  const reporter = createReporter();
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const portraits = at("portraits");
  const scenes = at("scenes");
  await drawTagged(portraits, randomPortrait, PORTRAITS, reporter);
  await drawTagged(scenes, randomScene, SCENES, reporter);

  const run = async <C, S extends Summary>(step: Step<C, S>, config: Partial<C>): Promise<void> => {
    const summary = await step.run(config, { reporter, signal: stop.signal });
    reporter.finish();
    if (stop.signal.aborted) throw new Error("stopped; the same command goes on");
    process.stdout.write(`${step.describe?.(summary) ?? step.name}\n`);
  };
  await run(trainSeam, {
    ...training,
    voc12Root: portraits,
    stage: "classification",
    weights: "none",
    width: WIDTH,
    dropout: false,
    lr: 0.02,
    epochs: 40,
    cropSize: 64,
    longSide: [64, 80],
    sessionName: at("1-portraits"),
  });
  await run(trainSeam, {
    ...training,
    voc12Root: scenes,
    stage: "classification",
    weights: at("1-portraits.safetensors"),
    lr: 0.01,
    epochs: 4,
    cropSize: 96,
    longSide: [80, 112],
    sessionName: at("2-scenes"),
  });
  await run(trainSeam, {
    ...training,
    voc12Root: scenes,
    weights: at("2-scenes.safetensors"),
    lr: 0.002,
    epochs: 2,
    cropSize: 96,
    longSide: [80, 112],
    sessionName: at("3-seam"),
  });

  const seam = at("3-seam.safetensors");
  const maps = { voc12Root: mini, inferList: "train.txt" };
  await run(inferSeam, { ...maps, weights: seam, outCam: at("mini-cam"), crf: at("mini-image") });
  for (const supervision of ["point", "scribble", "box", "mixed"] as const)
    await run(makeSeeds, { ...maps, supervision, seamDir: at("mini-image"), savePath: at(`mini-${supervision}`) });
  const labels = { crf: at("scene-confident"), oriCrf: at("scene-full") };
  await run(inferSeam, {
    voc12Root: scenes,
    inferList: "train.txt",
    weights: seam,
    scales: [1],
    flip: true,
    ...labels,
  });

  await run(trainAffinity, {
    ...training,
    voc12Root: scenes,
    stage: "plain",
    labelDir: labels.oriCrf,
    weights: seam,
    lr: 0.005,
    epochs: 2,
    cropSize: 128,
    sessionName: at("4-plain"),
  });
  await run(trainAffinity, {
    ...training,
    voc12Root: mini,
    labelDir: at("mini-mixed"),
    weights: at("4-plain.safetensors"),
    lr: 0.005,
    epochs: 40,
    batchSize: 4,
    cropSize: 128,
    sessionName: at("5-gated"),
  });
  await publish();
}

/** What ships: both networks, the maps, and the losses of every step. */
async function publish(): Promise<void> {
  const copy = async (from: string, to: string): Promise<void> => {
    await writeAtomic(path.join(mini, to), await fs.readFile(at(from)));
  };
  await copy("5-gated.safetensors", "weights/affinity.safetensors");
  await copy("3-seam.safetensors", "weights/seam.safetensors");
  for (const name of await fs.readdir(at("mini-cam")))
    if (name.endsWith(".npy")) await copy(path.join("mini-cam", name), path.join("CAM", name));
}

main().catch((error: unknown) => {
  process.stderr.write(`mini:weights: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
