/** The second stage of `learn`: `train-segmenter` on the labels of the stage before. */

import path from "node:path";
import { writeAtomic } from "../atomic-write";
import type { LearnConfig } from "../config/learn";
import type { TrainSegmenterConfig } from "../config/train-segmenter";
import type { StepContext } from "../running/step";
import { trainSegmenter } from "../steps/train-segmenter";
import type { TrainingSummary } from "../training/run-training";
import type { Plan } from "./plan";

/** @returns the name of the session, without extension */
export function networkSession(out: string, round: number): string {
  return path.join(out, `round-${round}`, "network");
}

/** @param ids photographs that have a label in `labelDir` */
export async function trainNetwork(
  round: number,
  ids: readonly string[],
  labelDir: string,
  config: LearnConfig,
  plan: Plan,
  context: StepContext,
): Promise<TrainingSummary> {
  const sessionName = networkSession(config.out, round);
  const list = path.join(config.out, `round-${round}`, "training.txt");
  await writeAtomic(list, `${ids.join("\n")}\n`);
  return trainSegmenter.run(
    { ...trainingOptions(ids.length, config, plan), trainList: list, labelDir, sessionName },
    context,
  );
}

/** What the command line of `train-segmenter` would say. */
export function trainingOptions(
  images: number,
  { voc12Root, model, weights, width, learningRate, numWorkers, seed }: LearnConfig,
  { networkSteps, batchSize, cropSize, freezeBackbone }: Plan,
): Partial<TrainSegmenterConfig> {
  const stepsPerPass = Math.ceil(images / batchSize);
  return {
    voc12Root,
    model,
    ...(weights === undefined ? {} : { weights }),
    ...(numWorkers === undefined ? {} : { numWorkers }),
    ...(freezeBackbone ? { freezeBackbone } : {}),
    ...(width === undefined ? {} : { width }),
    ...(learningRate === undefined ? {} : { learningRate }),
    batchSize: Math.min(batchSize, images),
    epochs: Math.max(1, Math.round(networkSteps / stepsPerPass)),
    cropSize,
    seed,
  };
}
