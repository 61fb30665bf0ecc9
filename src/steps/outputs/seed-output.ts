/**
 * What `make-seeds` writes of each image: boxes as XML, counts, label, and the overlay of whatever label there is. The counts are files of their own, so that a resumed run, or one of many shards, can still
 * report on all images.
 */

import path from "node:path";
import { type MakeSeedsConfig, makeSeedsOptions, type ResolvedConfig } from "../../config/make-seeds";
import { touching } from "../../config/option";
import { readBoundedJson } from "../../data/bounded-file";
import type { DatasetDescription } from "../../data/dataset";
import { hashFile, type Inputs } from "../../data/file-hash";
import { inFrame, readFittedLabel } from "../../data/fitted-label";
import type { RgbImage } from "../../data/image";
import { encodeLabel, type LabelMap } from "../../data/label-png";
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
import { isToDo, type Origin } from "./file-record";
import { openFolder } from "./output-folder";
import { openOutputKeeper } from "./output-keeper";
import type { OutputPlace } from "./output-places";
import { checkReports, writeReport } from "./report-file";
import { type Settings, settingsOf } from "./settings-file";
import { settingsMixture } from "./settings-mixture";
import { recordSettings } from "./settings-record";

/**
 * Where the images' files go. `Annotations` may take the boxes where they are read from another file: what somebody has
 * written there is kept.
 */
export function seedPlaces(config: ResolvedConfig): OutputPlace[] {
  const { savePath, overlay, outXml, coco, yolo, labelme, cvat, labelStudio, boxXmlPath } = config;
  const isElsewhere = [coco, yolo, labelme, cvat, labelStudio, boxXmlPath].some((place) => place !== undefined);
  return [
    { option: "savePath", folder: savePath, extension: ".png" },
    ...(overlay === undefined ? [] : [{ option: "overlay", folder: overlay, extension: ".png" }]),
    ...(outXml === undefined
      ? []
      : [
          { option: "outXml", folder: outXml, extension: ".xml", ...(isElsewhere ? { allowed: ["Annotations"] } : {}) },
        ]),
  ];
}

/** Where an image's seeds come from. */
export interface SeedOrigin {
  /** Hashes of all that the image's seeds are made of. */
  inputsOf(id: string): Promise<Inputs>;
  /** The photograph, for a picture of a label that exists. */
  readImage(id: string): Promise<RgbImage>;
}

export interface SeedOutput {
  /** Whether everything requested exists, or is somebody's own. */
  isDone(id: string): Promise<boolean>;
  /** Draws a missing overlay of a label that exists. @returns whether nothing else is left to do */
  derive(id: string): Promise<boolean>;
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
  /** What was kept, what was made again, and whether the folder mixes settings: at the end of a run. */
  lastNotices(): Promise<string[]>;
  /** How many images have a file that is kept because it is somebody's own. */
  kept(): number;
}

const MAX_COUNTS_BYTES = 1 << 24;
const COUNTS = ["labelled", "judged", "right", "present"];

/** @throws UserError "output" for a folder that cannot be written, before any work is done */
export async function openSeedOutput(
  config: ResolvedConfig,
  dataset: DatasetDescription,
  source: SeedOrigin,
): Promise<SeedOutput> {
  const { savePath, overlay, outXml, report = path.join(savePath, "coverage.csv") } = config;
  const counts = path.join(savePath, "coverage");
  await checkReports({ "--report": report });
  for (const folder of [savePath, counts, overlay, outXml]) if (folder !== undefined) await openFolder(folder);
  const { classes } = dataset;
  await recordSettings(savePath, { ...touching<MakeSeedsConfig>(config, makeSeedsOptions, ["fit", "label"]), classes });
  const keeper = openOutputKeeper(config.remake);
  const settings: Settings = { ...settingsOf<MakeSeedsConfig>(config, makeSeedsOptions), classes };
  const labelFile = (id: string): string => path.join(savePath, `${id}.png`);
  const countsFile = (id: string): string => path.join(counts, `${id}.json`);
  const overlayFile = (id: string): string => path.join(overlay ?? savePath, `${id}.png`);
  const xmlFile = (id: string): string => path.join(outXml ?? savePath, `${id}.xml`);
  const origins = new Map<string, Promise<Origin>>(); // of the images in hand
  const readOrigin = async (id: string): Promise<Origin> => ({ settings, inputs: await source.inputsOf(id) });
  const originOf = (id: string): Promise<Origin> => {
    const known = origins.get(id) ?? readOrigin(id);
    origins.set(id, known);
    return known;
  };
  const overlayOrigin = async (id: string): Promise<Origin> => ({
    settings: {},
    inputs: { photograph: (await originOf(id)).inputs.photograph, label: await hashFile(labelFile(id)) },
  });
  const needs = async (id: string): Promise<{ seeds: boolean; overlay: boolean }> => {
    const isTodo = async (file: string, origin: () => Promise<Origin>): Promise<boolean> =>
      isToDo(await keeper.stateOf(id, file, origin));
    const files = [labelFile(id), countsFile(id), ...(outXml === undefined ? [] : [xmlFile(id)])];
    const todo: boolean[] = [];
    for (const file of files) todo.push(await isTodo(file, () => originOf(id)));
    const picture = overlay !== undefined && (await isTodo(overlayFile(id), () => overlayOrigin(id)));
    return { seeds: todo.includes(true), overlay: picture };
  };
  /** @param written the label, where this run has just written it */
  const draw = async (id: string, image: RgbImage, written?: LabelMap): Promise<void> => {
    if (overlay === undefined) return;
    const label = written ?? (await readFittedLabel(labelFile(id), image, dataset, "seed label"));
    await keeper.write(id, overlayFile(id), await renderOverlay(image, label, dataset), await overlayOrigin(id));
  };
  return {
    async isDone(id) {
      origins.delete(id); // inputs are hashed as they are when the image's turn comes
      const { seeds, overlay: picture } = await needs(id);
      if (!seeds && !picture) origins.delete(id);
      return !seeds && !picture;
    },
    async derive(id) {
      if ((await needs(id)).seeds) return false;
      await draw(id, await source.readImage(id));
      origins.delete(id);
      return true;
    },
    async write(id, image, { label, stages }, boxes, mask, file = `${id}.jpg`) {
      const origin = await originOf(id);
      if (outXml !== undefined)
        await keeper.write(id, xmlFile(id), encodeBoxes(boxes, file, image, dataset, config.frame), origin);
      await keeper.write(id, countsFile(id), JSON.stringify(countSeeds(stages, mask, dataset.ignore)), origin);
      const encoded = encodeLabel(inFrame(label, image, config.frame), dataset.palette);
      const isWritten = await keeper.write(id, labelFile(id), encoded, origin);
      await draw(id, image, isWritten ? label : undefined);
      origins.delete(id);
    },
    async report(ids) {
      const images: StageCounts[][] = [];
      for (const id of ids) {
        const counts = await readCounts(countsFile(id));
        if (counts !== undefined) images.push(counts);
      }
      const rows = coverageRows(images, dataset.classes);
      await writeReport("--report", report, coverageCsv(rows));
      return rows;
    },
    kept: keeper.kept,
    async lastNotices() {
      const mixture = await settingsMixture(savePath);
      return [...keeper.notices(), ...(mixture === undefined ? [] : [mixture])];
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
