/**
 * How far the labels get: segmentation networks trained on each kind of them, as measured beforehand and kept with the data
 * set (`results/segmentation.json`, made by scripts/mini-segmentation.ts). Training them takes longer than a demo may.
 */

import path from "node:path";
import { fileExists, readBoundedJson } from "../data/bounded-file";
import { expected } from "../errors";

/** A table beside the demo's own: plain texts. */
export interface FurtherTable {
  readonly title: string;
  readonly about: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One training. */
export interface Entry {
  readonly supervision: string;
  readonly model: string;
  /** Percent. */
  readonly labelMiou: number;
  readonly miou: number;
}

const MAX_BYTES = 1 << 20;

/** The supervision that the others are compared with. */
const FULL = "masks";

/** @returns undefined where the data set has none @throws UserError "input" for a file of another form */
export async function segmentationTable(data: string): Promise<FurtherTable | undefined> {
  const file = path.join(data, "results", "segmentation.json");
  if (!(await fileExists(file))) return undefined;
  const value = await readBoundedJson(file, MAX_BYTES, "table of segmentation networks");
  const { rows, command } = (value ?? {}) as { readonly rows?: unknown; readonly command?: unknown };
  if (!Array.isArray(rows) || !rows.every(isEntry) || typeof command !== "string")
    throw expected("input", "rows of supervision, model, labelMiou and miou, and a command", "others", file);
  const models = [...new Set(rows.map(({ model }) => model))];
  const supervisions = [...new Set(rows.map(({ supervision }) => supervision))];
  return {
    title: "Segmentation networks",
    about: `mIoU in % over the val images of networks of reduced width, trained on the labels of the train images, mean over the seeds, and the share of what the true masks give; first the mIoU of the labels themselves. Measured beforehand by ${command}.`,
    head: ["trained on", "labels", ...models],
    rows: supervisions.map((supervision) => [
      supervision,
      rows.find((row) => row.supervision === supervision)?.labelMiou.toFixed(1) ?? "–",
      ...models.map((model) => scoreText(rows, supervision, model)),
    ]),
  };
}

/** E.g. `61.2 (88 %)`: the mean over the seeds, and its share of full supervision. */
export function scoreText(rows: readonly Entry[], supervision: string, model: string): string {
  const own = meanMiou(rows, supervision, model);
  if (own === undefined) return "–";
  const full = supervision === FULL ? undefined : meanMiou(rows, FULL, model);
  return full === undefined ? own.toFixed(1) : `${own.toFixed(1)} (${((100 * own) / full).toFixed(0)} %)`;
}

function meanMiou(rows: readonly Entry[], supervision: string, model: string): number | undefined {
  const scores = rows.filter((row) => row.supervision === supervision && row.model === model).map(({ miou }) => miou);
  return scores.length === 0 ? undefined : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

function isEntry(value: unknown): value is Entry {
  const entry = (value ?? {}) as Record<string, unknown>;
  const texts = [entry.supervision, entry.model];
  const numbers = [entry.labelMiou, entry.miou];
  return texts.every((each) => typeof each === "string") && numbers.every((each) => typeof each === "number");
}
