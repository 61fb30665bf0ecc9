/**
 * `ablate`: a table of variants, several seeds each, over a list with true labels. Each run is make-seeds where the
 * variant asks for it, make-pseudo-labels and evaluate, in a folder of its own; a run that has its result is not made
 * again, so the same command goes on after a stop, and shards share one folder.
 */

import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { defaultGrid } from "../ablation/default-grid";
import {
  type AblationRow,
  type AblationTable,
  ablationChart,
  ablationCsv,
  ablationMarkdown,
  type RunResult,
  rowOf,
  scoreText,
} from "../ablation/table";
import { chooseVariants, folderOf, readVariants, type Variant } from "../ablation/variant";
import { writeAtomic } from "../atomic-write";
import { chartSvg } from "../chart/chart-svg";
import { type AblateConfig, ablateOptions } from "../config/ablate";
import type { MakePseudoLabelsConfig } from "../config/make-pseudo-labels";
import type { MakeSeedsConfig } from "../config/make-seeds";
import { completeConfig } from "../config/option";
import { resolveConfig } from "../config/pseudo-label-presets";
import { fileExists, readBoundedJson } from "../data/bounded-file";
import { readImageList } from "../data/image-list";
import { UserError } from "../errors";
import { collectNotices, type Reporter, silentReporter } from "../running/reporter";
import type { ImageFailure, Step, StepContext, Summary } from "../running/step";
import { evaluate } from "./evaluate";
import { makePseudoLabels } from "./make-pseudo-labels";
import { makeSeeds } from "./make-seeds";
import { readShard, shardOf } from "./shard";
import { tableText } from "./text-table";

export interface AblateSummary extends Summary, AblationTable {
  /** CSV, JSON, Markdown and chart. */
  readonly files: readonly string[];
}

export const ablate: Step<AblateConfig, AblateSummary> = {
  name: "ablate",
  about: "a table of variants, several seeds each: what every part of the method is worth",
  options: ablateOptions,
  examples: [
    "a2gnn ablate",
    "a2gnn ablate --variants layers,radius --seeds 0,1,2",
    "a2gnn ablate --voc12-root VOC2012 --infer-list train.txt --weights aff.pth --cam-dir cam --shard 3/8",
  ],
  needsBackend: true,
  run,
  describe,
};

const MAX_GRID_BYTES = 1 << 20;

interface Setting {
  readonly config: AblateConfig;
  readonly camDir: string | undefined;
  /** The images that are labelled, as a list file. */
  readonly list: string;
  readonly context: StepContext;
}

interface Run {
  readonly variant: Variant;
  readonly seed: number;
}

async function run(
  given: Partial<AblateConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<AblateSummary> {
  const started = performance.now();
  const { notices, notice } = collectNotices(context.reporter);
  const config = completeConfig(given, ablateOptions);
  if (config.seeds.some((seed) => !Number.isInteger(seed)))
    throw new UserError("usage", `expected whole numbers, got ${config.seeds.join(",")} (--seeds)`);
  const grid = config.grid === undefined ? defaultGrid : await readGrid(config.grid);
  const camDir = await camFolder(config);
  const chosen = chooseVariants(grid, config.variants);
  const variants = chosen.filter((variant) => camDir !== undefined || !needsCams(variant));
  if (variants.length < chosen.length) notice(`no --cam-dir: ${chosen.length - variants.length} rows are left out`);
  if (variants.length === 0) throw new UserError("usage", "no variant is left");

  const full = await readImageList(config.inferList, config.voc12Root);
  const ids = config.images === 0 ? full.ids : full.ids.slice(0, config.images);
  const list = path.join(config.out, "images.txt");
  await writeAtomic(list, `${ids.join("\n")}\n`);
  const setting: Setting = { config, camDir, list, context: { ...context, reporter: quiet(context.reporter) } };

  const all = variants.flatMap((variant) => config.seeds.map((seed): Run => ({ variant, seed })));
  const mine = shardOf(all, readShard(config.shard));
  const failed: ImageFailure[] = [];
  let [done, skipped] = [0, 0];
  for (const each of mine) {
    if (context.signal?.aborted) break;
    const label = `${each.variant.name}, seed ${each.seed}`;
    context.reporter.progress({ done: done + skipped + failed.length, total: mine.length, label, unit: "run" });
    if ((await readResult(each, setting)) !== undefined) {
      skipped++;
      continue;
    }
    try {
      if (await makeRun(each, setting)) done++;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failed.push({ image: label, reason: error.message });
      context.reporter.warn(`${label}: ${error.message}`);
    }
  }
  if (mine.length > 0 && !context.signal?.aborted)
    context.reporter.progress({ done: mine.length, total: mine.length, label: "all runs", unit: "run" });

  const table = await collect(variants, setting, full.split, ids.length);
  if (table.missing > 0) notice(`${table.missing} of ${all.length} runs are not there yet; the same command goes on`);
  return {
    step: "ablate",
    ...table,
    done,
    skipped,
    failed,
    seconds: (performance.now() - started) / 1000,
    notices,
    files: await writeTables(table, config, given),
  };
}

/** @returns false where it was stopped */
async function makeRun({ variant, seed }: Run, setting: Setting): Promise<boolean> {
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

/** The variant's seed labels, the same for all its seeds of random numbers; undefined: straight from the weak labels. */
async function seedLabels(variant: Variant, { config, camDir, list, context }: Setting): Promise<string | undefined> {
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

function labelOptions(variant: Variant, { config, camDir, list }: Setting): Partial<MakePseudoLabelsConfig> {
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
function signatureOf(variant: Variant, setting: Setting): string {
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

async function readResult(each: Run, setting: Setting): Promise<RunResult | undefined> {
  const file = path.join(runFolder(each, setting.config), "result.json");
  if (!(await fileExists(file))) return undefined;
  const { signature, ...result } = (await readBoundedJson(file, MAX_GRID_BYTES, "result")) as RunResult & {
    signature?: string;
  };
  return signature === signatureOf(each.variant, setting) ? result : undefined;
}

/** Runs of other options get a folder of their own, so that no label of theirs is taken for one of these. */
function runFolder({ variant, seed }: Run, config: AblateConfig): string {
  const hash = createHash("sha256").update(
    JSON.stringify({ variant, list: config.inferList, weights: config.weights }),
  );
  return path.join(config.out, "runs", folderOf(variant), `${hash.digest("hex").slice(0, 8)}-seed-${seed}`);
}

async function collect(
  variants: readonly Variant[],
  setting: Setting,
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
    if (runs.length > 0) rows.push(rowOf(variant, runs));
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

function commandOf({ shard, out, ...given }: Partial<AblateConfig>): string {
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

async function readGrid(file: string): Promise<Variant[]> {
  return readVariants(await readBoundedJson(file, MAX_GRID_BYTES, "grid of variants"), file);
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
