/**
 * Instance labels on disk: VOC's `SegmentationObject` (a palette PNG whose values are the objects, from 1), COCO's JSON, one
 * file for each image and finally one of them all, labelme's JSON, YOLO's segmentation text. An image's own COCO file is written
 * last: where it exists, the others do.
 */

import path from "node:path";
import { writeAtomic } from "../../atomic-write";
import type { InstanceFormat } from "../../config/make-pseudo-labels";
import { fileExists, MAX_ANNOTATION_BYTES, readBoundedJson } from "../../data/bounded-file";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import {
  checkInstanceFile,
  type InstanceFile,
  instanceFile,
  labelmeText,
  MOST_OBJECTS,
  mergedInstances,
  objectPicture,
  yoloText,
} from "../../instances/instance-file";
import type { InstanceLabels } from "../../instances/instance-labels";
import type { InstanceMark } from "../../instances/instance-mark";
import { maskArea } from "../../instances/rle";
import { isToDo, type Origin } from "./file-record";
import { openFolder } from "./output-folder";
import type { OutputKeeper } from "./output-keeper";
import type { OutputPlace } from "./output-places";

export interface InstanceLabelOutputConfig {
  readonly savePath: string;
  readonly instanceFormats: readonly string[];
  readonly instancePolygons: boolean;
}

/** What the step's summary says of the instances. */
export interface InstancesWritten {
  /** All images' instances in one file. */
  readonly file: string;
  readonly instances: number;
  /** Those that the class label has lost: their mask is what was free in the box. */
  readonly filled: number;
  /** The least sure, worst first. */
  readonly worst: readonly { readonly image: string; readonly class: string; readonly score: number }[];
}

export interface InstanceLabelOutput {
  isDone(id: string, origin: () => Promise<Origin>): Promise<boolean>;
  /** @param size of the label */
  write(
    id: string,
    fileName: string,
    size: ImageSize,
    found: InstanceLabels,
    marks: readonly InstanceMark[],
    origin: Origin,
  ): Promise<void>;
  /** Writes `instances.json`, of every image of the list that is labelled, whichever process has labelled it. */
  merge(ids: readonly string[]): Promise<InstancesWritten>;
}

const MOST_NAMED = 20;

/** Folders of the images' files, so that nothing else is written there. */
export function instancePlaces({ savePath }: Pick<InstanceLabelOutputConfig, "savePath">): OutputPlace[] {
  const place = (kind: string, extension: string): OutputPlace => ({
    option: "savePath",
    folder: path.join(savePath, "instances", kind),
    extension,
  });
  return [
    place("SegmentationObject", ".png"),
    place("coco", ".json"),
    place("labelme", ".json"),
    place("yolo", ".txt"),
  ];
}

export async function openInstanceLabelOutput(
  { savePath, instanceFormats, instancePolygons }: InstanceLabelOutputConfig,
  dataset: DatasetDescription,
  keeper: OutputKeeper,
  notice: (message: string) => void,
): Promise<InstanceLabelOutput> {
  const folder = path.join(savePath, "instances");
  const wants = (format: InstanceFormat): boolean => instanceFormats.includes(format);
  const place = (kind: string, name: string): string => path.join(folder, kind, name);
  const own = (id: string): string => place("coco", `${id}.json`);
  await openFolder(path.join(folder, "coco"));
  return {
    async isDone(id, origin) {
      const isThere = async (file: string): Promise<boolean> => !isToDo(await keeper.stateOf(id, file, origin));
      if (!(await isThere(own(id)))) return false;
      if (wants("labelme") && !(await isThere(place("labelme", `${id}.json`)))) return false;
      if (wants("yolo") && !(await isThere(place("yolo", `${id}.txt`)))) return false;
      if (!wants("voc") || (await isThere(place("SegmentationObject", `${id}.png`)))) return true;
      return (await readImageFile(own(id))).annotations.length > MOST_OBJECTS;
    },
    async write(id, fileName, { width, height }, { owners, instances }, marks, origin) {
      const write = async (file: string, content: Uint8Array | string): Promise<void> => {
        await keeper.write(id, file, content, origin);
      };
      if (wants("voc") && instances.length > MOST_OBJECTS)
        notice(
          `image "${id}": ${instances.length} objects are more than a palette PNG can number: no SegmentationObject`,
        );
      else if (wants("voc"))
        await write(place("SegmentationObject", `${id}.png`), objectPicture(owners, { width, height }));
      const known = instances.filter(({ mask }) => maskArea(mask) > 0);
      if (wants("labelme"))
        await write(place("labelme", `${id}.json`), labelmeText(known, fileName, { width, height }, dataset));
      if (wants("yolo")) await write(place("yolo", `${id}.txt`), yoloText(known, { width, height }));
      const file = instanceFile(fileName, { width, height }, instances, marks, instancePolygons);
      await write(own(id), `${JSON.stringify(file)}\n`);
    },
    async merge(ids) {
      const files: { id: string; content: InstanceFile }[] = [];
      for (const id of ids) if (await fileExists(own(id))) files.push({ id, content: await readImageFile(own(id)) });
      const file = path.join(folder, "instances.json");
      await writeAtomic(file, `${JSON.stringify(mergedInstances(files, dataset))}\n`);
      if (wants("yolo")) await writeAtomic(place("yolo", "classes.txt"), `${dataset.classes.slice(1).join("\n")}\n`);
      const all = files.flatMap(({ id, content }) => content.annotations.map((annotation) => ({ id, annotation })));
      const worst = [...all].sort((a, b) => a.annotation.score - b.annotation.score).slice(0, MOST_NAMED);
      return {
        file,
        instances: all.length,
        filled: all.filter(({ annotation }) => annotation.filled).length,
        worst: worst.map(({ id, annotation }) => ({
          image: id,
          class: dataset.classes[annotation.category_id] ?? String(annotation.category_id),
          score: annotation.score,
        })),
      };
    },
  };
}

async function readImageFile(file: string): Promise<InstanceFile> {
  return checkInstanceFile(await readBoundedJson(file, MAX_ANNOTATION_BYTES, "instances of an image"), file);
}
