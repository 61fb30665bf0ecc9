/**
 * `report`: one self-contained HTML page of a folder of labels, for a paper's appendix: how they were made (versions,
 * weights' hashes, configuration, seeds, times), how good they are, and pictures of the best, the middle and the worst.
 */

import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import sharp from "sharp";
import { writeAtomic } from "../atomic-write";
import { completeConfig } from "../config/option";
import { type ReportConfig, reportOptions } from "../config/report";
import { type DatasetDescription, readDataset } from "../data/dataset";
import { readFittedLabel } from "../data/fitted-label";
import { findImage, type RgbImage, readRgb } from "../data/image";
import { readImageList } from "../data/image-list";
import type { LabelMap } from "../data/label-png";
import { messageOf, UserError } from "../errors";
import { addToConfusion, createConfusion, scoresOf } from "../miou";
import { silentReporter } from "../running/reporter";
import type { Step, StepContext, Summary } from "../running/step";
import { chartSvg } from "../show/chart-svg";
import { overlayPicture } from "../show/overlay";
import { evaluate } from "../steps/evaluate";
import type { EvaluateSummary } from "../steps/outputs/evaluate-table";
import { checkReports, writeReport } from "../steps/outputs/report-file";
import { readRuns } from "../steps/outputs/run-record";
import { readLabelPair } from "../steps/sources/label-pair";
import { type ReportPicture, reportPage } from "./report-page";

export interface ReportSummary extends Summary {
  readonly page: string;
  readonly mIoU: number | null;
}

export const report: Step<ReportConfig, ReportSummary> = {
  name: "report",
  about: "make one self-contained HTML page of a run: settings, versions, figures, best and worst pictures",
  options: reportOptions,
  examples: ["a2gnn report --pred out/box_pred --voc12-root VOC2012 --list train.txt"],
  needsBackend: false,
  run,
  describe: ({ page, images }) => `report: ${images} images, in ${page}`,
};

interface Scored {
  readonly id: string;
  readonly mIoU: number;
}

