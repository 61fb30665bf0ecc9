/**
 * How far boxes get a network that finds objects: Mask R-CNNs trained on the instance labels of boxes and on true masks, as
 * measured beforehand and kept with the data set (`results/mask-rcnn.json`, made by scripts/mini-mask-rcnn.ts).
 */

import path from "node:path";
import { fileExists, readBoundedJson } from "../data/bounded-file";
import { expected } from "../errors";
import type { FurtherTable } from "./segmentation-table";

const FIGURES = ["drawnAP", "drawnAP50", "drawnAP75", "valAP50"] as const;

/** One training; figures in percent. */
type Entry = Readonly<Record<(typeof FIGURES)[number] | "labelAP", number>> & { readonly supervision: string };

const MAX_BYTES = 1 << 20;
const FULL = "masks";

/** @returns undefined where the data set has none @throws UserError "input" for a file of another form */
export async function maskRcnnTable(data: string): Promise<FurtherTable | undefined> {
  const file = path.join(data, "results", "mask-rcnn.json");
  if (!(await fileExists(file))) return undefined;
  const value = await readBoundedJson(file, MAX_BYTES, "table of Mask R-CNNs");
  const { rows, command } = (value ?? {}) as { readonly rows?: unknown; readonly command?: unknown };
  if (!Array.isArray(rows) || !rows.every(isEntry) || typeof command !== "string")
    throw expected("input", `rows of supervision, labelAP, ${FIGURES.join(", ")}, and a command`, "others", file);
  return {
    title: "Mask R-CNN",
    about: `COCO's AP of masks in %, of a light Mask R-CNN trained on data/mini's train images and further drawn scenes: on the instance labels that boxes give, and on true masks. Mean over the seeds, and the share of what the true masks give; on 60 drawn scenes that no training has seen, and on the few val images. Measured beforehand by ${command}.`,
    head: ["trained on", "labels' AP", "AP", "AP50", "AP75", "AP50, val images"],
    rows: [...new Set(rows.map(({ supervision }) => supervision))].map((supervision) => [
      supervision,
      mean(rows, supervision, "labelAP").toFixed(1),
      ...FIGURES.map((key) => figureText(rows, supervision, key)),
    ]),
  };
}

function figureText(rows: readonly Entry[], supervision: string, key: (typeof FIGURES)[number]): string {
  const own = mean(rows, supervision, key);
  const full = supervision === FULL ? Number.NaN : mean(rows, FULL, key);
  return full > 0 ? `${own.toFixed(1)} (${((100 * own) / full).toFixed(0)} %)` : own.toFixed(1);
}

/** NaN without a training. */
function mean(rows: readonly Entry[], supervision: string, key: keyof Entry): number {
  const values = rows.filter((row) => row.supervision === supervision).map((row) => row[key] as number);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function isEntry(value: unknown): value is Entry {
  const entry = (value ?? {}) as Record<string, unknown>;
  const numbers = ["labelAP", ...FIGURES].map((key) => entry[key]);
  return typeof entry.supervision === "string" && numbers.every((each) => typeof each === "number");
}
