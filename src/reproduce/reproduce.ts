/**
 * `reproduce`: the paper's tables. Prints a plan of plain commands, runs those whose results are missing, and sets what was
 * measured beside what was published, with split, stage, and hashes of the weights (docs/reproduce.md).
 */

import path from "node:path";
import { ablate } from "../ablation/ablate";
import { writeAtomic } from "../atomic-write";
import type { Supervision } from "../config/label-photograph";
import { completeConfig } from "../config/option";
import { type ReproduceConfig, reproduceOptions } from "../config/reproduce";
import { fileExists } from "../data/bounded-file";
import { readImageList } from "../data/image-list";
import { formatSeconds } from "../running/quantities";
import { collectNotices, silentReporter } from "../running/reporter";
import type { ImageFailure, Step, StepContext, Summary } from "../running/step";
import { evaluate } from "../steps/evaluate";
import { makePseudoLabels } from "../steps/make-pseudo-labels";
import { hashWeights } from "../steps/outputs/run-record";
import { tableText } from "../steps/outputs/text-table";
import { segment } from "../steps/segment";
import { trainSegmenter } from "../steps/train-segmenter";
import { FINAL } from "./published";
import {
  ablationStage,
  commandOf,
  estimateSeconds,
  missingOf,
  type Row,
  rowOf,
  type Stage,
  type StageName,
} from "./stages";

export interface PlannedStage {
  readonly command: string;
  readonly state: "complete" | "to do" | "lacks input";
  readonly missing: readonly string[];
  /** On two quiet cores, of what is left; undefined where it was never measured. */
  readonly seconds?: number;
}

/** One measured figure, mIoU in percent. */
export interface ReproducedFigure {
  readonly supervision: string;
  readonly stage: string;
  readonly split: string;
  readonly images: number;
  readonly measured: number | null;
  readonly published?: number;
}

export interface ReproduceSummary extends Summary {
  readonly table: string;
  readonly plan: readonly PlannedStage[];
  readonly figures: readonly ReproducedFigure[];
  /** SHA-256 of the weights that were used, by file. */
  readonly hashes: Readonly<Record<string, string>>;
}

export const reproduce: Step<ReproduceConfig, ReproduceSummary> = {
  name: "reproduce",
  about: "the paper's tables on PASCAL VOC 2012: the plan, what is missing, and measured beside published",
  options: reproduceOptions,
  examples: [
    "a2gnn reproduce --table final --voc12-root VOC2012 --weights-dir weights --init-label Init_Label --network-weights resnet101.pth --dry-run",
    "a2gnn reproduce --table labels --supervision box --voc12-root VOC2012 --weights-dir weights --init-label Init_Label",
    "a2gnn reproduce --table ablation --voc12-root VOC2012 --weights-dir weights --cam-dir cam",
  ],
  needsBackend: true,
  run,
  describe,
};

const STEPS: Readonly<Record<StageName, Step<object>>> = {
  "make-pseudo-labels": makePseudoLabels,
  "train-segmenter": trainSegmenter,
  segment: segment,
  ablate: ablate,
};

