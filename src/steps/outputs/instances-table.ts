/** The summary of an evaluation of instances, and its report as text and as CSV. */

import { csvText } from "../../csv-text";
import { COCO_KEYS, type CocoFigures } from "../../instances/coco-ap";
import { VOC_KEYS, type VocFigures } from "../../instances/voc-ap";
import type { Summary } from "../../running/step";
import { tableText } from "./text-table";

/** Figures from 0 to 1; −1 where there is no object to find, as in pycocotools. */
export interface InstanceFigures extends CocoFigures, VocFigures {
  readonly perClass: readonly ClassFigures[];
}

export interface ClassFigures extends CocoFigures, VocFigures {
  readonly class: string;
  readonly instances: number;
  readonly detections: number;
}

/** The figures of masks, all −1 where only boxes were compared, and beside them those of boxes. */
export interface EvaluateInstancesSummary extends Summary, InstanceFigures {
  readonly split: string;
  readonly stage: string;
  readonly instances: number;
  readonly crowds: number;
  readonly detections: number;
  readonly bbox: InstanceFigures;
  readonly recalls: readonly number[];
  /** Precision at each of `recalls`, mean over classes, by IoU threshold; of masks where there are any, else of boxes. */
  readonly precision: Readonly<Record<string, readonly number[]>>;
}

const KEYS = [...COCO_KEYS, ...VOC_KEYS];

/** For a person: what was compared, the figures of masks and boxes, and each class that occurs. */
export function instancesTable(summary: EvaluateInstancesSummary): string {
  const { split, stage, images, instances, crowds, detections, bbox } = summary;
  const hasMasks = summary.perClass.length > 0;
  const kinds = [...(hasMasks ? [["masks", summary] as const] : []), ["boxes", bbox] as const];
  const rows = (keys: readonly (keyof InstanceFigures & string)[]): string[][] =>
    kinds.map(([name, figures]) => [name, ...keys.map((key) => percent(figures[key] as number))]);
  const main = hasMasks ? summary : bbox;
  const occurring = main.perClass.filter((row) => row.instances > 0 || row.detections > 0);
  return [
    `stage "${stage}", split "${split}": ${images} images, ${instances} instances${crowds > 0 ? ` and ${crowds} crowds` : ""}, ${detections} detections; all figures in %`,
    "",
    tableText(["COCO", ...COCO_KEYS], rows(COCO_KEYS)),
    "",
    tableText(["VOC", ...VOC_KEYS], rows(VOC_KEYS)),
    "",
    tableText(
      ["class", "instances", "detections", "AP", "AP50", "AP75", "APr50", "ABO", ...(hasMasks ? ["box AP"] : [])],
      occurring.map((row) => [
        row.class,
        String(row.instances),
        String(row.detections),
        ...[row.AP, row.AP50, row.AP75, row.APr50, row.ABO].map(percent),
        ...(hasMasks ? [percent(bbox.perClass.find((each) => each.class === row.class)?.AP ?? -1)] : []),
      ]),
    ),
  ].join("\n");
}

/** A row for each kind and class, then one of all classes; figures as fractions, empty where there is no object. */
export function instancesCsv(summary: EvaluateInstancesSummary): string {
  const { stage, split, images } = summary;
  const rowsOf = (kind: string, figures: InstanceFigures): (string | number)[][] =>
    [
      ...figures.perClass,
      { ...figures, class: "all", instances: summary.instances, detections: summary.detections },
    ].map((row) => [
      stage,
      split,
      images,
      kind,
      row.class,
      row.instances,
      row.detections,
      ...KEYS.map((key) => (row[key] < 0 ? "" : row[key])),
    ]);
  const head = ["stage", "split", "images", "kind", "class", "instances", "detections", ...KEYS];
  const masks = summary.perClass.length > 0 ? rowsOf("mask", summary) : [];
  return csvText([head, ...masks, ...rowsOf("box", summary.bbox)]);
}

function percent(fraction: number): string {
  return fraction < 0 ? "–" : (100 * fraction).toFixed(2);
}
