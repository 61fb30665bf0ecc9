/**
 * The instances of a data set from COCO's JSON, for comparing with and training on: every entry is checked when it is read,
 * its mask drawn when it is asked for (`cocoMask`), since a whole data set of masks needs no room at once.
 */

import { MAX_ANNOTATION_BYTES, MAX_PIXELS, readBoundedJson } from "../data/bounded-file";
import { lastPart, sameName, stemOf } from "../data/file-names";
import { shown } from "../data/json";
import { expected } from "../errors";
import type { CocoBox } from "./rle";

/** Numbers in COCO's own files; others write text. */
export type CocoId = number | string;

export interface CocoImage {
  readonly id: CocoId;
  readonly fileName: string;
  readonly width: number;
  readonly height: number;
}

export interface CocoCategory {
  readonly id: CocoId;
  readonly name: string;
}

export interface CocoAnnotation {
  readonly id: CocoId;
  readonly imageId: CocoId;
  readonly categoryId: CocoId;
  /** A region of many objects that nobody told apart: matches any number of detections and counts for none. */
  readonly isCrowd: boolean;
  /** Pixels, as the file says; undefined where it does not. */
  readonly area?: number;
  readonly box?: CocoBox;
  /** What `cocoMask` draws; undefined where the file has only a box. */
  readonly segmentation?: unknown;
}

export interface CocoTruth {
  readonly file: string;
  /** Ascending by id, as pycocotools visits them. */
  readonly images: readonly CocoImage[];
  readonly categories: readonly CocoCategory[];
  /** In the order of the file. */
  readonly annotations: readonly CocoAnnotation[];
}

/**
 * @throws UserError "input" that names the entry: unless there are lists `images`, `annotations` and `categories`; for ids
 * that are missing or occur twice, images without size, annotations of images or categories that the file does not list
 */
export async function readCocoTruth(file: string): Promise<CocoTruth> {
  return cocoTruth(await readBoundedJson(file, MAX_ANNOTATION_BYTES, "COCO annotations"), file);
}

/** The same of JSON that was read already. */
export function cocoTruth(value: unknown, file: string): CocoTruth {
  const { images, categories } = cocoTables(value, file);
  const imageIds = new Set(images.map(({ id }) => id));
  const categoryIds = new Set(categories.map(({ id }) => id));
  const annotations = entriesOf(value, "annotations", file).map((entry, index): CocoAnnotation => {
    const { id, image_id, category_id, iscrowd = 0, area, bbox, segmentation } = entry;
    const where = `annotation ${shown(id ?? index + 1)} in ${file}`;
    if (!imageIds.has(image_id as CocoId))
      throw expected("input", 'an "image_id" among "images"', shown(image_id), where);
    if (!categoryIds.has(category_id as CocoId))
      throw expected("input", 'a "category_id" among "categories"', shown(category_id), where);
    if (iscrowd !== 0 && iscrowd !== 1 && typeof iscrowd !== "boolean")
      throw expected("input", '"iscrowd" as 0 or 1', shown(iscrowd), where);
    if (area !== undefined && !(typeof area === "number" && area >= 0))
      throw expected("input", '"area" as a number of pixels', shown(area), where);
    return {
      id: checkId(id, where),
      imageId: image_id as CocoId,
      categoryId: category_id as CocoId,
      isCrowd: Boolean(iscrowd),
      ...(area === undefined ? {} : { area: area as number }),
      ...(isGiven(bbox) ? { box: cocoBox(bbox, where) } : {}),
      ...(isGiven(segmentation) ? { segmentation } : {}),
    };
  });
  checkUnique(annotations, "annotation", file);
  return { file, images, categories, annotations };
}

/** Images and categories alone, of a file whose annotations are something else. @throws UserError "input" */
export function cocoTables(value: unknown, file: string): { images: CocoImage[]; categories: CocoCategory[] } {
  const images = entriesOf(value, "images", file).map((entry, index): CocoImage => {
    const { id, file_name, width, height } = entry;
    const where = `image ${shown(id ?? index + 1)} in ${file}`;
    if (typeof file_name !== "string" || file_name === "")
      throw expected("input", 'text as "file_name"', shown(file_name), where);
    const isSize = (side: unknown): boolean => Number.isInteger(side) && (side as number) > 0;
    if (!isSize(width) || !isSize(height) || (width as number) * (height as number) > MAX_PIXELS)
      throw expected(
        "input",
        `"width" and "height" of at most ${MAX_PIXELS} pixels`,
        `${shown(width)}×${shown(height)}`,
        where,
      );
    return { id: checkId(id, where), fileName: file_name, width: width as number, height: height as number };
  });
  const categories = entriesOf(value, "categories", file).map(({ id, name }, index): CocoCategory => {
    const where = `category ${shown(id ?? index + 1)} in ${file}`;
    if (typeof name !== "string" || name === "") throw expected("input", 'text as "name"', shown(name), where);
    return { id: checkId(id, where), name };
  });
  checkUnique(images, "image", file);
  checkUnique(categories, "category", file);
  return { images: images.sort(byId), categories: categories.sort(byId) };
}

/** Ascending; numbers before text. */
export function byId({ id: a }: { readonly id: CocoId }, { id: b }: { readonly id: CocoId }): number {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The name by which folders and lists know an image: its file's, without folder and extension. */
export function imageName({ fileName }: Pick<CocoImage, "fileName">): string {
  return sameName(stemOf(lastPart(fileName)));
}

/** A `bbox` that is given. @throws UserError "input" unless it is four numbers and no side is negative */
export function cocoBox(value: unknown, where: string): CocoBox {
  const isBox = Array.isArray(value) && value.length === 4 && value.every(Number.isFinite);
  if (!isBox || value[2] < 0 || value[3] < 0)
    throw expected("input", '"bbox" as [x, y, width, height]', shown(value), where);
  return [value[0], value[1], value[2], value[3]];
}

/** Whether a `bbox` or `segmentation` says anything: `null` and `[]` do not. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

/** The objects of a list in a JSON object. @throws UserError "input" */
export function entriesOf(value: unknown, name: string, file: string): Record<string, unknown>[] {
  const list = (typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {})[name];
  if (!Array.isArray(list)) throw expected("input", `a list "${name}"`, shown(list), file);
  const wrong = list.findIndex((entry) => typeof entry !== "object" || entry === null || Array.isArray(entry));
  if (wrong >= 0) throw expected("input", `objects in "${name}"`, shown(list[wrong]), `entry ${wrong + 1} in ${file}`);
  return list;
}

// --- internal ---

function checkId(id: unknown, where: string): CocoId {
  if (typeof id !== "string" && !Number.isFinite(id))
    throw expected("input", 'a number or text as "id"', shown(id), where);
  return id as CocoId;
}

function checkUnique(entries: readonly { readonly id: CocoId }[], what: string, file: string): void {
  const seen = new Set<CocoId>();
  for (const { id } of entries) {
    if (seen.has(id)) throw expected("input", `each ${what} id once`, `id ${shown(id)} twice`, file);
    seen.add(id);
  }
}
