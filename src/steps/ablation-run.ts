/**
 * One run of an ablation: a variant with one seed of random numbers. make-seeds where the variant asks for it,
 * make-pseudo-labels and evaluate, in a folder of its own; its result says which options it belongs to.
 */

import { createHash } from "node:crypto";
import path from "node:path";
import type { RunResult } from "../ablation/table";
import { folderOf, type Variant } from "../ablation/variant";
import { writeAtomic } from "../atomic-write";
import type { AblateConfig } from "../config/ablate";
import type { MakePseudoLabelsConfig } from "../config/make-pseudo-labels";
import type { MakeSeedsConfig } from "../config/make-seeds";
import { resolveConfig } from "../config/pseudo-label-presets";
import { fileExists, readBoundedJson } from "../data/bounded-file";
import { silentReporter } from "../running/reporter";
import type { StepContext } from "../running/step";
import { evaluate } from "./evaluate";
import { makePseudoLabels } from "./make-pseudo-labels";
import { makeSeeds } from "./make-seeds";

const MAX_RESULT_BYTES = 1 << 20;

/** What all runs share. */
export interface AblationSetting {
  readonly config: AblateConfig;
  readonly camDir: string | undefined;
  /** The images that are labelled, as a list file. */
  readonly list: string;
  readonly context: StepContext;
}

/** One cell of the table. */
export interface AblationRun {
  readonly variant: Variant;
  readonly seed: number;
}

/** Makes the run's labels and its result. @returns false where it was stopped */
export async function makeRun({ variant, seed }: AblationRun, setting: AblationSetting): Promise<boolean> {
  const { config, list, context } = setting;
  const folder = runFolder({ variant, seed }, config);
  const savePath = path.join(folder, "labels");
  const seedLabelRoot = await seedLabels(variant, setting);
  const labels = await makePseudoLabels.run(
    { ...labelOptions(variant, setting), savePath, seed, ...(seedLabelRoot === undefined ? {} : { seedLabelRoot }) },
    context,
  );
  if (labels.left > 0) return false;
  const scores = await evaluate.run(
    { pred: savePath, voc12Root: config.voc12Root, list, stage: variant.name },
    { reporter: silentReporter },
  );
  const result: RunResult = {
    seed,
    mIoU: scores.mIoU,
    pixelAccuracy: scores.pixelAccuracy,
    images: scores.done,
    failed: labels.failed.length,
    secondsPerImage: labels.skipped === 0 && labels.done > 0 ? labels.seconds / labels.done : null,
  };
  const kept = { signature: signatureOf(variant, setting), ...result };
  await writeAtomic(path.join(folder, "result.json"), `${JSON.stringify(kept, null, 2)}\n`);
  return true;
}

/** The run's result, if it is there and of the same options. */
export async function readResult(each: AblationRun, setting: AblationSetting): Promise<RunResult | undefined> {
  const file = path.join(runFolder(each, setting.config), "result.json");
  if (!(await fileExists(file))) return undefined;
  const { signature, ...result } = (await readBoundedJson(file, MAX_RESULT_BYTES, "result")) as RunResult & {
    signature?: string;
  };
  return signature === signatureOf(each.variant, setting) ? result : undefined;
}

// --- internal ---

/** The variant's seed labels, the same for all its seeds of random numbers; undefined: straight from the weak labels. */
async function seedLabels(
  variant: Variant,
  { config, camDir, list, context }: AblationSetting,
): Promise<string | undefined> {
  if (variant.seeds === undefined) return undefined;
  const savePath = path.join(config.out, "runs", folderOf(variant), "seed-labels");
  const needsMaps = variant.supervision === "image" || variant.seeds.camLabel !== false;
  const options: Partial<MakeSeedsConfig> = {
    voc12Root: config.voc12Root,
    inferList: list,
    supervision: variant.supervision,
    savePath,
    ...(needsMaps && variant.supervision !== "scribble" && camDir !== undefined ? { camDir } : {}),
    ...variant.seeds,
  };
  await makeSeeds.run(options, context);
  return savePath;
}

function labelOptions(variant: Variant, { config, camDir, list }: AblationSetting): Partial<MakePseudoLabelsConfig> {
  const walks = variant.labels?.rw ?? (variant.supervision === "image" || variant.supervision === "point");
  return {
    voc12Root: config.voc12Root,
    inferList: list,
    supervision: variant.supervision,
    ...(config.weights === undefined ? {} : { weights: config.weights }),
    ...(walks && camDir !== undefined ? { camDir } : {}),
    ...variant.labels,
  };
}

/** Whatever the result depends on but the seed: results of other options or images do not count. */
function signatureOf(variant: Variant, setting: AblationSetting): string {
  const { config } = resolveConfig({
    ...labelOptions(variant, setting),
    ...(variant.seeds ? { seedLabelRoot: "." } : {}),
  });
  const { inferList, savePath, seed, shard, crfThreads, seedLabelRoot, ...rest } = config;
  return JSON.stringify({
    ...rest,
    seeds: variant.seeds,
    images: setting.config.images,
    list: setting.config.inferList,
  });
}

/** Runs of other options get a folder of their own, so that no label of theirs is taken for one of these. */
function runFolder({ variant, seed }: AblationRun, config: AblateConfig): string {
  const hash = createHash("sha256").update(
    JSON.stringify({ variant, list: config.inferList, weights: config.weights }),
  );
  return path.join(config.out, "runs", folderOf(variant), `${hash.digest("hex").slice(0, 8)}-seed-${seed}`);
}
