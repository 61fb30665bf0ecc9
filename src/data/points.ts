/** Clicks: What's-the-Point JSON, `{id: {"fg": [{"x", "y", "cls"}, …], "bg": […]}}`, drawn as discs. */

import { expected, UserError } from "../errors";
import { MAX_ANNOTATION_BYTES, readBoundedJson } from "./bounded-file";
import { classIndex, type DatasetDescription, type ImageSize } from "./dataset";
import { shown } from "./json";
import type { LabelMap } from "./label-png";
import { displayedPixel, frameOfAnnotation, storedSize } from "./orientation";

/** Pixel coordinates, fractions allowed; `class` 0 is background. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly class: number;
  /** Clicks with the same id are on one object. */
  readonly id?: number | string;
}

/** The clicks of a whole data set, unchecked: one image's mistakes are that image's failure (`pointsOf`). */
export interface PointsFile {
  readonly file: string;
  readonly images: ReadonlyMap<string, unknown>;
  /** Whether every click of the file is given in shares of its image, from 0 to 1. Default: in pixels. */
  readonly inShares?: boolean;
}

/** Radius in pixels of the disc that a click labels. */
const POINT_RADIUS = 3;

const MAX_POINTS = 100_000;

/** Opens a file of clicks. @throws UserError "input" unless it is a JSON object with an entry an image */
export async function readPointsFile(file: string): Promise<PointsFile> {
  const value = await readBoundedJson(file, MAX_ANNOTATION_BYTES, "points");
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw expected("input", "points as an object {image: {fg, bg}}", Array.isArray(value) ? "a list" : "a value", file);
  const images = new Map(Object.entries(value));
  return { file, images, ...(areShares(images) ? { inShares: true } : {}) };
}

/** What the user should know of a file of clicks. */
export function pointsNotices({ file, inShares }: PointsFile): string[] {
  return inShares ? [`clicks from 0 to 1 are taken for shares of the image's width and height (${file})`] : [];
}

/**
 * The clicks of one image, foreground first, in the displayed frame; none where the file does not name it.
 * @throws UserError "input" for a click without numbers, outside the image, or of an unknown class
 */
export function pointsOf(
  { file, images, inShares = false }: PointsFile,
  id: string,
  dataset: DatasetDescription,
  size: ImageSize,
): Point[] {
  const entry = pointsEntry({ images }, id);
  if (entry === undefined) return [];
  const where = `points of image "${id}" in ${file}`;
  const { fg, bg } = clicksIn(entry);
  if (!Array.isArray(fg) || !Array.isArray(bg)) throw expected("input", 'lists of clicks "fg" and "bg"', "none", where);
  if (fg.length + bg.length > MAX_POINTS)
    throw expected("input", `at most ${MAX_POINTS} clicks`, String(fg.length + bg.length), where);
  const isStored = frameOfAnnotation(undefined, size, "clicks for", where) === "stored";
  const place = { size, given: isStored ? storedSize(size) : size, isStored, inShares };
  return [
    ...fg.map((click, index) => pointOf(click, undefined, dataset, place, `fg ${index + 1}, ${where}`)),
    ...bg.map((click, index) => pointOf(click, 0, dataset, place, `bg ${index + 1}, ${where}`)),
  ];
}

/** What a file of clicks says of an image, however accents in its name are written; undefined where it does not name it. */
export function pointsEntry({ images }: Pick<PointsFile, "images">, id: string): unknown {
  return images.get(id) ?? images.get(id.normalize("NFC")) ?? images.get(id.normalize("NFD"));
}

/** The lists of an image's entry, whatever they are. */
function clicksIn(entry: unknown): { fg?: unknown; bg: unknown } {
  const { fg, bg = [] } = (Array.isArray(entry) ? { fg: entry } : (entry ?? {})) as { fg?: unknown; bg?: unknown };
  return { fg, bg };
}

