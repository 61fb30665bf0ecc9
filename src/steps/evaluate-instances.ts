/** `evaluate --instances`: detections against true instances, both COCO's JSON (docs/method.md, section 5). */

import path from "node:path";
import type { EvaluateConfig } from "../config/evaluate";
import { readImageList } from "../data/image-list";
import { UserError } from "../errors";
import { type CategoryCurves, categoryCurves, cocoFigures, RECALLS } from "../instances/coco-ap";
import { type Comparison, IOU_THRESHOLDS } from "../instances/coco-match";
import { type CocoResult, readCocoResults } from "../instances/coco-results";
import { type CocoImage, type CocoTruth, imageName, readCocoTruth } from "../instances/coco-truth";
import { compareInstances } from "../instances/compare-instances";
import { meanVocFigures, vocFigures } from "../instances/voc-ap";
import { collectNotices } from "../running/reporter";
import type { StepContext } from "../running/step";
import type { LineChart } from "../show/chart";
import { chartSvg } from "../show/chart-svg";
import { chartPng } from "../show/show-chart";
import { type EvaluateInstancesSummary, type InstanceFigures, instancesCsv } from "./outputs/instances-table";
import { checkReports, writeReport } from "./outputs/report-file";

/** @throws UserError "usage" without a truth; "input" where truth or results cannot be compared, naming the entry */
export async function evaluateInstances(
  config: EvaluateConfig,
  { reporter, signal }: StepContext,
): Promise<EvaluateInstancesSummary> {
  const started = performance.now();
  if (config.confusion !== undefined)
    throw new UserError("usage", "--confusion is of labels: with --instances there is no confusion matrix");
  const gt = config.gt ?? (config.voc12Root && path.join(config.voc12Root, "instances.json"));
  if (gt === undefined) throw new UserError("usage", "--gt or --voc12-root is required: where are the true instances?");
  await checkReports({ "--csv": config.csv, "--curves": config.curves });
  const said = collectNotices(reporter);
  const truth = await readCocoTruth(gt);
  const { images, split } = await chosenImages(truth, config, said.notice);
  const results = await readCocoResults(config.pred, truth);
  sayWhatIsOdd(truth, images, results, said.notice);

  const comparisons = await compareInstances(truth, images, results, async (done, image) => {
    signal?.throwIfAborted();
    reporter.progress({ done, total: images.length, label: image.fileName });
    await new Promise(setImmediate); // so that Ctrl-C is heard
  });
  const { masks, boxes } = comparisons;
  if (masks === undefined)
    said.notice(`only boxes are compared: there is no "segmentation" in ${hasMasks(truth) ? config.pred : gt}`);
  const names = truth.categories.map(({ name }) => name);
  const figures = masks && figuresOf(masks, names);
  const ofBoxes = figuresOf(boxes, names);
  const summary: EvaluateInstancesSummary = {
    step: "evaluate",
    split,
    stage: config.stage ?? path.basename(config.pred, path.extname(config.pred)),
    images: images.length,
    instances: count(boxes, ({ truths }) => truths.filter(({ isCrowd }) => !isCrowd).length),
    crowds: count(boxes, ({ truths }) => truths.filter(({ isCrowd }) => isCrowd).length),
    detections: count(boxes, ({ scores }) => scores.length),
    ...(figures ?? figuresOf([], [])).figures,
    bbox: ofBoxes.figures,
    recalls: RECALLS,
    precision: meanPrecision((figures ?? ofBoxes).curves),
    done: images.length,
    skipped: 0,
    failed: [],
    seconds: (performance.now() - started) / 1000,
    notices: said.notices,
  };
  if (config.csv !== undefined) await writeReport("--csv", config.csv, instancesCsv(summary));
  if (config.curves !== undefined) await writeCurves(config.curves, summary);
  return summary;
}

// --- internal ---

