/**
 * Instance labels on disk: VOC's `SegmentationObject` (a palette PNG whose values are the objects, from 1), COCO's JSON, an
 * image a file and in the end all of them together, labelme's JSON, YOLO's segmentation text. The image's own COCO file is
 * written last and says that the others are there.
 */

import path from "node:path";
import { writeAtomic } from "../../atomic-write";
import type { InstanceFormat } from "../../config/make-pseudo-labels";
import { fileExists, MAX_ANNOTATION_BYTES, readBoundedJson } from "../../data/bounded-file";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import { shown } from "../../data/json";
import { encodeLabel } from "../../data/label-png";
import { vocPalette } from "../../data/voc";
import { expected } from "../../errors";
import type { InstanceLabels, LabelledInstance } from "../../instances/instance-labels";
import { type InstanceMark, spanOf } from "../../instances/instance-mark";
import { maskOutline, maskOutlines } from "../../instances/region-outline";
import { maskArea } from "../../instances/rle";
import { cocoRle } from "../../instances/write-coco";
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
  /** Writes `instances.json` of all images of the list that are there, those of other processes among them. */
  merge(ids: readonly string[]): Promise<InstancesWritten>;
}

/** An image's own file. */
interface ImageFile {
  readonly image: { readonly file_name: string; readonly width: number; readonly height: number };
  readonly annotations: readonly (Record<string, unknown> & { category_id: number; score: number; filled: boolean })[];
}

/** Values of an 8-bit label but 0 and 255. */
const MOST_OBJECTS = 254;
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
  const palette = vocPalette(256); // objects are numbered, and have no class's colour
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
      else if (wants("voc")) {
        const data = Uint8Array.from(owners, (owner) => (owner < 0 ? 0 : owner + 1));
        await write(place("SegmentationObject", `${id}.png`), encodeLabel({ width, height, data }, palette));
      }
      const known = instances.filter(({ mask }) => maskArea(mask) > 0);
      if (wants("labelme"))
        await write(place("labelme", `${id}.json`), labelmeText(known, fileName, { width, height }, dataset));
      if (wants("yolo")) await write(place("yolo", `${id}.txt`), yoloText(known, { width, height }));
      const file: ImageFile = {
        image: { file_name: fileName, width, height },
        annotations: instances.flatMap((instance, index) =>
          maskArea(instance.mask) === 0 ? [] : [annotationOf(instance, marks[index], instancePolygons)],
        ),
      };
      await write(own(id), `${JSON.stringify(file)}\n`);
    },
    async merge(ids) {
      const files: { id: string; content: ImageFile }[] = [];
      for (const id of ids) if (await fileExists(own(id))) files.push({ id, content: await readImageFile(own(id)) });
      const file = path.join(folder, "instances.json");
      await writeAtomic(file, `${JSON.stringify(merged(files, dataset))}\n`);
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

/** @throws UserError "input" for a file that is not one of these: somebody has changed it */
async function readImageFile(file: string): Promise<ImageFile> {
  const value = await readBoundedJson(file, MAX_ANNOTATION_BYTES, "instances of an image");
  const { image, annotations } = (value ?? {}) as Partial<Record<keyof ImageFile, unknown>>;
  const isAnnotation = (each: unknown): boolean => {
    const { category_id, score } = (each ?? {}) as Record<string, unknown>;
    return Number.isInteger(category_id) && typeof score === "number";
  };
  const { file_name } = (image ?? {}) as Record<string, unknown>;
  if (typeof file_name !== "string" || !Array.isArray(annotations) || !annotations.every(isAnnotation))
    throw expected("input", '"image" and scored "annotations", as this step writes them', shown(value), file);
  return value as ImageFile;
}

// --- formats ---

function annotationOf(
  { class: foreground, box, mask, score, isFilled }: LabelledInstance,
  mark: InstanceMark,
  asPolygons: boolean,
): ImageFile["annotations"][number] {
  const { left, top, right, bottom } = spanOf(mark, mask);
  return {
    category_id: foreground,
    iscrowd: 0,
    area: maskArea(mask),
    // What a person drew is nearer the object than a mask that was computed.
    bbox: mark.box === undefined ? box : [left, top, right - left + 1, bottom - top + 1],
    segmentation: asPolygons ? maskOutlines(mask) : cocoRle(mask),
    score: Number(score.toFixed(6)),
    filled: isFilled,
  };
}

/** Ids are the file names' own numbers where all have one, as COCO's photographs do; else they count from 1. */
function merged(files: readonly { id: string; content: ImageFile }[], { classes }: DatasetDescription): object {
  const numbers = files.map(({ id }) => (/^\d{1,15}$/.test(id) ? Number(id) : Number.NaN));
  const areIds = numbers.every((number) => number > 0) && new Set(numbers).size === numbers.length;
  const imageIds = files.map((_, index) => (areIds ? numbers[index] : index + 1));
  let count = 0;
  return {
    images: files.map(({ content }, index) => ({ id: imageIds[index], ...content.image })),
    annotations: files.flatMap(({ content }, index) =>
      content.annotations.map((annotation) => ({ id: ++count, image_id: imageIds[index], ...annotation })),
    ),
    categories: classes.flatMap((name, id) => (id === 0 ? [] : [{ id, name }])),
  };
}

/** A polygon for each part of an object; parts of one object share a `group_id`. */
function labelmeText(
  instances: readonly LabelledInstance[],
  fileName: string,
  { width, height }: ImageSize,
  { classes }: DatasetDescription,
): string {
  const shapes = instances.flatMap(({ class: foreground, mask }, index) =>
    maskOutlines(mask).map((outline) => ({
      label: classes[foreground],
      points: Array.from({ length: outline.length / 2 }, (_, i) => [outline[2 * i], outline[2 * i + 1]]),
      group_id: index + 1,
      shape_type: "polygon",
      flags: {},
    })),
  );
  const file = { version: "5.5.0", flags: {}, shapes, imagePath: fileName, imageData: null };
  return `${JSON.stringify({ ...file, imageHeight: height, imageWidth: width })}\n`;
}

/** A line an object: class, counted from 0 without the background, and its outline in shares of the image. */
function yoloText(instances: readonly LabelledInstance[], { width, height }: ImageSize): string {
  const rows = instances.map(({ class: foreground, mask }) => {
    const shares = maskOutline(mask).map((value, i) => (value / (i % 2 === 0 ? width : height)).toFixed(6));
    return `${[foreground - 1, ...shares].join(" ")}\n`;
  });
  return rows.join("");
}
