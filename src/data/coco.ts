/** Boxes from COCO's JSON: one file for the whole data set, images known by their file names. */

import path from "node:path";
import { expected } from "../errors";
import { MAX_ANNOTATION_BYTES, readBoundedJson } from "./bounded-file";
import type { DatasetDescription, ImageSize } from "./dataset";
import { shown } from "./json";
import { type Boxes, checkBoxes, type RawBox } from "./voc-boxes";

/** The boxes of a data set, unchecked: one image's mistakes are that image's failure (`cocoBoxesOf`). */
export interface CocoFile {
  readonly file: string;
  /** By image id, that is the file name without folder and extension. */
  readonly images: ReadonlyMap<string, CocoImage>;
}

interface CocoImage {
  readonly width: unknown;
  readonly height: unknown;
  readonly boxes: { readonly name: string; readonly bbox: unknown }[];
}

/** @throws UserError "input" unless it has the lists `images`, `annotations` and `categories` */
export async function readCocoFile(file: string): Promise<CocoFile> {
  const value = (await readBoundedJson(file, MAX_ANNOTATION_BYTES, "COCO annotations")) as Record<
    string,
    unknown
  > | null;
  const list = (name: string): Record<string, unknown>[] => {
    const entries = value?.[name];
    if (!Array.isArray(entries)) throw expected("input", `a list "${name}"`, shown(entries), file);
    return entries.filter((entry) => typeof entry === "object" && entry !== null);
  };
  const names = new Map(list("categories").map(({ id, name }) => [id, typeof name === "string" ? name : shown(name)]));
  const images = new Map<string, CocoImage>();
  const byNumber = new Map<unknown, CocoImage>();
  for (const { id, file_name, width, height } of list("images")) {
    if (typeof file_name !== "string") continue;
    const name = path.posix.basename(file_name.replaceAll("\\", "/"));
    const image: CocoImage = { width, height, boxes: [] };
    images.set(name.slice(0, name.length - path.posix.extname(name).length), image);
    byNumber.set(id, image);
  }
  for (const { image_id, category_id, bbox } of list("annotations"))
    byNumber.get(image_id)?.boxes.push({ name: names.get(category_id) ?? `category ${shown(category_id)}`, bbox });
  return { file, images };
}

/**
 * The boxes of one image; none where the file does not name it. COCO's `[x, y, width, height]` are edges between pixels,
 * ours the first and last pixel inside.
 * @throws UserError "input" that names each unusable box
 */
export function cocoBoxesOf(coco: CocoFile, id: string, dataset: DatasetDescription, size: ImageSize): Boxes {
  const image = coco.images.get(id);
  if (image === undefined) return { boxes: [], notices: [] };
  const where = `image "${id}" in ${coco.file}`;
  const { width, height } = image;
  if (Number.isInteger(width) && Number.isInteger(height) && (width !== size.width || height !== size.height))
    throw expected("input", `boxes for ${size.width}×${size.height} pixels`, `${width}×${height}`, where);
  const raw = image.boxes.map(({ name, bbox }): RawBox => {
    const four = Array.isArray(bbox) && bbox.length === 4 && bbox.every((side) => typeof side === "number");
    const [x, y, w, h] = four ? (bbox as number[]) : [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
    return { name, ...pixelsInside(x, y, x + w, y + h) };
  });
  return checkBoxes(raw, dataset, size, where);
}

/** First and last pixels of a rectangle given by its edges: a pixel counts where the rectangle covers half of it. */
export function pixelsInside(left: number, top: number, right: number, bottom: number): Omit<RawBox, "name"> {
  const [xmin, ymin] = [Math.round(left), Math.round(top)];
  const last = (edge: number, opposite: number, first: number): number =>
    edge >= opposite ? Math.max(first, Math.round(edge) - 1) : edge; // inverted edges stay inverted
  return { xmin, ymin, xmax: last(right, left, xmin), ymax: last(bottom, top, ymin) };
}