/** Two clicks or more, all from 0 to 1 and some between: no photograph is clicked in its first pixel alone. */
function areShares(images: ReadonlyMap<string, unknown>): boolean {
  let count = 0;
  let isBetween = false;
  for (const entry of images.values()) {
    const { fg, bg } = clicksIn(entry);
    for (const click of [fg, bg].flatMap((list) => (Array.isArray(list) ? list : []))) {
      const { x, y } = (click ?? {}) as { x?: unknown; y?: unknown };
      if (typeof x !== "number" || typeof y !== "number" || !(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return false;
      isBetween ||= x % 1 !== 0 || y % 1 !== 0;
      count++;
    }
  }
  return count >= 2 && isBetween;
}

/** Every click as a disc on an otherwise unknown label; where discs meet, the nearer click wins, then the earlier. */
export function drawPoints(
  points: readonly Point[],
  { width, height }: ImageSize,
  ignore: number,
  radius: number = POINT_RADIUS,
): LabelMap {
  const data = new Uint8Array(width * height).fill(ignore);
  const nearest = new Float32Array(width * height).fill(Infinity);
  const reach = Math.floor(radius);
  for (const point of points) {
    const { x: cx, y: cy } = pixelOf(point, { width, height });
    for (let y = Math.max(0, cy - reach); y <= Math.min(height - 1, cy + reach); y++)
      for (let x = Math.max(0, cx - reach); x <= Math.min(width - 1, cx + reach); x++) {
        const distance = (x - cx) ** 2 + (y - cy) ** 2;
        if (distance > radius * radius || distance >= nearest[y * width + x]) continue;
        nearest[y * width + x] = distance;
        data[y * width + x] = point.class;
      }
  }
  return { width, height, data };
}

/**
 * A rim of the photograph as background, where no click says background: things stand in the middle of a photograph far
 * more often than at its edge, and without any background everything would be of the classes clicked. What is known
 * already stays.
 * @param label class or `ignore`, [H·W]
 */
export function withRim(label: Uint8Array, { width, height }: ImageSize, ignore: number, rim: number): Uint8Array {
  return label.map((value, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return value === ignore && Math.min(x, y, width - 1 - x, height - 1 - y) < rim ? 0 : value;
  });
}

/** The pixel under a click. */
export function pixelOf({ x, y }: Point, { width, height }: ImageSize): { x: number; y: number } {
  return { x: Math.min(width - 1, Math.round(x)), y: Math.min(height - 1, Math.round(y)) };
}

interface Place {
  readonly size: ImageSize;
  /** In the frame that the clicks are in. */
  readonly given: { readonly width: number; readonly height: number };
  readonly isStored: boolean;
  readonly inShares: boolean;
}

function pointOf(
  click: unknown,
  fixed: number | undefined,
  dataset: DatasetDescription,
  { size, given: { width, height }, isStored, inShares }: Place,
  where: string,
): Point {
  const { x, y, cls = fixed, id } = (click ?? {}) as Record<string, unknown>;
  const [across, down] = inShares ? [Number(x) * width, Number(y) * height] : [x, y];
  if (typeof across !== "number" || typeof down !== "number" || !isWithin(across, down, width, height)) {
    const isNumber = typeof x === "number" && typeof y === "number";
    const hint = isNumber ? ": were the clicks made on an image of another size?" : "";
    throw expected("input", `a click within ${width}×${height} pixels`, `x ${shown(x)}, y ${shown(y)}${hint}`, where);
  }
  const [u, v] = isStored ? displayedPixel(across, down, size) : [across, down];
  if (id !== undefined && typeof id !== "number" && typeof id !== "string")
    throw expected("input", 'a number or text as "id"', shown(id), where);
  const point = { x: Math.max(0, u), y: Math.max(0, v), class: pointClass(cls, fixed, dataset, where) };
  return id === undefined ? point : { ...point, id };
}

function isWithin(x: number, y: number, width: number, height: number): boolean {
  return x >= 0 && x <= width && y >= 0 && y <= height;
}

function pointClass(cls: unknown, fixed: number | undefined, dataset: DatasetDescription, where: string): number {
  const index = typeof cls === "string" ? classIndex(dataset, cls, where) : cls;
  const known = Number.isInteger(index) && (index as number) >= 0 && (index as number) < dataset.classes.length;
  if (!known) throw expected("input", `a class from 0 to ${dataset.classes.length - 1} as "cls"`, shown(index), where);
  if (fixed !== undefined && index !== fixed)
    throw new UserError("input", `expected a background click, got class ${shown(index)} (${where})`);
  return index as number;
}
