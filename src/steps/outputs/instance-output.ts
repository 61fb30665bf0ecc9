/**
 * What is written of the objects found in each image: NAME.json with its objects, a picture if wanted, and at the end two files
 * of all images: `instances.json`, a COCO file whose annotations carry scores, and `results.json`, COCO's form of results.
 */

import path from "node:path";
import { writeAtomic } from "../../atomic-write";
import { fileExists, MAX_ANNOTATION_BYTES, readBoundedJson } from "../../data/bounded-file";
import { type DatasetDescription, foregroundIndex } from "../../data/dataset";
import type { Inputs } from "../../data/file-hash";
import type { RgbImage } from "../../data/image";
import { expected, UserError } from "../../errors";
import { type CocoId, type CocoTruth, imageName, readCocoTruth } from "../../instances/coco-truth";
import type { Instance } from "../../instances/instance";
import { maskArea } from "../../instances/rle";
import { type CocoResultEntry, cocoResultEntries } from "../../instances/write-coco";
import { renderInstances } from "../../show/instance-overlay";
import { isToDo, type Origin } from "./file-record";
import { openFolder } from "./output-folder";
import { openOutputKeeper } from "./output-keeper";
import type { Settings } from "./settings-file";
import { settingsMixture } from "./settings-mixture";
import { recordSettings } from "./settings-record";

export interface InstanceOutputConfig {
  readonly savePath: string;
  readonly overlay?: string;
  /** A COCO file whose ids `results.json` has. */
  readonly truth?: string;
  /** Ids of images to make again although their results exist, or "all". */
  readonly remake?: readonly string[];
}

export interface InstanceOutput {
  isDone(id: string): Promise<boolean>;
  write(id: string, fileName: string, image: RgbImage, instances: readonly Instance[]): Promise<void>;
  /** Writes both files, of every image of the list that has been looked at. */
  finish(ids: readonly string[]): Promise<void>;
  /** What was kept, what was made again, and whether the folder mixes settings: at the end of a run. */
  lastNotices(): Promise<string[]>;
  /** How many images have a file that is kept because it is somebody's own. */
  kept(): number;
}

/** One image's own file. */
interface ImageRecord {
  readonly file_name: string;
  readonly width: number;
  readonly height: number;
  /** `category_id`: the class's index. */
  readonly objects: readonly (Omit<CocoResultEntry, "image_id"> & { readonly area: number })[];
}

/** Names without extension of the step's own files beside those of the images. */
const TAKEN = ["instances", "results", "run", "settings"];

/** @throws UserError "usage" for photographs whose objects would fall onto the step's own files */
export function checkNames(ids: readonly string[], savePath: string): void {
  const taken = ids.filter((id) => TAKEN.includes(id));
  if (taken.length > 0)
    throw new UserError(
      "usage",
      `the objects of the photograph "${taken[0]}" would be written to ${path.join(savePath, `${taken[0]}.json`)}, which this step needs for all photographs together: rename the photograph`,
    );
}

