/**
 * How much of an image its seeds label, and how much of that is right: counted per class and after each rule, so that a
 * rule that adds more mistakes than seeds can be seen (docs/method.md, section 1.3).
 */

import { csvText } from "../csv-text";
import type { LabelMap } from "../data/label-png";
import type { Stage } from "./seed-image";

/** Counts of one class in one stage; plain numbers that add up over images. */
export interface SeedCounts {
  /** Pixels labelled with the class. */
  readonly labelled: number;
  /** Labelled pixels whose true class is known. */
  readonly judged: number;
  /** Labelled pixels whose true class is the label. */
  readonly right: number;
  /** Pixels that are truly of the class, where masks exist. */
  readonly present: number;
}

export interface StageCounts {
  readonly rule: string;
  /** Pixels of the image. */
  readonly pixels: number;
  /** Classes that are labelled or present, by index. */
  readonly classes: Readonly<Record<string, SeedCounts>>;
}

/** One row of the report: a class, or all of them, after one rule. */
export interface CoverageRow {
  readonly rule: string;
  readonly class: string;
  /** Images that the rule was applied to; the shares are over these. */
  readonly images: number;
  /** Share of all pixels labelled with the class. */
  readonly coverage: number;
  /** Share of the judged labels that are right; undefined without masks. */
  readonly precision?: number;
  /** Share of the class's true pixels labelled so; undefined without masks. */
  readonly recall?: number;
}

/**
 * Counts of one image after each rule. @param mask the true label, where there is one; its `ignore` pixels judge
 * nothing
 */
export function countSeeds(stages: readonly Stage[], mask: LabelMap | undefined, ignore: number): StageCounts[] {
  return stages.map(({ rule, label }) => {
    const [labelled, judged, right, present] = Array.from({ length: 4 }, () => new Float64Array(256));
    for (let i = 0; i < label.length; i++) {
      const value = label[i];
      const truth = mask === undefined ? ignore : mask.data[i];
      labelled[value]++;
      if (truth === ignore) continue;
      present[truth]++;
      judged[value]++;
      if (value === truth) right[value]++;
    }
    const seen = [...labelled.keys()].filter((value) => value !== ignore && labelled[value] + present[value] > 0);
    const classes = Object.fromEntries(
      seen.map((value): [string, SeedCounts] => [
        String(value),
        { labelled: labelled[value], judged: judged[value], right: right[value], present: present[value] },
      ]),
    );
    return { rule, pixels: label.length, classes };
  });
}

/** The name of the last row of the report: the seeds as they are written, over all images. */
const FINAL = "seeds";

/**
 * Sums over images: per rule, in the order they first come, a row for all classes and one for each; at the end the
 * seeds themselves, over all images whatever their last rule.
 */
export function coverageRows(images: Iterable<readonly StageCounts[]>, classes: readonly string[]): CoverageRow[] {
  const totals = new Map<string, Total>();
  const final: Total = { images: 0, pixels: 0, counts: new Map() };
  for (const stages of images) {
    for (const stage of stages) {
      const total = totals.get(stage.rule) ?? { images: 0, pixels: 0, counts: new Map() };
      totals.set(stage.rule, total);
      add(total, stage);
    }
    if (stages.length > 0) add(final, stages[stages.length - 1]);
  }
  return [...totals, [FINAL, final] as const].flatMap(([rule, total]) => {
    const ordered = [...total.counts].sort(([a], [b]) => a - b);
    const all = ordered.reduce((sum: SeedCounts | undefined, [, count]) => plus(sum, count), undefined);
    return [
      ...(all === undefined ? [] : [row(rule, "all", total, all)]),
      ...ordered.map(([value, count]) => row(rule, classes[value] ?? String(value), total, count)),
    ];
  });
}

/** The rows as CSV with a heading. */
export function coverageCsv(rows: readonly CoverageRow[]): string {
  const cell = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(6));
  const lines = rows.map((each) => [
    each.rule,
    each.class,
    each.images,
    cell(each.coverage),
    cell(each.precision),
    cell(each.recall),
  ]);
  return csvText([["rule", "class", "images", "coverage", "precision", "recall"], ...lines]);
}

// --- internal ---

interface Total {
  images: number;
  pixels: number;
  readonly counts: Map<number, SeedCounts>;
}

function add(total: Total, { pixels, classes }: StageCounts): void {
  total.images++;
  total.pixels += pixels;
  for (const [value, count] of Object.entries(classes))
    total.counts.set(Number(value), plus(total.counts.get(Number(value)), count));
}

function plus(a: SeedCounts | undefined, b: SeedCounts): SeedCounts {
  if (a === undefined) return b;
  return {
    labelled: a.labelled + b.labelled,
    judged: a.judged + b.judged,
    right: a.right + b.right,
    present: a.present + b.present,
  };
}

function row(rule: string, name: string, total: Total, { labelled, judged, right, present }: SeedCounts): CoverageRow {
  return {
    rule,
    class: name,
    images: total.images,
    coverage: labelled / total.pixels,
    ...(judged > 0 ? { precision: right / judged } : {}),
    ...(present > 0 ? { recall: right / present } : {}),
  };
}
