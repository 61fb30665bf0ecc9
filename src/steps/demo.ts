/**
 * `demo`: the main job on data/mini, with every kind of weak label. It runs the very steps a user runs and meets them on
 * disk; what is its own is the comparison with the seeds and with the dense CRF alone, the table and the report.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { type DemoConfig, demoOptions } from "../config/demo";
import {
  type MakePseudoLabelsConfig,
  presets,
  type ResolvedConfig,
  resolveConfig as resolveLabelling,
  type Supervision,
} from "../config/make-pseudo-labels";
import { completeConfig, flagOf } from "../config/option";
import { writeAtomic } from "../data/atomic-write";
import { type DatasetDescription, readDataset } from "../data/dataset";
import { readImageList } from "../data/image-list";
import { readLabel, writeLabel } from "../data/label-png";
import { crfAlone } from "../demo/crf-alone";
import { chooseFeatures } from "../demo/features";
import { type DemoRow, type DemoSection, FIGURE_HEAD, figureCells, reportHtml } from "../demo/report";
import { picturesOf } from "../demo/section-pictures";
import { countSeeds, coverageRows } from "../seeds/coverage-precision";
import { evaluate } from "./evaluate";
import { openGraphSource } from "./graph-source";
import { inferSeam } from "./infer-seam";
import { makePseudoLabels } from "./make-pseudo-labels";
import { prepareImage } from "./prepare-image";
import { type Reporter, silentReporter } from "./reporter";
import { openSeedSource } from "./seed-source";
import type { ImageFailure, Step, StepContext, Summary } from "./step";
import { tableText } from "./text-table";

export interface DemoSummary extends Summary {
  readonly split: string;
  /** What the graph was built from. */
  readonly features: string;
  readonly rows: readonly DemoRow[];
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
  const graph = await chooseFeatures(config);
  context.reporter.notice(graph.said);

  const supervisions = config.supervision as readonly Supervision[];
  const work = supervisions.map((each) => (presets[each].epochs ?? 50) / 50);
  const total = work.reduce((sum, each) => sum + each, 0) * ids.length;
  const notices = new Set<string>([...list.notices, graph.said]);
  const failed: ImageFailure[] = [];
  const sections: DemoSection[] = [];
  let before = 0;
  for (const [index, supervision] of supervisions.entries()) {
    context.signal?.throwIfAborted();
    const reporter = partOf(context.reporter, supervision, before, work[index], total, notices);
    const section = await runSupervision(
      supervision,
      { config, dataset, listFile, ids, options: graph.options },
      { ...context, reporter },
    );
    sections.push(section.section);
    failed.push(...section.failed);
    before += work[index] * ids.length;
  }
  context.reporter.finish();

  const report = path.join(config.out, "report.html");
  const rows = sections.map(({ row }) => row);
  const html = reportHtml({
    title: "a2gnn demo",
    openly: [
      graph.said,
      ...DATA_SAID,
      "Training: the reference's step counts, 150 + 150 for boxes and 50 + 50 for the others, with dropout.",
    ],
    split: list.split,
    images: ids.length,
    classes: dataset.classes.map((name, i) => ({ name, colour: dataset.palette[i] })),
    sections,
  });
  await writeAtomic(report, html);
  const summary: DemoSummary = {
    step: "demo",
    split: list.split,
    features: graph.kind,
    images: ids.length,
    done: ids.length - new Set(failed.map(({ image }) => image)).size,
    skipped: 0,
    failed,
    rows,
    report,
    seconds: (performance.now() - started) / 1000,
    notices: [...notices],
  };
  await writeAtomic(path.join(config.out, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

interface Setting {
  readonly config: DemoConfig;
  readonly dataset: DatasetDescription;
  readonly listFile: string;
  readonly ids: readonly string[];
  /** Features and weights. */
  readonly options: Partial<MakePseudoLabelsConfig>;
}

async function runSupervision(
  supervision: Supervision,
  { config, dataset, listFile, ids, options }: Setting,
  context: StepContext,
): Promise<{ section: DemoSection; failed: readonly ImageFailure[] }> {
  const folder = path.join(config.out, supervision);
  const [seedFolder, crfFolder, labelFolder] = ["seed", "crf", "label"].map((name) => path.join(folder, name));
  const camDir = path.join(config.data, "CAM");
  const labelling: Partial<MakePseudoLabelsConfig> = {
    voc12Root: config.data,
    inferList: listFile,
    supervision,
    seedLabelRoot: seedFolder,
    savePath: labelFolder,
    seed: config.seed,
    ...options,
    ...(presets[supervision].rw ? { camDir } : {}),
  };
  const { config: resolved } = resolveLabelling(labelling);

  // 1. seed labels
  if (supervision === "image")
    await inferSeam.run({ voc12Root: config.data, inferList: listFile, camDir, crf: seedFolder }, quiet(context));
  else await writeSeeds({ ...resolved, seedLabelRoot: undefined }, dataset, ids, seedFolder);

  // 2. pseudo labels
  const labels = await makePseudoLabels.run(labelling, context);

  // 3. the same seeds with the dense CRF alone, and what is needed for the pictures
  const seeds = await openSeedSource(resolved, dataset);
  const graphs = await openGraphSource(resolved);
  const counts = [];
  const pictures = [];
  try {
    for (const id of ids) {
      if (labels.failed.some(({ image }) => image === id)) continue;
      const { image: rgb, seed, boxes, maps } = await prepareImage(id, resolved, dataset, seeds, () => undefined);
      const truth = await readLabel(path.join(config.data, "SegmentationClass", `${id}.png`));
      const crf = crfAlone(rgb, seed, dataset.ignore, {
        iterations: resolved.crfIterations,
        gaussian: { sxy: resolved.crfGaussianSxy, compat: resolved.crfGaussianCompat },
        bilateral: {
          sxy: resolved.crfBilateralSxy,
          srgb: resolved.crfBilateralSrgb,
          compat: resolved.crfBilateralCompat,
        },
      });
      await writeLabel(path.join(crfFolder, `${id}.png`), crf, dataset.palette);
      counts.push(countSeeds([{ rule: "seed", label: seed.data }], truth, dataset.ignore));
      const label = await readLabel(path.join(labelFolder, `${id}.png`));
      const graph = graphs.graphOf(rgb);
      const image = { id, rgb, truth, seed, crf, label, boxes, maps };
      pictures.push(await picturesOf(image, supervision, graph, dataset).finally(() => graph.dispose()));
    }
  } finally {
    graphs.dispose();
  }

  // 4. figures
  const score = (pred: string, stage: string) =>
    evaluate.run({ pred, voc12Root: config.data, list: listFile, stage }, quiet(context));
  const seedScores = await score(seedFolder, "seeds");
  const crfScores = await score(crfFolder, "seeds and dense CRF");
  const labelScores = await score(labelFolder, "pseudo label");
  const [all] = coverageRows(counts, dataset.classes);
  const row: DemoRow = {
    supervision,
    coverage: all?.coverage ?? 0,
    precision: all?.precision ?? 0,
    seedMiou: seedScores.mIoU ?? 0,
    crfMiou: crfScores.mIoU ?? 0,
    labelMiou: labelScores.mIoU ?? 0,
    labelAccuracy: labelScores.pixelAccuracy ?? 0,
    secondsPerImage: labels.seconds / Math.max(1, labels.done),
  };
  const section = { row, about: ABOUT[supervision], pictures, command: commandOf(labelling) };
  return { section, failed: labels.failed };
}

const ABOUT: Readonly<Record<Supervision, string>> = {
  image:
    "Image tags: class activation maps give a confident label where the map is strong and the dense CRF is sure; the maps are walked along the affinities as well. The maps here are SYNTHETIC, drawn from the masks with the faults of real ones.",
  point:
    "One click on each thing and three on the ground, each a disc of radius 3; synthetic class activation maps are walked along the affinities.",
  scribble: "One stroke along each thing and two through the ground, 3 pixels wide.",
  box: "Outside all boxes background, inside unknown but for the middle 20 % of the area; the multi-point loss asks for the class in every row and column of a box.",
};

const DATA_SAID: readonly string[] = [
  "Data: drawn by a program (scripts/make-mini.ts), not photographs; figures on it say nothing about VOC.",
  "Dense CRF on the seeds alone: seed pixels 99 % sure, all others equally unsure among the classes of the image's seeds; the same kernels as in the last step of A2GNN.",
];

async function writeSeeds(
  config: ResolvedConfig,
  dataset: DatasetDescription,
  ids: readonly string[],
  folder: string,
): Promise<void> {
  const seeds = await openSeedSource(config, dataset);
  for (const id of ids) {
    const { seed } = await prepareImage(id, { ...config, rw: false }, dataset, seeds, () => undefined);
    await writeLabel(path.join(folder, `${id}.png`), seed, dataset.palette);
  }
}

/** Labels of other settings or another version go; those of an interrupted run with the same are kept. */
async function startAfresh(config: DemoConfig, ids: readonly string[]): Promise<void> {
  const file = path.join(config.out, "settings.json");
  const settings = JSON.stringify({
    ...config,
    ids,
    version: (require("../../package.json") as { version: string }).version,
  });
  const earlier = await fs.readFile(file, "utf8").catch(() => undefined);
  if (earlier !== settings) {
    for (const supervision of ["image", "point", "scribble", "box"])
      await fs.rm(path.join(config.out, supervision), { recursive: true, force: true });
    await writeAtomic(file, settings);
  }
}

/** A step's images as a part of the whole; a notice is passed on once. */
function partOf(
  whole: Reporter,
  label: string,
  before: number,
  each: number,
  total: number,
  seen: Set<string>,
): Reporter {
  return {
    ...whole,
    notice(message) {
      if (seen.has(message) || /^no --weights given/.test(message)) return;
      seen.add(message);
      whole.notice(`${label}: ${message}`);
    },
    progress: ({ done, label: image, detail }) =>
      whole.progress({ done: before + each * done, total, label: `${label} ${image}`, detail, unit: "100 steps" }),
    finish() {},
  };
}

function quiet(context: StepContext): StepContext {
  return { ...context, reporter: { ...silentReporter, warn: context.reporter.warn } };
}

function commandOf(options: Partial<MakePseudoLabelsConfig>): string {
  const words = Object.entries(options).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [`--${flagOf(key)} ${path.isAbsolute(String(value)) ? path.relative(process.cwd(), String(value)) : value}`],
  );
  return `npx a2gnn make-pseudo-labels ${words.join(" ")}`;
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
