/**
 * `demo`: the main job on data/mini, with every kind of weak label. It runs the very steps a user runs and meets them on
 * disk; what is its own is the comparison with the seeds and with the dense CRF alone, the table and the report.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomic-write";
import { type DemoConfig, demoOptions, demoSupervisions } from "../config/demo";
import type { MakePseudoLabelsConfig, Supervision } from "../config/make-pseudo-labels";
import { completeConfig } from "../config/option";
import { presets, type ResolvedConfig, resolveConfig } from "../config/pseudo-label-presets";
import { type DatasetDescription, readDataset } from "../data/dataset";
import { readImageList } from "../data/image-list";
import { readLabel, writeLabel } from "../data/label-png";
import { crfAlone } from "../demo/crf-alone";
import { chooseFeatures } from "../demo/features";
import {
  type DemoPictures,
  type DemoRow,
  type DemoSection,
  FIGURE_HEAD,
  figureCells,
  reportHtml,
} from "../demo/report";
import { picturesOf } from "../demo/section-pictures";
import { commandOf, dataWords, supervisionWords } from "../demo/words";
import { type Reporter, silentReporter } from "../running/reporter";
import type { ImageFailure, Step, StepContext, Summary } from "../running/step";
import { countSeeds, coverageRows, type StageCounts } from "../seeds/coverage-precision";
import { evaluate } from "./evaluate";
import { openGraphSource } from "./graph-source";
import { inferSeam } from "./infer-seam";
import { type MakePseudoLabelsSummary, makePseudoLabels } from "./make-pseudo-labels";
import { prepareImage } from "./prepare-image";
import { openSeedSource } from "./seed-source";
import { tableText } from "./text-table";

export interface DemoSummary extends Summary {
  readonly split: string;
  /** What the graph was built from. */
  readonly features: string;
  readonly rows: readonly DemoRow[];
  /** The HTML file. */
  readonly report: string;
}

export const demo: Step<DemoConfig, DemoSummary> = {
  name: "demo",
  about: "the whole main job on a small data set, all four supervisions: a table and an HTML report",
  options: demoOptions,
  examples: ["a2gnn demo", "a2gnn demo --supervision box,scribble --images 12", "a2gnn demo --features random"],
  needsBackend: true,
  run,
  describe,
};

/** What all supervisions share. */
interface Setting {
  readonly config: DemoConfig;
  readonly dataset: DatasetDescription;
  readonly ids: readonly string[];
  readonly listFile: string;
  /** Features and weights. */
  readonly graph: Partial<MakePseudoLabelsConfig>;
}

