/**
 * The ablation's table from its runs: a row a variant, mean and deviation over the seeds; as CSV, Markdown and chart.
 */

import type { FeatureKind } from "../config/label-photograph";
import { csvText } from "../csv-text";
import type { BarChart } from "../show/chart";
import { differences, type Variant } from "./variant";

/** One variant with one seed, compared with the truth. IoU and accuracy as fractions. */
export interface RunResult {
  readonly seed: number;
  readonly mIoU: number | null;
  readonly pixelAccuracy: number | null;
  /** IoU by the name of the class, of those that the truth or the labels hold. */
  readonly classes: Readonly<Record<string, number>>;
  readonly images: number;
  readonly failed: number;
  /**
   * Seconds per image to make the labels; null where an interrupted run was resumed, or another run had trained the
   * same networks.
   */
  readonly secondsPerImage: number | null;
}

export interface AblationRow {
  readonly group: string;
  readonly variant: string;
  readonly supervision: string;
  /** Flags that differ from the supervision's defaults, those in brackets; empty for the default itself. */
  readonly differs: string;
  readonly seeds: readonly number[];
  readonly images: number;
  readonly failed: number;
  /** Percent, over the seeds. */
  readonly miou: number | null;
  /** Standard deviation over the seeds, n − 1; null for a single seed. */
  readonly deviation: number | null;
  /** mIoU of each of `seeds`, percent. */
  readonly scores: readonly (number | null)[];
  /** IoU of each class, percent, mean over the seeds. */
  readonly classes: Readonly<Record<string, number | null>>;
  readonly accuracy: number | null;
  readonly secondsPerImage: number | null;
}

export interface AblationTable {
  readonly data: string;
  readonly split: string;
  readonly images: number;
  /** What the graphs are built from. */
  readonly features: string;
  /** Runs that are not there yet: another shard's, or stopped. */
  readonly missing: number;
  readonly rows: readonly AblationRow[];
}

export function rowOf(variant: Variant, runs: readonly RunResult[], features: FeatureKind = "cnn"): AblationRow {
  const scores = percents(runs.map(({ mIoU }) => mIoU));
  return {
    group: variant.group,
    variant: variant.name,
    supervision: variant.supervision,
    differs: differences(variant, features),
    seeds: runs.map(({ seed }) => seed),
    images: Math.min(...runs.map(({ images }) => images)),
    failed: Math.max(0, ...runs.map(({ failed }) => failed)),
    miou: mean(scores),
    deviation: deviation(scores),
    scores: runs.map(({ mIoU }) => (mIoU === null ? null : 100 * mIoU)),
    classes: classMeans(runs),
    accuracy: mean(percents(runs.map(({ pixelAccuracy }) => pixelAccuracy))),
    secondsPerImage: mean(runs.flatMap(({ secondsPerImage }) => secondsPerImage ?? [])),
  };
}

function classMeans(runs: readonly RunResult[]): Record<string, number | null> {
  const names = [...new Set(runs.flatMap(({ classes }) => Object.keys(classes)))];
  const means = names.map((name) => [name, mean(percents(runs.map(({ classes }) => classes[name] ?? null)))]);
  return Object.fromEntries(means);
}

const HEAD = ["group", "variant", "differs", "seeds", "images", "mIoU", "deviation", "accuracy", "seconds_per_image"];

export function ablationCsv({ rows }: AblationTable): string {
  const number = (value: number | null, digits: number): string => (value === null ? "" : value.toFixed(digits));
  const lines = rows.map((row) => [
    row.group,
    row.variant,
    row.differs,
    row.seeds.join(" "),
    String(row.images),
    number(row.miou, 3),
    number(row.deviation, 3),
    number(row.accuracy, 3),
    number(row.secondsPerImage, 2),
  ]);
  return csvText([HEAD, ...lines]);
}

export function ablationMarkdown(table: AblationTable, command: string): string {
  const lines = table.rows.map(
    (row) =>
      `| ${row.group} | ${row.variant} | ${row.differs === "" ? "default" : `\`${row.differs}\``} | ${scoreText(row)} | ${percentText(row.accuracy)} |`,
  );
  const seeds = new Set(table.rows.flatMap((row) => row.seeds));
  return [
    `# Ablation on ${table.data}`,
    "",
    `${table.images} images of split "${table.split}", features: ${table.features}, ${seeds.size} seeds (${[...seeds].sort((a, b) => a - b).join(", ")}). mIoU in % over the classes of the truth,`,
    "mean ± standard deviation over the seeds; accuracy in % of the labelled pixels. In brackets the default that a flag replaces.",
    ...(table.missing > 0 ? ["", `**${table.missing} runs are not there yet.**`] : []),
    "",
    "| group | variant | differs from the default of its supervision | mIoU | accuracy |",
    "|---|---|---|---:|---:|",
    ...lines,
    "",
    `Made by \`${command}\`.`,
    "",
  ].join("\n");
}

export function ablationChart({ data, rows }: AblationTable): BarChart {
  const shown = rows.filter(({ miou }) => miou !== null);
  return {
    kind: "bar",
    title: `mIoU of pseudo labels on ${data}, mean ± deviation`,
    valueTitle: "mIoU (%)",
    labels: shown.map(({ variant }) => variant),
    series: [
      {
        name: "mIoU",
        values: shown.map(({ miou }) => miou),
        deviations: shown.map(({ deviation: d }) => d ?? 0),
        points: shown.map(({ scores }) => scores.flatMap((score) => score ?? [])),
      },
    ],
    horizontal: true,
    marks: "dots",
  };
}

/** `77.6 ± 0.4` */
export function scoreText({ miou, deviation: spread }: AblationRow): string {
  return spread === null ? percentText(miou) : `${percentText(miou)} ± ${spread.toFixed(1)}`;
}

// --- internal ---

function percents(values: readonly (number | null)[]): number[] {
  return values.flatMap((value) => (value === null ? [] : 100 * value));
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number | null {
  const middle = mean(values);
  if (middle === null || values.length < 2) return null;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

function percentText(value: number | null): string {
  return value === null ? "–" : value.toFixed(1);
}