async function chosenImages(
  truth: CocoTruth,
  { list, voc12Root }: EvaluateConfig,
  notice: (message: string) => void,
): Promise<{ images: readonly CocoImage[]; split: string }> {
  if (list === undefined) return { images: truth.images, split: "all" };
  const { ids, split, notices } = await readImageList(list, voc12Root ?? path.dirname(path.resolve(truth.file)));
  for (const each of notices) notice(each);
  const byName = new Map(truth.images.map((image) => [imageName(image), image]));
  const lacking = ids.filter((id) => !byName.has(id));
  if (lacking.length > 0)
    throw new UserError(
      "input",
      `${lacking.length} of ${ids.length} images of the list are not in ${truth.file}, the first "${lacking[0]}"`,
    );
  const chosen = new Set(ids);
  return { images: truth.images.filter((image) => chosen.has(imageName(image))), split };
}

function sayWhatIsOdd(
  truth: CocoTruth,
  images: readonly CocoImage[],
  results: readonly CocoResult[],
  notice: (message: string) => void,
): void {
  const found = new Set(results.map(({ imageId }) => imageId));
  const bare = images.filter(({ id }) => !found.has(id)).length;
  if (bare > 0) notice(`${bare} of ${images.length} images have no detection: their instances count as missed`);
  const chosen = new Set(images.map(({ id }) => id));
  const left = results.filter(({ imageId }) => !chosen.has(imageId)).length;
  if (left > 0) notice(`${left} results are of images that are not in the list, and do not count`);
  if (truth.annotations.some(({ id }) => id === 0))
    notice("an annotation has id 0, whose finding pycocotools takes for none: its figures may be lower than these");
}

function hasMasks({ annotations }: CocoTruth): boolean {
  return annotations.some(({ segmentation }) => segmentation !== undefined);
}

function figuresOf(
  categories: readonly (readonly Comparison[])[],
  names: readonly string[],
): { figures: InstanceFigures; curves: readonly (CategoryCurves | undefined)[] } {
  const curves = categories.map(categoryCurves);
  const voc = categories.map(vocFigures);
  const figures: InstanceFigures = {
    ...cocoFigures(curves),
    ...meanVocFigures(voc),
    perClass: categories.map((comparisons, c) => ({
      class: names[c],
      instances: count([comparisons], ({ truths }) => truths.filter(({ isCrowd }) => !isCrowd).length),
      detections: count([comparisons], ({ scores }) => scores.length),
      ...cocoFigures([curves[c]]),
      ...voc[c],
    })),
  };
  return { figures, curves };
}

function count(categories: readonly (readonly Comparison[])[], of: (comparison: Comparison) => number): number {
  return categories.flat().reduce((sum, comparison) => sum + of(comparison), 0);
}

/** Precision at each of `RECALLS`, mean over the categories with objects, by IoU threshold. */
function meanPrecision(categories: readonly (CategoryCurves | undefined)[]): Record<string, number[]> {
  const known = categories.filter((each) => each !== undefined);
  if (known.length === 0) return {};
  const mean = (t: number, r: number): number =>
    known.reduce((sum, { all }) => sum + all.precision[t * RECALLS.length + r], 0) / known.length;
  return Object.fromEntries(IOU_THRESHOLDS.map((iou, t) => [iou.toFixed(2), RECALLS.map((_, r) => mean(t, r))]));
}

async function writeCurves(
  file: string,
  { stage, split, precision, AP, bbox }: EvaluateInstancesSummary,
): Promise<void> {
  const of = AP >= 0 || bbox.AP < 0 ? "masks" : "boxes";
  const chart: LineChart = {
    kind: "line",
    title: `${stage}, ${split}: precision over recall of ${of}, mean over classes`,
    xTitle: "recall",
    yTitle: "precision",
    series: ["0.50", "0.60", "0.70", "0.75", "0.80", "0.90"].flatMap((iou) =>
      precision[iou] === undefined ? [] : [{ name: `IoU ${iou}`, x: RECALLS, y: precision[iou] }],
    ),
  };
  const isSvg = path.extname(file).toLowerCase() === ".svg";
  await writeReport("--curves", file, isSvg ? chartSvg(chart) : await chartPng(chart));
}
