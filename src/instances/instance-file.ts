/**
 * What is written of an image's instances: VOC's picture of objects, COCO's JSON of one image and of all, labelme's JSON,
 * YOLO's segmentation text.
 */

import type { DatasetDescription, ImageSize } from "../data/dataset";
import { shown } from "../data/json";
import { encodeLabel } from "../data/label-png";
import { vocPalette } from "../data/voc";
import { expected } from "../errors";
import type { LabelledInstance } from "./instance-labels";
import { type InstanceMark, spanOf } from "./instance-mark";
import { maskOutline, maskOutlines } from "./region-outline";
import { maskArea } from "./rle";
import { cocoRle } from "./write-coco";

/** One image's instances, as COCO's JSON but for the ids. */
export interface InstanceFile {
  readonly image: { readonly file_name: string; readonly width: number; readonly height: number };
  readonly annotations: readonly (Record<string, unknown> & { category_id: number; score: number; filled: boolean })[];
}

/** Values of an 8-bit label but 0 and 255. */
export const MOST_OBJECTS = 254;

/** @param instances one a mark, in order; those without a pixel are left out */
export function instanceFile(
  fileName: string,
  { width, height }: ImageSize,
  instances: readonly LabelledInstance[],
  marks: readonly InstanceMark[],
  asPolygons: boolean,
): InstanceFile {
  return {
    image: { file_name: fileName, width, height },
    annotations: instances.flatMap((instance, index) =>
      maskArea(instance.mask) === 0 ? [] : [annotationOf(instance, marks[index], asPolygons)],
    ),
  };
}

/** @throws UserError "input" for a value that is not one of these: somebody has changed the file */
export function checkInstanceFile(value: unknown, file: string): InstanceFile {
  const { image, annotations } = (value ?? {}) as Partial<Record<keyof InstanceFile, unknown>>;
  const isAnnotation = (each: unknown): boolean => {
    const { category_id, score } = (each ?? {}) as Record<string, unknown>;
    return Number.isInteger(category_id) && typeof score === "number";
  };
  const { file_name } = (image ?? {}) as Record<string, unknown>;
  if (typeof file_name !== "string" || !Array.isArray(annotations) || !annotations.every(isAnnotation))
    throw expected("input", '"image" and scored "annotations", as this step writes them', shown(value), file);
  return value as InstanceFile;
}

/** VOC's `SegmentationObject`: a palette PNG whose values are the objects, from 1. @param owners −1 where there is none, at most 254 objects */
export function objectPicture(owners: ArrayLike<number>, { width, height }: ImageSize): Uint8Array {
  const data = Uint8Array.from(owners, (owner) => (owner < 0 ? 0 : owner + 1));
  return encodeLabel({ width, height, data }, vocPalette(256)); // objects are numbered, and have no class's colour
}

/** All images' instances as one COCO file. Ids are the file names' own numbers where all have one, as COCO's photographs do; else they count from 1. */
export function mergedInstances(
  files: readonly { readonly id: string; readonly content: InstanceFile }[],
  { classes }: DatasetDescription,
): object {
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
export function labelmeText(
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
export function yoloText(instances: readonly LabelledInstance[], { width, height }: ImageSize): string {
  const rows = instances.map(({ class: foreground, mask }) => {
    const shares = maskOutline(mask).map((value, i) => (value / (i % 2 === 0 ? width : height)).toFixed(6));
    return `${[foreground - 1, ...shares].join(" ")}\n`;
  });
  return rows.join("");
}

// --- internal ---

function annotationOf(
  { class: foreground, box, mask, score, isFilled }: LabelledInstance,
  mark: InstanceMark,
  asPolygons: boolean,
): InstanceFile["annotations"][number] {
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