/** @throws UserError "output" for a folder that cannot be written, "input" for an unusable truth */
export async function openInstanceOutput(
  { savePath, overlay, truth: truthFile, remake }: InstanceOutputConfig,
  dataset: DatasetDescription,
  settings: Settings,
  inputsOf: (id: string) => Promise<Inputs>,
): Promise<InstanceOutput> {
  for (const folder of [savePath, overlay]) if (folder !== undefined) await openFolder(folder);
  const truth = truthFile === undefined ? undefined : await readCocoTruth(truthFile);
  const madeWith: Settings = { ...settings, classes: dataset.classes };
  await recordSettings(savePath, madeWith);
  const keeper = openOutputKeeper(remake);
  const recordFile = (id: string): string => path.join(savePath, `${id}.json`);
  const pictureFile = (id: string): string | undefined =>
    overlay === undefined ? undefined : path.join(overlay, `${id}.png`);
  const originOf = async (id: string): Promise<Origin> => ({ settings: madeWith, inputs: await inputsOf(id) });
  return {
    async isDone(id) {
      const files = [recordFile(id), pictureFile(id)].filter((file) => file !== undefined);
      let isDone = true;
      for (const file of files) if (isToDo(await keeper.stateOf(id, file, () => originOf(id)))) isDone = false;
      return isDone;
    },
    async write(id, fileName, image, instances) {
      const origin = await originOf(id);
      const picture = pictureFile(id);
      if (picture !== undefined)
        await keeper.write(id, picture, await renderInstances(image, instances, dataset), origin);
      const objects = cocoResultEntries(0, instances, (label) => label).map(({ image_id, ...entry }, i) => ({
        ...entry,
        area: maskArea(instances[i].mask),
      }));
      const { width, height } = image;
      const record: ImageRecord = { file_name: fileName, width, height, objects };
      await keeper.write(id, recordFile(id), `${JSON.stringify(record)}\n`, origin);
    },
    kept: keeper.kept,
    async lastNotices() {
      const mixture = await settingsMixture(savePath);
      return [...keeper.notices(), ...(mixture === undefined ? [] : [mixture])];
    },
    async finish(ids) {
      const records: (readonly [id: string, record: ImageRecord])[] = [];
      for (const id of ids) if (await fileExists(recordFile(id))) records.push([id, await readRecord(recordFile(id))]);
      await writeAtomic(path.join(savePath, "instances.json"), `${JSON.stringify(wholeFile(records, dataset))}\n`);
      await writeAtomic(path.join(savePath, "results.json"), `${JSON.stringify(results(records, dataset, truth))}\n`);
    },
  };
}

// --- internal ---

/** @throws UserError "output" for a file that this step did not write */
async function readRecord(file: string): Promise<ImageRecord> {
  const value = (await readBoundedJson(file, MAX_ANNOTATION_BYTES, "objects")) as Partial<ImageRecord> | null;
  if (!Array.isArray(value?.objects) || typeof value.file_name !== "string")
    throw expected("output", "the objects of one image, as this step writes them", "something else", file);
  return value as ImageRecord;
}

type Records = readonly (readonly [id: string, record: ImageRecord])[];

function wholeFile(records: Records, { classes }: DatasetDescription): object {
  let next = 1;
  return {
    images: records.map(([, { file_name, width, height }], i) => ({ id: i + 1, file_name, width, height })),
    categories: classes.slice(1).map((name, i) => ({ id: i + 1, name })),
    annotations: records.flatMap(([, { objects }], i) =>
      objects.map((object) => ({ id: next++, image_id: i + 1, iscrowd: 0, ...object })),
    ),
  };
}

/** COCO's results in the ids of the truth, where one is given: images and classes that it does not know are left out. */
function results(records: Records, dataset: DatasetDescription, truth: CocoTruth | undefined): object[] {
  const images = truth && new Map(truth.images.map((image) => [imageName(image), image.id]));
  const categories = truth && categoriesByClass(truth, dataset);
  return records.flatMap(([id, { objects }], i) => {
    const image = images === undefined ? i + 1 : images.get(id);
    if (image === undefined) return [];
    return objects.flatMap(({ area: _area, category_id: label, ...entry }) => {
      const category = categories === undefined ? label : categories.get(Number(label));
      return category === undefined ? [] : [{ image_id: image, category_id: category, ...entry }];
    });
  });
}

/** Ids by class index, for the categories that are classes of the data set by whatever spelling. */
function categoriesByClass({ categories }: CocoTruth, dataset: DatasetDescription): Map<number, CocoId> {
  const ids = new Map<number, CocoId>();
  for (const { id, name } of categories) {
    try {
      ids.set(foregroundIndex(dataset, name, "truth"), id);
    } catch (error) {
      if (!(error instanceof UserError)) throw error; // a category that this data set does not have
    }
  }
  return ids;
}