async function run(
  given: Partial<DemoConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<DemoSummary> {
  const started = performance.now();
  const config = completeConfig(given, demoOptions);
  const dataset = await readDataset(config.data);
  const list = await readImageList(config.list, config.data);
  const ids = list.ids.slice(0, config.images);
  await startAfresh(config, ids);
  const listFile = path.join(config.out, "images.txt");
  await writeAtomic(listFile, `${ids.join("\n")}\n`);
  const features = await chooseFeatures(config);
  const notices = new Set([...list.notices, features.said]);
  for (const message of notices) context.reporter.notice(message);

  const setting: Setting = { config, dataset, ids, listFile, graph: features.options };
  const supervisions = config.supervision as readonly Supervision[];
  const steps = supervisions.map((each) => (presets[each].epochs ?? 50) / 50);
  const total = steps.reduce((sum, each) => sum + each, 0) * ids.length;
  const sections: DemoSection[] = [];
  const failed: ImageFailure[] = [];
  let before = 0;
  for (const [index, supervision] of supervisions.entries()) {
    if (context.signal?.aborted) break;
    const part = { label: supervision, before, each: steps[index], total, notices };
    const inner = { ...context, reporter: partOf(context.reporter, part) };
    const { section, labels } = await runSupervision(supervision, setting, inner);
    if (section === undefined) break; // stopped
    sections.push(section);
    failed.push(...labels.failed);
    before += steps[index] * ids.length;
  }
  context.reporter.finish();

  const report = path.join(config.out, "report.html");
  const html = reportHtml({
    title: "a2gnn demo",
    openly: [features.said, ...dataWords],
    split: list.split,
    images: ids.length,
    classes: dataset.classes.map((name, i) => ({ name, colour: dataset.palette[i] })),
    sections,
  });
  await writeAtomic(report, html);
  const summary: DemoSummary = {
    step: "demo",
    split: list.split,
    features: features.kind,
    images: ids.length,
    done: ids.length - new Set(failed.map(({ image }) => image)).size,
    skipped: 0,
    failed,
    rows: sections.map(({ row }) => row),
    report,
    seconds: (performance.now() - started) / 1000,
    notices: [...notices],
  };
  await writeAtomic(path.join(config.out, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

/** Seeds, pseudo labels, the dense CRF alone, figures: each in a folder of its own below the supervision's. */
async function runSupervision(
  supervision: Supervision,
  { config, dataset, ids, listFile, graph }: Setting,
  context: StepContext,
): Promise<{ section?: DemoSection; labels: MakePseudoLabelsSummary }> {
  const [seedFolder, crfFolder, labelFolder] = ["seed", "crf", "label"].map((name) =>
    path.join(config.out, supervision, name),
  );
  const common = { voc12Root: config.data, inferList: listFile };
  const camDir = path.join(config.data, "CAM");
  const options: Partial<MakePseudoLabelsConfig> = {
    ...common,
    supervision,
    seedLabelRoot: seedFolder,
    savePath: labelFolder,
    seed: config.seed,
    ...graph,
    ...(presets[supervision].rw ? { camDir } : {}),
  };
  const { config: resolved } = resolveConfig(options);
  const quiet = { ...context, reporter: { ...silentReporter, warn: context.reporter.warn } };

  if (supervision === "image") await inferSeam.run({ ...common, camDir, crf: seedFolder }, quiet);
  else await writeSeeds(resolved, dataset, ids, seedFolder);
  const labels = await makePseudoLabels.run(options, context);
  if (labels.left > 0) return { labels };
  const made = await comparison(resolved, dataset, ids, crfFolder, labels.failed);
  const score = async (pred: string): Promise<{ mIoU: number; accuracy: number }> => {
    const { mIoU, pixelAccuracy } = await evaluate.run({ pred, voc12Root: config.data, list: listFile }, quiet);
    return { mIoU: mIoU ?? 0, accuracy: pixelAccuracy ?? 0 };
  };
  const label = await score(labelFolder);
  const [all] = coverageRows(made.counts, dataset.classes);
  const row: DemoRow = {
    supervision,
    coverage: all?.coverage ?? 0,
    precision: all?.precision ?? 0,
    seedMiou: (await score(seedFolder)).mIoU,
    crfMiou: (await score(crfFolder)).mIoU,
    labelMiou: label.mIoU,
    labelAccuracy: label.accuracy,
    secondsPerImage: labels.seconds / Math.max(1, labels.done),
  };
  const section = { row, about: supervisionWords[supervision], pictures: made.pictures, command: commandOf(options) };
  return { section, labels };
}

/** The weak labels' own seeds as files, so that they can be counted and looked at. */
async function writeSeeds(
  config: ResolvedConfig,
  dataset: DatasetDescription,
  ids: readonly string[],
  folder: string,
): Promise<void> {
  const seeds = await openSeedSource({ ...config, seedLabelRoot: undefined }, dataset);
  for (const id of ids) {
    const { seed } = await prepareImage(id, { ...config, rw: false }, dataset, seeds, () => undefined);
    await writeLabel(path.join(folder, `${id}.png`), seed, dataset.palette);
  }
}

/** For every image that was labelled: the dense CRF on its seeds alone, the seeds counted, the pictures. */
async function comparison(
  config: ResolvedConfig,
  dataset: DatasetDescription,
  ids: readonly string[],
  crfFolder: string,
  failed: readonly ImageFailure[],
): Promise<{ counts: StageCounts[][]; pictures: DemoPictures[] }> {
  const crfOptions = {
    iterations: config.crfIterations,
    gaussian: { sxy: config.crfGaussianSxy, compat: config.crfGaussianCompat },
    bilateral: { sxy: config.crfBilateralSxy, srgb: config.crfBilateralSrgb, compat: config.crfBilateralCompat },
  };
  const seeds = await openSeedSource(config, dataset);
  const graphs = await openGraphSource(config);
  const counts: StageCounts[][] = [];
  const pictures: DemoPictures[] = [];
  try {
    for (const id of ids) {
      if (failed.some(({ image }) => image === id)) continue;
      const { image: rgb, seed, boxes, maps } = await prepareImage(id, config, dataset, seeds, () => undefined);
      const crf = crfAlone(rgb, seed, dataset.ignore, crfOptions);
      await writeLabel(path.join(crfFolder, `${id}.png`), crf, dataset.palette);
      const truth = await readLabel(path.join(config.voc12Root, "SegmentationClass", `${id}.png`));
      const label = await readLabel(path.join(config.savePath, `${id}.png`));
      counts.push(countSeeds([{ rule: "seed", label: seed.data }], truth, dataset.ignore));
      const graph = graphs.graphOf(rgb);
      const image = { id, rgb, truth, seed, crf, label, boxes, maps };
      pictures.push(await picturesOf(image, config.supervision, graph, dataset).finally(() => graph.dispose()));
    }
  } finally {
    graphs.dispose();
  }
  return { counts, pictures };
}

/** Labels of other settings or another version go; those of an interrupted run with the same are kept. */
async function startAfresh(config: DemoConfig, ids: readonly string[]): Promise<void> {
  const file = path.join(config.out, "settings.json");
  const { version } = require("../../package.json") as { version: string };
  const settings = JSON.stringify({ ...config, ids, version });
  if ((await fs.readFile(file, "utf8").catch(() => undefined)) === settings) return;
  for (const supervision of demoSupervisions)
    await fs.rm(path.join(config.out, supervision), { recursive: true, force: true });
  await writeAtomic(file, settings);
}

interface Part {
  readonly label: string;
  /** Hundreds of training steps before this part, of each of its images, and altogether. */
  readonly before: number;
  readonly each: number;
  readonly total: number;
  /** Said already; said once. */
  readonly notices: Set<string>;
}

/** One step's progress as a part of the whole. */
function partOf(whole: Reporter, { label, before, each, total, notices }: Part): Reporter {
  return {
    warn: whole.warn,
    notice(message) {
      if (notices.has(message)) return;
      notices.add(message);
      whole.notice(`${label}: ${message}`);
    },
    progress: ({ done, label: image, detail }) =>
      whole.progress({ done: before + each * done, total, label: `${label} ${image}`, detail, unit: "100 steps" }),
    finish() {},
  };
}

function describe({ rows, split, images, features, report, seconds, failed }: DemoSummary): string {
  return [
    `split "${split}", ${images} images, features: ${features}; mIoU in %`,
    "",
    tableText(FIGURE_HEAD, rows.map(figureCells)),
    "",
    ...failed.map(({ image, reason }) => `failed: ${image}: ${reason}`),
    `report: ${report} (${seconds.toFixed(0)} s)`,
  ].join("\n");
}
