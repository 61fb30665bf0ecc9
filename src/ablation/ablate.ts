/**
 * `ablate`: a table of variants, several seeds each, over a list with true labels. Runs that have their
 * result are skipped, so the same command resumes after an interruption, and shards can share one folder.
 */

import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { writeAtomic } from "../atomic-write";
import { backendInUse } from "../backend";
import { type AblateConfig, ablateOptions } from "../config/ablate";
import { completeConfig } from "../config/option";
import { readBoundedJson } from "../data/bounded-file";
import { readImageList } from "../data/image-list";
import { UserError } from "../errors";
import { launchedRank } from "../parallel/local-rank";
import { runShards } from "../parallel/shards";
import { collectNotices, type Reporter, silentReporter } from "../running/reporter";
import type { ImageFailure, Step, StepContext, Summary } from "../running/step";
import { chartSvg } from "../show/chart-svg";
import { readShard, shardOf } from "../steps/loop/shard";
import { tableText } from "../steps/outputs/text-table";
import { fitFolder, makeRun, readResult } from "./ablation-run";
import { defaultGrid, furtherRows } from "./default-grid";
import { type AblationRun, type AblationSetting, fitKeyOf } from "./run-options";
import {
  type AblationRow,
  type AblationTable,
  ablationChart,
  ablationCsv,
  ablationMarkdown,
  type RunResult,
  rowOf,
  scoreText,
} from "./table";
import { chooseVariants, featuresOf, readVariants, type Variant } from "./variant";

export interface AblateSummary extends Summary, AblationTable {
  /** CSV, JSON, Markdown and chart. */
  readonly files: readonly string[];
}

export const ablate: Step<AblateConfig, AblateSummary> = {
  name: "ablate",
  about: "measure what each part of the method contributes: a table of variants, several seeds each",
  options: ablateOptions,
  examples: [
    "a2gnn ablate",
    "a2gnn ablate --variants layers,radius --seeds 0,1,2",
    "a2gnn ablate --variants 'seed rules,training'",
    "a2gnn ablate --voc12-root VOC2012 --infer-list train.txt --weights aff.pth --cam-dir cam --shard 3/8",
  ],
  needsBackend: true,
  run,
  describe,
};

const MAX_GRID_BYTES = 1 << 20;

const MAX_PROCESSES = 4;

/** A network of full width has 420 MB. */
const LARGE_WEIGHTS = 64 << 20;

