/** What one run of an ablation asks of the steps, and which runs share their seed labels or their training. */

import { createHash } from "node:crypto";
import path from "node:path";
import type { AblateConfig } from "../config/ablate";
import { type MakePseudoLabelsConfig, makePseudoLabelsOptions } from "../config/make-pseudo-labels";
import type { MakeSeedsConfig } from "../config/make-seeds";
import { touching } from "../config/option";
import { resolveConfig } from "../config/pseudo-label-presets";
import type { TrainAffinityConfig } from "../config/train-affinity";
import { featuresOf, folderOf, type Variant } from "./variant";

/** One cell of the table: a variant with one seed of random numbers. */
export interface AblationRun {
  readonly variant: Variant;
  readonly seed: number;
}

/** What all runs share. */
export interface AblationSetting {
  readonly config: AblateConfig;
  /** Class activation maps, where there are any. */
  readonly camDir: string | undefined;
  /** The images that are labelled, as a list file. */
  readonly list: string;
}

/** A network small enough to be trained within the ablation, where the variant does not say otherwise. */
const SMALL_TRAINING: Partial<TrainAffinityConfig> = { weights: "none", width: 4, cropSize: 128, epochs: 40 };

/** Runs of other options get a folder of their own, so that no label of theirs is taken for one of these. */
export function runFolder({ variant, seed }: AblationRun, { config }: AblationSetting): string {
  const hash = hashOf({ variant, list: config.inferList, weights: config.weights });
  return path.join(config.out, "runs", folderOf(variant), `${hash}-seed-${seed}`);
}

/** `make-seeds`, the same for all runs of equal options; undefined: straight from the weak labels. */
export function seedOptions(variant: Variant, setting: AblationSetting): Partial<MakeSeedsConfig> | undefined {
  const seeds = variant.seeds ?? (variant.training === undefined ? undefined : {});
  if (seeds === undefined) return undefined;
  const { config, camDir, list } = setting;
  const wantsMaps = variant.supervision === "image" || seeds.camLabel !== false;
  const usesMaps = variant.supervision !== "scribble" || seeds.scribbleRest === "confident";
  const options: Partial<MakeSeedsConfig> = {
    voc12Root: config.voc12Root,
    inferList: list,
    supervision: variant.supervision,
    ...(wantsMaps && usesMaps && camDir !== undefined ? { camDir } : {}),
    ...seeds,
  };
  return { ...options, savePath: path.join(config.out, "seed-labels", `${variant.supervision}-${hashOf(options)}`) };
}

/** `train-affinity` before the labels, from the seed labels in `labelDir`. */
export function trainingOptions(
  { variant, seed }: AblationRun,
  labelDir: string,
  { config, list }: AblationSetting,
): Partial<TrainAffinityConfig> {
  const options = { ...SMALL_TRAINING, ...variant.training, voc12Root: config.voc12Root, trainList: list, labelDir };
  const sessionName = path.join(config.out, "trainings", `${hashOf(options)}-seed-${seed}`, "affinity");
  return { ...options, sessionName, seed };
}

/** `make-pseudo-labels`, but for its folders and seed. */
export function labelOptions(
  variant: Variant,
  { config, camDir, list }: AblationSetting,
): Partial<MakePseudoLabelsConfig> {
  const { supervision, labels, training } = variant;
  const walks = labels?.rw ?? (supervision === "image" || supervision === "point");
  return {
    voc12Root: config.voc12Root,
    inferList: list,
    supervision,
    features: featuresOf(variant, config.weights),
    ...(config.weights === undefined || training !== undefined ? {} : { weights: config.weights }),
    ...(walks && camDir !== undefined ? { camDir } : {}),
    ...labels,
  };
}

/** Whatever the result depends on but the seed: results of other options or images do not count. */
export function signatureOf(variant: Variant, setting: AblationSetting): string {
  const { seed, seedLabelRoot, ...rest } = touching(resolved(variant, setting), makePseudoLabelsOptions, [
    "fit",
    "label",
  ]);
  const { images, inferList: list } = setting.config;
  return JSON.stringify({ ...rest, seeds: variant.seeds, training: variant.training, images, list });
}

/** Runs with the same key train the same graph networks: they differ in what comes after alone. */
export function fitKeyOf({ variant, seed }: AblationRun, setting: AblationSetting): string {
  const fit = touching(resolved(variant, setting), makePseudoLabelsOptions, ["fit"]);
  const config = Object.entries(fit).sort(([a], [b]) => (a < b ? -1 : 1));
  const seeds = seedOptions(variant, setting)?.savePath;
  return hashOf({ config, seeds, training: variant.training, seed });
}

// --- internal ---

function resolved(variant: Variant, setting: AblationSetting): MakePseudoLabelsConfig {
  const made = variant.seeds !== undefined || variant.training !== undefined;
  const weights = variant.training === undefined ? {} : { weights: "trained" };
  const { supervision } = variant;
  const options = { ...labelOptions(variant, setting), ...weights, ...(made ? { seedLabelRoot: "." } : {}) };
  return resolveConfig({ ...options, supervision }).config;
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 8);
}