async function run(
  given: Partial<ReportConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<ReportSummary> {
  const started = performance.now();
  const config = completeConfig(given, reportOptions);
  const gt = config.gt ?? path.join(config.voc12Root, "SegmentationClass");
  const page = config.out ?? path.join(config.pred, "report.html");
  const title = config.title ?? path.basename(path.resolve(config.pred));
  await checkReports({ "--out": page });
  const dataset = await readDataset(config.voc12Root);
  const scratch = await fs.mkdtemp(path.join(os.tmpdir(), "a2gnn-"));
  const list = config.list ?? path.join(scratch, "images.txt");
  let scores: EvaluateSummary;
  const scored: Scored[] = [];
  try {
    if (config.list === undefined) await listCommonLabels(config.pred, gt, list);
    scores = await evaluate.run({ pred: config.pred, gt, voc12Root: config.voc12Root, list, stage: title }, context);
    const bad = new Set(scores.failed.map(({ image }) => image));
    const { ids } = await readImageList(list, config.voc12Root);
    for (const id of ids.filter((each) => !bad.has(each)))
      scored.push({ id, mIoU: (await scoreOf(id, config.pred, gt, config.voc12Root, dataset)) ?? 0 });
  } finally {
    await fs.rm(scratch, { recursive: true });
  }
  scored.sort((a, b) => b.mIoU - a.mIoU);
  const groups = [];
  for (const { name, chosen } of chooseGroups(scored, config.pictures)) {
    const pictures = [];
    for (const each of chosen) pictures.push(await pictureOf(each, config, gt, dataset));
    groups.push({ name, pictures });
  }
  const present = scores.perClass.filter((row) => row.present);
  const chart = chartSvg({
    kind: "bar",
    title: "IoU per class",
    valueTitle: "IoU (%)",
    labels: present.map((row) => row.class),
    series: [{ name: "IoU", values: present.map(({ iou }) => (iou === null ? null : 100 * iou)) }],
  });
  const shown = config.list === undefined ? { ...scores, split: "all labels" } : scores;
  const runs = await readRuns(config.pred);
  const classes = scores.perClass.flatMap(({ class: name, present, predictedPixels }, index) =>
    present || predictedPixels > 0 ? [{ name, colour: dataset.palette[index] }] : [],
  );
  const html = reportPage({ title, folder: config.pred, runs, scores: shown, chart, classes, groups });
  await writeReport("--out", page, html);
  return {
    step: "report",
    images: scores.images,
    done: scores.done,
    skipped: 0,
    failed: scores.failed,
    seconds: (performance.now() - started) / 1000,
    notices: scores.notices,
    page,
    mIoU: scores.mIoU,
  };
}

/** Writes a list of the labels that have a true one, for `evaluate`. */
async function listCommonLabels(pred: string, gt: string, file: string): Promise<void> {
  const names = async (folder: string): Promise<string[]> => {
    const all = await fs.readdir(folder).catch((error: unknown) => {
      throw new UserError("input", `cannot read the folder of labels: ${messageOf(error)}`);
    });
    return all.flatMap((name) => (name.endsWith(".png") && !name.startsWith(".") ? [name.slice(0, -4)] : []));
  };
  const truths = new Set(await names(gt));
  const ids = (await names(pred)).filter((id) => truths.has(id)).sort();
  if (ids.length === 0)
    throw new UserError("input", `expected labels, NAME.png, that are in ${gt} as well, got none (${pred})`);
  await writeAtomic(file, `${ids.join("\n")}\n`);
}

async function scoreOf(
  id: string,
  pred: string,
  gt: string,
  root: string,
  dataset: DatasetDescription,
): Promise<number | null> {
  const { truth, prediction: label } = await readLabelPair(id, { gt, pred, root }, dataset);
  const confusion = createConfusion(dataset.classes.length);
  addToConfusion(confusion, truth.data, label.data, dataset.ignore, id);
  return scoresOf(confusion, dataset.classes).mIoU;
}

/** Best, middle and worst, without an image twice. */
function chooseGroups(scored: readonly Scored[], count: number): { name: string; chosen: Scored[] }[] {
  const best = scored.slice(0, count);
  const worst = scored.slice(Math.max(count, scored.length - count)).reverse();
  const rest = scored.slice(best.length, scored.length - worst.length);
  const first = Math.max(0, Math.floor((rest.length - count) / 2));
  const groups = [
    { name: "Best", chosen: best },
    { name: "Around the median", chosen: rest.slice(first, first + count) },
    { name: "Worst", chosen: worst },
  ];
  return groups.filter(({ chosen }) => chosen.length > 0);
}

async function pictureOf(
  { id, mIoU }: Scored,
  { pred, voc12Root }: ReportConfig,
  gt: string,
  dataset: DatasetDescription,
): Promise<ReportPicture> {
  const image = await readRgb(await findImage(voc12Root, id));
  const read = (folder: string): Promise<LabelMap> =>
    readFittedLabel(path.join(folder, `${id}.png`), image, dataset, "label");
  const [truth, label] = await Promise.all([read(gt), read(pred)]);
  const { width, height } = image;
  return {
    id,
    mIoU,
    photograph: await uriOf(sharp(image.data, { raw: { width, height, channels: 3 } }), image),
    label: await uriOf(overlay(image, label, dataset), image),
    truth: await uriOf(overlay(image, truth, dataset), image),
  };
}

function overlay(image: RgbImage, label: LabelMap, dataset: DatasetDescription): sharp.Sharp {
  return sharp(overlayPicture(image, label, dataset, { opacity: 0.65 }).data, {
    raw: { width: image.width, height: image.height, channels: 3 },
  });
}

/** JPEG, small ones enlarged so that single pixels can be seen. */
async function uriOf(picture: sharp.Sharp, { width, height }: RgbImage): Promise<string> {
  const factor = Math.max(1, Math.round(320 / width));
  const enlarged = picture.resize(width * factor, height * factor, { kernel: "nearest", fit: "fill" });
  return `data:image/jpeg;base64,${(await enlarged.jpeg({ quality: 80 }).toBuffer()).toString("base64")}`;
}