async function run(
  given: Partial<AblateConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<AblateSummary> {
  const started = performance.now();
  const { notices, notice } = collectNotices(context.reporter);
  const config = completeConfig(given, ablateOptions);
  if (config.seeds.some((seed) => !Number.isInteger(seed)))
    throw new UserError("usage", `expected whole numbers, got ${config.seeds.join(",")} (--seeds)`);
  const camDir = await camFolder(config);
  const chosen = await variantsOf(config);
  const variants = chosen.filter((variant) => camDir !== undefined || !needsCams(variant));
  if (variants.length < chosen.length) notice(`no --cam-dir: ${chosen.length - variants.length} rows are left out`);
  if (variants.length === 0) throw new UserError("usage", "no variant is left");

  const full = await readImageList(config.inferList, config.voc12Root);
  const ids = config.images === 0 ? full.ids : full.ids.slice(0, config.images);
  const list = path.join(config.out, "images.txt");
  await writeAtomic(list, `${ids.join("\n")}\n`);
  const setting: AblationSetting = { config, camDir, list };

  const count = await processCount(config);
  const parts =
    count === 1
      ? [await makeRuns(variants, setting, context)]
      : await runShards<AblateSummary>(ablate.name, { ...given, processes: 1 }, count, context);
  const table = await collect(variants, setting, full.split, ids.length);
  if (table.missing > 0) notice(`${table.missing} runs are still missing; the same command makes them`);
  return {
    step: "ablate",
    ...table,
    done: parts.reduce((sum, part) => sum + part.done, 0),
    skipped: parts.reduce((sum, part) => sum + part.skipped, 0),
    failed: parts.flatMap((part) => part.failed),
    seconds: (performance.now() - started) / 1000,
    notices,
    files: await writeTables(table, config, given),
  };
}

/** This shard's runs. Those that train the same graph networks stay together, so that one trains for all. */
async function makeRuns(
  variants: readonly Variant[],
  setting: AblationSetting,
  context: StepContext,
): Promise<Pick<Summary, "done" | "skipped" | "failed">> {
  const { config } = setting;
  const groups = new Map<string, AblationRun[]>();
  for (const variant of variants)
    for (const seed of config.seeds) {
      const each = { variant, seed };
      const key = fitKeyOf(each, setting);
      groups.set(key, [...(groups.get(key) ?? []), each]);
    }
  const mine = shardOf([...groups.values()], readShard(config.shard));
  const total = mine.flat().length;
  const failed: ImageFailure[] = [];
  let [done, skipped] = [0, 0];
  for (const group of mine) {
    for (const each of group) {
      if (context.signal?.aborted) return { done, skipped, failed };
      const label = `${each.variant.name}, seed ${each.seed}`;
      context.reporter.progress({ done: done + skipped + failed.length, total, label, unit: "run" });
      if ((await readResult(each, setting)) !== undefined) {
        skipped++;
        continue;
      }
      try {
        if (await makeRun(each, setting, { ...context, reporter: quiet(context.reporter) })) done++;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        failed.push({ image: label, reason: error.message });
        context.reporter.warn(`${label}: ${error.message}`);
      }
    }
    if (!context.signal?.aborted) await fs.rm(fitFolder(group[0], setting), { recursive: true, force: true });
  }
  if (total > 0) context.reporter.progress({ done: total, total, label: "all runs", unit: "run" });
  return { done, skipped, failed };
}

async function collect(
  variants: readonly Variant[],
  setting: AblationSetting,
  split: string,
  images: number,
): Promise<AblationTable> {
  const { config } = setting;
  const rows: AblationRow[] = [];
  let missing = 0;
  for (const variant of variants) {
    const runs: RunResult[] = [];
    for (const seed of config.seeds) {
      const result = await readResult({ variant, seed }, setting);
      if (result === undefined) missing++;
      else runs.push(result);
    }
    if (runs.length > 0) rows.push(rowOf(variant, runs, featuresOf(variant, config.weights)));
  }
  const features = config.weights === undefined ? "handcrafted" : path.basename(config.weights);
  return { data: path.basename(path.resolve(config.voc12Root)), split, images, features, missing, rows };
}

async function writeTables(
  table: AblationTable,
  config: AblateConfig,
  given: Partial<AblateConfig>,
): Promise<readonly string[]> {
  const file = (name: string): string => path.join(config.out, name);
  const files: readonly (readonly [string, string])[] = [
    [file("ablation.csv"), ablationCsv(table)],
    [file("ablation.json"), `${JSON.stringify(table, null, 2)}\n`],
    [file("ablation.md"), ablationMarkdown(table, commandOf(given))],
    [file("ablation.svg"), chartSvg(ablationChart(table))],
  ];
  for (const [name, text] of files) await writeAtomic(name, text);
  return files.map(([name]) => name);
}

function commandOf({ shard, processes, out, ...given }: Partial<AblateConfig>): string {
  const words = Object.entries(given).map(
    ([key, value]) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${String(value)}`,
  );
  return ["a2gnn ablate", ...words].join(" ");
}

function needsCams({ supervision, labels }: Variant): boolean {
  return supervision === "image" || labels?.rw === true;
}

async function camFolder({ camDir, voc12Root }: AblateConfig): Promise<string | undefined> {
  if (camDir !== undefined) return camDir;
  const usual = path.join(voc12Root, "CAM");
  const isThere = await fs.stat(usual).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  return isThere ? usual : undefined;
}

/** The chosen rows of the user's table or of the built-in one, whose further rows are chosen by name. */
async function variantsOf({ grid: file, variants: words }: AblateConfig): Promise<readonly Variant[]> {
  const grid =
    file === undefined
      ? undefined
      : readVariants(await readBoundedJson(file, MAX_GRID_BYTES, "grid of variants"), file);
  if (words === undefined) return grid ?? defaultGrid;
  const all = grid ?? [...defaultGrid, ...furtherRows];
  return words.includes("all") ? all : chooseVariants(all, words);
}

/** Runs are many and small: one process a core, unless each would hold a network of full width, or share a GPU. */
async function processCount({ processes, shard, weights }: AblateConfig): Promise<number> {
  if (processes !== undefined && processes > 1 && shard !== "launched")
    throw new UserError(
      "usage",
      "--processes shares the runs by itself, and --shard is a part of them: give one of them",
    );
  if (processes !== undefined) return processes;
  const isPart = shard !== "launched" || launchedRank() !== undefined;
  if (isPart || backendInUse()?.name !== "native") return 1;
  const bytes =
    weights === undefined
      ? 0
      : await fs.stat(weights).then(
          ({ size }) => size,
          () => 0,
        );
  return bytes > LARGE_WEIGHTS ? 1 : Math.min(MAX_PROCESSES, os.availableParallelism());
}

/** Runs draw their own progress; only what goes wrong is passed on. */
function quiet({ warn }: Reporter): Reporter {
  return { ...silentReporter, warn };
}

function describe(summary: AblateSummary): string {
  const rows = summary.rows.map((row) => [
    `${row.group}: ${row.variant}`,
    scoreText(row),
    row.secondsPerImage === null ? "–" : row.secondsPerImage.toFixed(1),
    row.differs === "" ? "default" : row.differs,
  ]);
  const head = `ablate: ${summary.done} runs done, ${summary.skipped} already there, ${summary.failed.length} failed, ${summary.missing} missing; ${summary.images} images of split "${summary.split}"`;
  const table = tableText(["variant", "mIoU %", "s/image", "differs"], rows);
  return [head, "", table, "", `in ${path.dirname(summary.files[0])}: ablation.csv .json .md .svg`].join("\n");
}
