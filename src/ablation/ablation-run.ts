/**
 * One run of an ablation: a variant with one seed of random numbers. make-seeds and train-affinity where the variant asks
 * for them, make-pseudo-labels and evaluate, in folders of their own; its result says which options it belongs to.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomic-write";
import { fileExists, readBoundedJson } from "../data/bounded-file";
import { silentReporter } from "../running/reporter";
import type { StepContext } from "../running/step";
import { evaluate } from "../steps/evaluate";
import { makePseudoLabels } from "../steps/make-pseudo-labels";
import { makeSeeds } from "../steps/make-seeds";
import { trainAffinity } from "../steps/train-affinity";
import {
  type AblationRun,
  type AblationSetting,
  fitKeyOf,
  labelOptions,
  runFolder,
  seedOptions,
  signatureOf,
  trainingOptions,
} from "./run-options";
import type { RunResult } from "./table";

const MAX_RESULT_BYTES = 1 << 20;

/** Makes the run's labels and its result. @returns false where it was stopped */
export async function makeRun(run: AblationRun, setting: AblationSetting, context: StepContext): Promise<boolean> {
  const { variant, seed } = run;
  const { voc12Root } = setting.config;
  const folder = runFolder(run, setting);
  const savePath = path.join(folder, "labels");
  const seeds = seedOptions(variant, setting);
  if (seeds !== undefined && (await makeSeeds.run(seeds, context)).left > 0) return false;
  const seedLabelRoot = seeds?.savePath;
  const training =
    variant.training === undefined || seedLabelRoot === undefined
      ? undefined
      : await trainAffinity.run(trainingOptions(run, seedLabelRoot, setting), context);
  if (training?.interrupted) return false;
  const fits = fitFolder(run, setting);
  const shared = await isThere(fits);
  const labels = await makePseudoLabels.run(
    {
      ...labelOptions(variant, setting),
      savePath,
      seed,
      fits,
      ...(seedLabelRoot === undefined ? {} : { seedLabelRoot }),
      ...(training?.weights === undefined ? {} : { weights: training.weights.safetensors }),
    },
    context,
  );
  if (labels.left > 0) return false;
  const scores = await evaluate.run(
    { pred: savePath, voc12Root, list: setting.list, stage: variant.name },
    { reporter: silentReporter },
  );
  const result: RunResult = {
    seed,
    mIoU: scores.mIoU,
    pixelAccuracy: scores.pixelAccuracy,
    classes: Object.fromEntries(scores.perClass.flatMap((row) => (row.iou === null ? [] : [[row.class, row.iou]]))),
    images: scores.done,
    failed: labels.failed.length,
    secondsPerImage: shared || labels.skipped > 0 || labels.done === 0 ? null : labels.seconds / labels.done,
  };
  const kept = { signature: signatureOf(variant, setting), ...result };
  await writeAtomic(path.join(folder, "result.json"), `${JSON.stringify(kept, null, 2)}\n`);
  return true;
}

/** The run's result, if there is one of the same options and with everything that this version keeps. */
export async function readResult(run: AblationRun, setting: AblationSetting): Promise<RunResult | undefined> {
  const file = path.join(runFolder(run, setting), "result.json");
  if (!(await fileExists(file))) return undefined;
  const { signature, ...result } = (await readBoundedJson(file, MAX_RESULT_BYTES, "result")) as RunResult & {
    signature?: string;
  };
  const complete = typeof result.classes === "object" && result.classes !== null;
  return complete && signature === signatureOf(run.variant, setting) ? result : undefined;
}

/** Where runs that train the same graph networks share them. */
export function fitFolder(run: AblationRun, setting: AblationSetting): string {
  return path.join(setting.config.out, "fits", fitKeyOf(run, setting));
}

async function isThere(folder: string): Promise<boolean> {
  return fs.access(folder).then(
    () => true,
    () => false,
  );
}
