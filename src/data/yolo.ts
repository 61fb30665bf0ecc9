/**
 * Boxes from YOLO text, one file an image, lines of shares of the image: `class cx cy width height`; `class x y x y …` for a
 * polygon or an oriented box, whose enclosing box counts; a box followed by keypoints. Class numbers are places in a list of
 * names (yolo-names.ts), or else in the data set's own foreground classes, which is said.
 */

import path from "node:path";
import { expected } from "../errors";
import { fileExists, readBoundedText } from "./bounded-file";
import type { DatasetDescription, ImageSize } from "./dataset";
import { shown } from "./json";
import { frameOfAnnotation, storedSize } from "./orientation";
import { enclosing, pixelsInside } from "./turned-box";
import { type Boxes, checkBoxes, type RawBox } from "./voc-boxes";
import { findYoloNames, readYoloNames, type YoloNames } from "./yolo-names";

export interface YoloFolder {
  readonly folder: string;
  /** Names by class number. */
  readonly names: readonly string[];
  readonly keypoints?: YoloNames["keypoints"];
  /** Where the names come from. */
  readonly notices: readonly string[];
}

const MAX_BYTES = 1 << 24;

/** @param names file of class names; default: the one that is found in the folder or above it */
export async function openYoloFolder(folder: string, dataset: DatasetDescription, names?: string): Promise<YoloFolder> {
  const found = names === undefined ? await findYoloNames(folder) : await readYoloNames(names);
  if (found !== undefined)
    return { folder, names: found.names, keypoints: found.keypoints, notices: [`YOLO's class names: ${found.file}`] };
  const own = dataset.classes.slice(1);
  const order = own.slice(0, 3).map((name, number) => `${number} = ${name}`);
  const more = own.length > 3 ? ", …" : "";
  return {
    folder,
    names: own,
    notices: [
      `no names of YOLO's classes (classes.txt, data.yaml, obj.names) in ${folder} or above: the data set's own order counts, ${order.join(", ")}${more}; --yolo-classes names them`,
    ],
  };
}

/** The boxes of one image; undefined where it has no file, as YOLO means it. @throws UserError "input" naming line or box */
export async function readYoloBoxes(
  yolo: YoloFolder,
  id: string,
  dataset: DatasetDescription,
  size: ImageSize,
): Promise<Boxes | undefined> {
  const file = path.join(yolo.folder, `${id}.txt`);
  if (!(await fileExists(file))) return undefined;
  const frame = frameOfAnnotation(undefined, size, "boxes for", file);
  const pixels = frame === "stored" ? storedSize(size) : size;
  const lines = (await readBoundedText(file, MAX_BYTES, "boxes"))
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ words: line.trim().split(/\s+/), place: `line ${index + 1}` }))
    .filter(({ words }) => words[0] !== "");
  const form = { ...yolo, haveKeypoints: lines.length > 0 && lines.every(({ words }) => looksLikeKeypoints(words)) };
  const raw = lines.map(({ words, place }) => parseLine(words, form, pixels, place, file));
  return checkBoxes(raw, dataset, size, file, frame);
}

function parseLine(
  words: readonly string[],
  { names, keypoints, haveKeypoints }: YoloFolder & { readonly haveKeypoints: boolean },
  { width, height }: ImageSize,
  place: string,
  file: string,
): RawBox {
  const where = `${file}:${place.slice("line ".length)}`;
  const [label, ...numbers] = words.map(Number);
  const name = Number.isInteger(label) && label >= 0 ? names[label] : undefined;
  if (name === undefined || name === "")
    throw expected(
      "input",
      `a class number from 0 to ${names.length - 1}`,
      `${shown(words[0])}: --yolo-classes names a file of all classes`,
      where,
    );
  const [count, each] = keypoints ?? [0, 0];
  const isAnnounced = keypoints !== undefined && numbers.length === 4 + count * each;
  const isBox = numbers.length === 4 || numbers.length === 5 || isAnnounced || haveKeypoints; // the fifth is a confidence
  const isPolygon = !isBox && numbers.length >= 6 && numbers.length % 2 === 0;
  const shares = isBox ? numbers.slice(0, 4) : numbers;
  if (!(isBox || isPolygon) || !shares.every((value) => value >= -0.01 && value <= 1.01))
    throw expected(
      "input",
      "class cx cy width height, or class x y x y … of a polygon, in shares of the image from 0 to 1",
      shown(words.join(" ").slice(0, 60)),
      where,
    );
  const [cx, cy, w, h] = shares;
  const sides = isPolygon
    ? enclosing(Array.from({ length: shares.length / 2 }, (_, i) => [shares[2 * i], shares[2 * i + 1]] as const))
    : { xmin: cx - w / 2, ymin: cy - h / 2, xmax: cx + w / 2, ymax: cy + h / 2 };
  const box = pixelsInside(sides.xmin * width, sides.ymin * height, sides.xmax * width, sides.ymax * height);
  return { name, place, ...box };
}

/** A box and then x, y, visibility of keypoints: every third number is 0, 1 or 2, and absent ones are 0 0 0. */
function looksLikeKeypoints(words: readonly string[]): boolean {
  const rest = words.slice(5);
  if (rest.length < 3 || rest.length % 3 !== 0) return false;
  return rest.every((word, i) => i % 3 !== 2 || /^[012](\.0*)?$/.test(word));
}
