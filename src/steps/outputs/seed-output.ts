/**
 * What `make-seeds` writes of each image: overlay, boxes as XML, counts, and last the label, so that an existing label
 * says that all of it is. The counts are files of their own, so that a resumed run, or one of many shards, can still
 * report on all images.
 */

import path from "node:path";
import { writeAtomic } from "../../atomic-write";
import { type MakeSeedsConfig, makeSeedsOptions, type ResolvedConfig } from "../../config/make-seeds";
import { touching } from "../../config/option";
import { fileExists, readBoundedJson } from "../../data/bounded-file";
import type { DatasetDescription } from "../../data/dataset";
import { inFrame } from "../../data/fitted-label";
import type { RgbImage } from "../../data/image";
import { type LabelMap, writeLabel } from "../../data/label-png";
import type { Box } from "../../data/voc-boxes";
import { encodeBoxes } from "../../data/voc-xml";
import {
  type CoverageRow,
  countSeeds,
  coverageCsv,
  coverageRows,
  type StageCounts,
} from "../../seeds/coverage-precision";
import type { Seeds } from "../../seeds/seed-image";
import { renderOverlay } from "../../show/overlay";
import { openFolder } from "./output-folder";
import { recordSettings, type Settings } from "./settings-record";

export interface SeedOutput {
  readonly notices: readonly string[];
  /** Whether everything requested exists. */
  isDone(id: string): Promise<boolean>;
  /**
   * @param mask true label, where there is one
   * @param file the photograph's file name, for the XML
   */
  write(
    id: string,
    image: RgbImage,
    seeds: Seeds,
    boxes: readonly Box[],
    mask: LabelMap | undefined,
    file?: string,
  ): Promise<void>;
  /** Coverage and precision over the images that are done, whoever did them; written as CSV as well. */
  report(ids: readonly string[]): Promise<CoverageRow[]>;
}

const MAX_COUNTS_BYTES = 1 << 24;
const COUNTS = ["labelled", "judged", "right", "present"];

/** @throws UserError "output" for a folder that cannot be written, before any work is done */
export async function openSeedOutput(config: ResolvedConfig, dataset: DatasetDescription): Promise<SeedOutput> {
  const { savePath, overlay, outXml, report = path.join(savePath, "coverage.csv") } = config;
  const counts = path.join(savePath, "coverage");
  for (const folder of [savePath, counts, overlay, outXml]) if (folder !== undefined) await openFolder(folder);
  const notice = await recordSettings(savePath, settingsOf(config, dataset));
  const files = (id: string): Record<"label" | "counts" | "overlay" | "xml", string | undefined> => ({
    label: path.join(savePath, `${id}.png`),
    counts: path.join(counts, `${id}.json`),
    overlay: overlay && path.join(overlay, `${id}.png`),
    xml: outXml && path.join(outXml, `${id}.xml`),
  });
  return {
    notices: notice === undefined ? [] : [notice],
    async isDone(id) {
      for (const file of Object.values(files(id))) if (file !== undefined && !(await fileExists(file))) return false;
      return true;
    },
    async write(id, image, { label, stages }, boxes, mask, file = `${id}.jpg`) {
      const target = files(id);
      if (target.overlay !== undefined) await writeAtomic(target.overlay, await renderOverlay(image, label, dataset));
      if (target.xml !== undefined)
        await writeAtomic(target.xml, encodeBoxes(boxes, file, image, dataset, config.frame));
      await writeAtomic(target.counts as string, JSON.stringify(countSeeds(stages, mask, dataset.ignore)));
      await writeLabel(target.label as string, inFrame(label, image, config.frame), dataset.palette);
    },
    async report(ids) {
      const images: StageCounts[][] = [];
      for (const id of ids) {
        const counts = await readCounts(files(id).counts as string);
        if (counts !== undefined) images.push(counts);
      }
      const rows = coverageRows(images, dataset.classes);
      await writeAtomic(report, coverageCsv(rows));
      return rows;
    },
  };
}

/** An image's counts; unreadable ones are none: they only serve the report. */
async function readCounts(file: string): Promise<StageCounts[] | undefined> {
  try {
    const value = await readBoundedJson(file, MAX_COUNTS_BYTES, "counts of seeds");
    return Array.isArray(value) && value.every(isStage) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isStage(value: unknown): value is StageCounts {
  const { rule, pixels, classes } = (value ?? {}) as Record<string, unknown>;
  const isCount = (count: unknown): boolean =>
    typeof count === "object" &&
    count !== null &&
    COUNTS.every((name) => Number.isFinite((count as Record<string, unknown>)[name]));
  const counts = typeof classes === "object" && classes !== null ? Object.values(classes) : [undefined];
  return typeof rule === "string" && Number.isFinite(pixels) && counts.every(isCount);
}

/** All that a seed depends on; not where things are written, nor who makes which share of them. */
function settingsOf(config: ResolvedConfig, dataset: DatasetDescription): Settings {
  return { ...touching<MakeSeedsConfig>(config, makeSeedsOptions, ["fit", "label"]), classes: dataset.classes };
}
