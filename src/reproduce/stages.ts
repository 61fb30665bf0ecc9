/** The steps that lead to one row of a table, each as a command line that can be run by itself. */

import fs from "node:fs/promises";
import path from "node:path";
import type { Supervision } from "../config/label-photograph";
import type { MakePseudoLabelsConfig } from "../config/make-pseudo-labels";
import { flagOf } from "../config/option";
import type { ReproduceConfig } from "../config/reproduce";
import { fileExists } from "../data/bounded-file";

export type StageName = "make-pseudo-labels" | "train-segmenter" | "segment" | "ablate";

/** One command, what it needs and what it makes. */
export interface Stage {
  readonly step: StageName;
  readonly options: Readonly<Record<string, unknown>>;
  /** Photographs it goes through. */
  readonly list: string;
  /** What has to exist before it: a place, and what it is. */
  readonly needs: readonly { readonly place: string; readonly what: string }[];
  /** What exists once it is complete: a label of each photograph of the list, or a file. */
  readonly makes: { readonly labels: string } | { readonly file: string };
}

/** Rows of labels that are compared with masks. */
export interface Score {
  readonly name: string;
  readonly pred: string;
  readonly list: string;
}

export interface Row {
  readonly supervision: Supervision;
  readonly stages: readonly Stage[];
  readonly scores: readonly Score[];
}

const INIT = { box: "SEAM_Box", scribble: "SEAM_Scribble", point: "SEAM_Point", image: "SEAM_Image" } as const;

export async function rowOf(supervision: Supervision, config: ReproduceConfig): Promise<Row> {
  const { voc12Root, out, trainList, scoreList, valList, seed } = config;
  const labels = path.join(out, supervision, "pseudo-labels");
  const stages: Stage[] = [await labelStage(supervision, labels, config)];
  const scores: Score[] = [{ name: "pseudo labels", pred: labels, list: scoreList }];
  if (config.table === "final") {
    const session = path.join(out, supervision, config.model);
    const weights = `${session}.safetensors`;
    const segmented = path.join(out, supervision, "val-labels");
    const { model, networkWeights, width, networkEpochs, batchSize, cropSize } = config;
    stages.push({
      step: "train-segmenter",
      options: stated({
        voc12Root,
        trainList,
        labelDir: labels,
        model,
        weights: networkWeights,
        width,
        epochs: networkEpochs,
        batchSize,
        cropSize,
        seed,
        sessionName: session,
      }),
      list: trainList,
      needs: needed(networkWeights, `initial weights of ${model}`, "--network-weights"),
      makes: { file: weights },
    });
    stages.push({
      step: "segment",
      options: { voc12Root, inferList: valList, weights, savePath: segmented },
      list: valList,
      needs: [],
      makes: { labels: segmented },
    });
    scores.push({ name: "final network", pred: segmented, list: valList });
  }
  return { supervision, stages, scores };
}

export async function ablationStage(config: ReproduceConfig): Promise<Stage> {
  const { voc12Root, scoreList, camDir, out } = config;
  const weights = await affinityWeights("scribble", config);
  const folder = path.join(out, "ablation");
  return {
    step: "ablate",
    options: stated({ voc12Root, inferList: scoreList, weights: weights.place, camDir, out: folder }),
    list: scoreList,
    needs: weights.isGiven ? [{ place: weights.place as string, what: "the affinity network (--weights-dir)" }] : [],
    makes: { file: path.join(folder, "ablation.csv") },
  };
}

/** The words after `a2gnn`. */
export function commandOf({ step, options }: Stage): string {
  const words = Object.entries(options).map(([key, value]) => {
    const text = Array.isArray(value) ? value.join(",") : String(value);
    return `--${flagOf(key)} ${/^[\w./,:=-]+$/.test(text) ? text : JSON.stringify(text)}`;
  });
  return [step, ...words].join(" ");
}

/** Seconds a photograph at full width: 300 steps from boxes, 100 from others, and without weights. */
const LABEL = { box: 77, others: 28, withoutWeights: 8 };

/** @param photographs that are left @returns undefined where nothing was measured */
export function estimateSeconds({ step, options }: Stage, photographs: number): number | undefined {
  if (step !== "make-pseudo-labels") return undefined;
  if (options.weights === undefined) return photographs * LABEL.withoutWeights;
  return photographs * (options.supervision === "box" ? LABEL.box : LABEL.others);
}

// --- internal ---

async function labelStage(supervision: Supervision, savePath: string, config: ReproduceConfig): Promise<Stage> {
  const { voc12Root, trainList, initLabel, camDir, seed } = config;
  const weights = await affinityWeights(supervision, config);
  const walks = supervision === "image" || supervision === "point";
  const seedLabelRoot = initLabel === undefined ? undefined : path.join(initLabel, INIT[supervision]);
  const options: Partial<MakePseudoLabelsConfig> = {
    voc12Root,
    inferList: trainList,
    supervision,
    weights: weights.place,
    seedLabelRoot,
    ...(walks && camDir !== undefined ? { camDir } : {}),
    savePath,
    seed,
  };
  return {
    step: "make-pseudo-labels",
    options: stated(options),
    list: trainList,
    needs: [
      ...(weights.isGiven ? [{ place: weights.place as string, what: "the affinity network (--weights-dir)" }] : []),
      ...needed(seedLabelRoot, "the published seed labels", "--init-label"),
      ...(supervision === "image"
        ? [{ place: camDir ?? "a folder of class activation maps", what: "class activation maps (--cam-dir)" }]
        : []),
    ],
    makes: { labels: savePath },
  };
}

/** The affinity network of a supervision; `isGiven` where one was asked for. */
async function affinityWeights(
  supervision: Supervision,
  { weightsDir }: ReproduceConfig,
): Promise<{ isGiven: boolean; place?: string }> {
  if (weightsDir === undefined) return { isGiven: false };
  const names = await fs.readdir(weightsDir).catch(() => []);
  const found = names.find((name) => new RegExp(`^aff_${supervision}\\.(pth|params|safetensors)$`).test(name));
  return { isGiven: true, place: path.join(weightsDir, found ?? `aff_${supervision}.pth`) };
}

function needed(place: string | undefined, what: string, option: string): Stage["needs"] {
  return place === undefined || place === "none" ? [] : [{ place, what: `${what} (${option})` }];
}

function stated(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** What a stage needs and does not find. */
export async function missingOf({ needs }: Stage): Promise<string[]> {
  const missing: string[] = [];
  for (const { place, what } of needs) {
    const exists = (await fileExists(place)) || (await fs.stat(place).catch(() => undefined))?.isDirectory() === true;
    if (!exists) missing.push(`${what}: ${place}`);
  }
  return missing;
}
