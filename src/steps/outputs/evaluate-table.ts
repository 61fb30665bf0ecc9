/** The evaluation's summary, and its report as text and as CSV, from its plain rows. */

import { csvText } from "../../csv-text";
import type { Scores } from "../../miou";
import type { Summary } from "../../running/step";
import { tableText } from "./text-table";

export interface EvaluateSummary extends Summary, Scores {
  /** Name of the list, or "all". */
  readonly split: string;
  /** What was predicted, e.g. "pseudo label". */
  readonly stage: string;
  /** Pixels: a row per true class, a column per predicted class and a last one for predictions of the ignore value. */
  readonly confusion: readonly (readonly number[])[];
}

/** For a person: what was compared, IoU per class, the means, and where the pixels went. */
export function scoresTable(summary: EvaluateSummary): string {
  const { split, stage, images, done, failed } = summary;
  const lines = [
    `stage "${stage}", split "${split}": ${done} of ${images} images, ${summary.labelledPixels} pixels compared, ${summary.ignoredPixels} ignored in the truth`,
    ...(done === 0 ? [] : ["", ...figures(summary)]),
    ...(failed.length > 0 ? ["", `${failed.length} images are not in these figures:`] : []),
    ...failed.map(({ image, reason }) => `  ${image}: ${reason}`),
  ];
  return lines.join("\n").trimEnd();
}

/** One row a class, then the mean; IoUs as fractions, empty where a class is in neither truth nor prediction. */
export function scoresCsv(summary: EvaluateSummary): string {
  const head = ["stage", "split", "images", "class", "iou", "in_truth", "true_pixels", "predicted_pixels"];
  const common = [summary.stage, summary.split, summary.done];
  const rows = summary.perClass.map((score) => [
    ...common,
    score.class,
    score.iou ?? "",
    score.present,
    score.truePixels,
    score.predictedPixels,
  ]);
  const predicted = summary.labelledPixels - summary.unpredictedPixels;
  const mean = [...common, "mIoU", summary.mIoU ?? "", "", summary.labelledPixels, predicted];
  return csvText([head, ...rows, mean]);
}

/** Pixels, rows truth, columns prediction; the last column holds pixels predicted as unknown. */
export function confusionCsv(summary: EvaluateSummary): string {
  const names = summary.perClass.map((score) => score.class);
  return csvText([["truth", ...names, "unknown"], ...summary.confusion.map((row, index) => [names[index], ...row])]);
}

function figures(summary: EvaluateSummary): string[] {
  const rows = summary.perClass
    .filter(({ present, predictedPixels }) => present || predictedPixels > 0)
    .map((score) => [
      score.class,
      percent(score.iou) + (score.present ? "" : " (not in the truth: outside the mean)"),
      String(score.truePixels),
      String(score.predictedPixels),
    ]);
  return [
    tableText(["class", "IoU", "true pixels", "predicted pixels"], rows),
    "",
    `mIoU ${percent(summary.mIoU)} over ${summary.perClass.filter(({ present }) => present).length} classes, pixel accuracy ${percent(summary.pixelAccuracy)}`,
    ...(summary.unpredictedPixels > 0
      ? [`${summary.unpredictedPixels} pixels were predicted as unknown and count as misses`]
      : []),
    "",
    confusionText(summary),
  ];
}

/** Row percentages of the classes that occur; of many classes only the largest errors, as no terminal is so wide. */
function confusionText({ perClass, confusion, unpredictedPixels }: EvaluateSummary): string {
  const occurring = perClass.flatMap(({ present, predictedPixels }, c) => (present || predictedPixels > 0 ? [c] : []));
  const columns = unpredictedPixels > 0 ? [...occurring, perClass.length] : occurring;
  const nameOf = (column: number): string => perClass[column]?.class ?? "unknown";
  const share = (row: number, column: number): number => confusion[row][column] / (perClass[row].truePixels || 1);
  const present = occurring.filter((c) => perClass[c].present);
  if (columns.length <= 8)
    return tableText(
      ["% of truth →", ...columns.map(nameOf)],
      present.map((row) => [nameOf(row), ...columns.map((column) => (100 * share(row, column)).toFixed(1))]),
    );
  const errors = present
    .flatMap((row) => columns.filter((column) => column !== row).map((column) => ({ row, column })))
    .sort((a, b) => confusion[b.row][b.column] - confusion[a.row][a.column])
    .slice(0, 8)
    .filter(({ row, column }) => confusion[row][column] > 0);
  return [
    "largest errors (the whole matrix: --confusion FILE, or --json):",
    ...errors.map(
      ({ row, column }) =>
        `  ${nameOf(row)} taken for ${nameOf(column)}: ${confusion[row][column]} pixels, ${percent(share(row, column))} of ${nameOf(row)}`,
    ),
  ].join("\n");
}

function percent(fraction: number | null): string {
  return fraction === null ? "–" : `${(100 * fraction).toFixed(2)} %`;
}
