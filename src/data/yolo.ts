/**
 * Boxes from YOLO text, one file an image: `class cx cy width height` a line in shares of the image, or `class x y x y
 * …` for a polygon, whose enclosing box counts. Class numbers are places in a list of names: `classes.txt` beside the
 * files, or else the data set's own foreground classes.
 */

import path from "node:path";
import { expected } from "../errors";
import { fileExists, readBoundedText } from "./bounded-file";
import { pixelsInside } from "./coco";
import type { DatasetDescription, ImageSize } from "./dataset";
import { type Boxes, checkBoxes, type RawBox } from "./voc-boxes";

export interface YoloFolder {
  readonly folder: string;
  /** Names by class number. */
  readonly names: readonly string[];
}

const MAX_BYTES = 1 << 24;

/** @param names file of class names, one a line; default: `classes.txt` in the folder, if it exists */
export async function openYoloFolder(folder: string, dataset: DatasetDescription, names?: string): Promise<YoloFolder> {
  const file = names ?? path.join(folder, "classes.txt");
  if (names === undefined && !(await fileExists(file))) return { folder, names: dataset.classes.slice(1) };
  const text = await readBoundedText(file, MAX_BYTES, "class names");
  return { folder, names: text.split(/\r\n|\r|\n/).map((line) => line.trim()) };
}

/** The boxes of one image; none where it has no file, as YOLO means it. @throws UserError "input" naming line or box */
export async function readYoloBoxes(
  { folder, names }: YoloFolder,
  id: string,
  dataset: DatasetDescription,
  size: ImageSize,
): Promise<Boxes> {
  const file = path.join(folder, `${id}.txt`);
  if (!(await fileExists(file))) return { boxes: [], notices: [] };
  const lines = (await readBoundedText(file, MAX_BYTES, "boxes")).split(/\r\n|\r|\n/);
  const raw = lines.flatMap((line, index) =>
    line.trim() === "" ? [] : [parseLine(line.trim(), names, size, `${file}:${index + 1}`)],
  );
  return checkBoxes(raw, dataset, size, file);
}

function parseLine(line: string, names: readonly string[], { width, height }: ImageSize, where: string): RawBox {
  const [label, ...numbers] = line.split(/\s+/).map(Number);
  const name = Number.isInteger(label) && label >= 0 ? names[label] : undefined;
  if (name === undefined || name === "")
    throw expected("input", `a class number from 0 to ${names.length - 1}`, line.split(/\s+/)[0].slice(0, 40), where);
  const isBox = numbers.length === 4 || numbers.length === 5; // the fifth is a detector's confidence
  const isPolygon = numbers.length >= 6 && numbers.length % 2 === 0;
  if (!(isBox || isPolygon) || !numbers.every((value) => value >= -0.01 && value <= 1.01))
    throw expected("input", "class cx cy width height in shares of the image", `"${line.slice(0, 60)}"`, where);
  if (isPolygon) {
    const xs = numbers.filter((_, i) => i % 2 === 0);
    const ys = numbers.filter((_, i) => i % 2 === 1);
    const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));
    const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));
    return {
      name,
      ...pixelsInside(least(xs) * width, least(ys) * height, most(xs) * width, most(ys) * height),
    };
  }
  const [cx, cy, w, h] = numbers;
  return {
    name,
    ...pixelsInside((cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height),
  };
}