async function run(
  given: Partial<ReproduceConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<ReproduceSummary> {
  const started = performance.now();
  const { notices, notice } = collectNotices(context.reporter);
  const config = completeConfig(given, reproduceOptions);
  const rows: Row[] = [];
  if (config.table !== "ablation")
    for (const supervision of config.supervision) rows.push(await rowOf(supervision as Supervision, config));
  const stages = rows.length > 0 ? rows.flatMap((row) => row.stages) : [await ablationStage(config)];
  const plan = [];
  for (const stage of stages) plan.push(await planned(stage, config));
  const failed: ImageFailure[] = [];
  let done = 0;
  for (const [i, stage] of stages.entries()) {
    const { state, missing } = plan[i];
    if (config.dryRun || state === "complete" || context.signal?.aborted) continue;
    if (state === "lacks input") {
      notice(`not run: a2gnn ${commandOf(stage)} lacks ${missing.join("; ")}`);
      continue;
    }
    const before = rows.find((row) => row.stages.includes(stage))?.stages ?? [];
    const lacking = [];
    for (const each of before.slice(0, before.indexOf(stage)))
      if (!(await isComplete(each, config))) lacking.push(each.step);
    if (lacking.length > 0) {
      notice(`not run: a2gnn ${commandOf(stage)} follows ${lacking.join(", ")}, which is not complete`);
      continue;
    }
    notice(`a2gnn ${commandOf(stage)}`);
    const summary: Summary = await STEPS[stage.step].run(stage.options, context);
    context.reporter.finish();
    failed.push(...summary.failed);
    if (await isComplete(stage, config)) done++;
  }
  const figures: ReproducedFigure[] = [];
  for (const row of rows) figures.push(...(await figuresOf(row, config)));
  const summary: ReproduceSummary = {
    step: reproduce.name,
    table: config.table,
    plan,
    figures,
    hashes: await hashesOf(stages),
    images: stages.length,
    done,
    skipped: plan.filter(({ state }) => state === "complete").length,
    failed,
    seconds: (performance.now() - started) / 1000,
    notices,
  };
  if (!config.dryRun)
    await writeAtomic(path.join(config.out, `${config.table}.json`), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

function describe({ plan, figures, hashes, failed }: ReproduceSummary): string {
  const percent = (value: number | null | undefined): string => (value == null ? "–" : value.toFixed(1));
  const lines = plan.map(({ command, state, missing, seconds }) => {
    const time =
      state !== "to do" ? "" : seconds === undefined ? ", time never measured" : `, ${formatSeconds(seconds)}`;
    return [`  [${state}${time}] a2gnn ${command}`, ...missing.map((each) => `      lacks ${each}`)].join("\n");
  });
  const table = tableText(
    ["supervision", "stage", "split", "images", "measured", "published"],
    figures.map((row) => [
      row.supervision,
      row.stage,
      row.split,
      String(row.images),
      percent(row.measured),
      percent(row.published),
    ]),
  );
  return [
    "plan (times on two quiet cores):",
    ...lines,
    ...(figures.length === 0 ? [] : ["", "mIoU in %", table]),
    ...Object.entries(hashes).map(([file, hash]) => `  ${file}: SHA-256 ${hash}`),
    ...failed.map(({ image, reason }) => `  failed: ${image}: ${reason}`),
  ].join("\n");
}

// --- internal ---

async function planned(stage: Stage, config: ReproduceConfig): Promise<PlannedStage> {
  const command = commandOf(stage);
  if (await isComplete(stage, config)) return { command, state: "complete", missing: [] };
  const missing = await missingOf(stage);
  const left = await leftOf(stage, config);
  const seconds = estimateSeconds(stage, left);
  const state = missing.length > 0 ? "lacks input" : "to do";
  return { command, state, missing, ...(seconds === undefined ? {} : { seconds }) };
}

async function isComplete(stage: Stage, config: ReproduceConfig): Promise<boolean> {
  return "file" in stage.makes ? fileExists(stage.makes.file) : (await leftOf(stage, config)) === 0;
}

/** Photographs of the list that have no label yet. */
async function leftOf({ list, makes }: Stage, { voc12Root }: ReproduceConfig): Promise<number> {
  const { ids } = await readImageList(list, voc12Root);
  if ("file" in makes) return ids.length;
  let left = 0;
  for (const id of ids) if (!(await fileExists(path.join(makes.labels, `${id}.png`)))) left++;
  return left;
}

/** Scores of the stages that are complete. */
async function figuresOf({ supervision, scores }: Row, { voc12Root }: ReproduceConfig): Promise<ReproducedFigure[]> {
  const figures: ReproducedFigure[] = [];
  for (const { name, pred, list } of scores) {
    const published = name === "final network" ? FINAL[supervision]?.val : undefined;
    const { ids, split } = await readImageList(list, voc12Root);
    const row = {
      supervision,
      stage: name,
      split,
      images: ids.length,
      ...(published === undefined ? {} : { published }),
    };
    let isWhole = true;
    for (const id of ids) isWhole &&= await fileExists(path.join(pred, `${id}.png`));
    const scored = isWhole ? await evaluate.run({ pred, voc12Root, list, instances: false }) : undefined;
    figures.push({ ...row, measured: scored?.mIoU == null ? null : 100 * scored.mIoU });
  }
  return figures;
}

async function hashesOf(stages: readonly Stage[]): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const { options } of stages) {
    const { weights } = options;
    if (typeof weights === "string" && (await fileExists(weights)))
      hashes[weights] = (await hashWeights(weights)).sha256;
  }
  return hashes;
}
