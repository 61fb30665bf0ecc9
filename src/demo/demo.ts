/**
 * `demo`: the main job on data/mini, with every kind of weak label. It runs the very steps a user runs and meets them on
 * disk; what is its own is the comparison with the seeds and with the dense CRF alone, the table and the report.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomic-write";
import { type DemoConfig, demoOptions, demoSupervisions } from "../config/demo";
import type { Supervision } from "../config/label-photograph";
import { completeConfig } from "../config/option";
import { presets } from "../config/pseudo-label-presets";
import { readDataset } from "../data/dataset";
import { readImageList } from "../data/image-list";
import { partReporter } from "../running/part-reporter";
import { type Reporter, silentReporter } from "../running/reporter";
import type { ImageFailure, Step, StepContext, Summary } from "../running/step";
import { tableText } from "../steps/outputs/text-table";
import { version } from "../version";
import { type DemoSetting, runSupervision } from "./demo-supervision";
import { chooseFeatures } from "./features";
import { maskRcnnTable } from "./mask-rcnn-table";
import { type DemoRow, type DemoSection, FIGURE_HEAD, figureCells, reportHtml } from "./report";
import { segmentationTable } from "./segmentation-table";
import { dataWords } from "./words";

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
  about: "label a small data set from all four kinds of weak label: a table and an HTML report",
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
  const features = await chooseFeatures(config);
  const notices = new Set([...list.notices, features.said]);
  for (const message of notices) context.reporter.notice(message);

  const setting: DemoSetting = { config, dataset, ids, listFile, graph: features.options };
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
    further: [await segmentationTable(config.data), await maskRcnnTable(config.data)],
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

/** Labels of other settings or another version go; those of an interrupted run with the same are kept. */
async function startAfresh(config: DemoConfig, ids: readonly string[]): Promise<void> {
  const file = path.join(config.out, "settings.json");
  const settings = JSON.stringify({ ...config, ids, version });
  if ((await fs.readFile(file, "utf8").catch(() => undefined)) === settings) return;
  for (const supervision of demoSupervisions)
    await fs.rm(path.join(config.out, supervision), { recursive: true, force: true });
  await writeAtomic(file, settings);
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

export interface Part {
  readonly label: string;
  /** Hundreds of training steps before this part, of each of its images, and altogether. */
  readonly before: number;
  readonly each: number;
  readonly total: number;
  /** Notices already given; each is given once. */
  readonly notices: Set<string>;
}

export function partOf(whole: Reporter, { label, before, each, total, notices }: Part): Reporter {
  return partReporter(whole, label, notices, ({ done, label: image, detail }) =>
    whole.progress({ done: before + each * done, total, label: `${label} ${image}`, detail, unit: "100 steps" }),
  );
}
