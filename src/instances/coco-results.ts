/**
 * Detections in COCO's results form: a list of `{image_id, category_id, score, bbox, segmentation}` with the ids of the
 * truth they are compared with. A whole COCO file whose annotations carry scores will do as well, as instance labels are
 * written: its images and categories are then found in the truth by their names.
 */

import { MAX_ANNOTATION_BYTES, readBoundedJson } from "../data/bounded-file";
import { shown } from "../data/json";
import { expected } from "../errors";
import { type CocoId, type CocoTruth, cocoBox, cocoTables, entriesOf, imageName, isGiven } from "./coco-truth";
import type { CocoBox } from "./rle";

export interface CocoResult {
  readonly imageId: CocoId;
  readonly categoryId: CocoId;
  readonly score: number;
  readonly box?: CocoBox;
  /** What `cocoMask` draws. */
  readonly segmentation?: unknown;
  /** Where it stands, for messages. */
  readonly where: string;
}

/**
 * @throws UserError "input" that names the entry: for images and categories that the truth does not know, scores that are
 * missing or no number, entries with neither box nor mask
 */
export async function readCocoResults(file: string, truth: CocoTruth): Promise<CocoResult[]> {
  return cocoResults(await readBoundedJson(file, MAX_ANNOTATION_BYTES, "results"), truth, file);
}

/** The same of JSON that was read already. */
export function cocoResults(value: unknown, truth: CocoTruth, file: string): CocoResult[] {
  const isList = Array.isArray(value);
  if (!isList && !Array.isArray((value as { annotations?: unknown } | null)?.annotations))
    throw expected("input", 'a list of results, or a COCO file with scored "annotations"', shown(value), file);
  const entries = entriesOf(isList ? { results: value } : value, isList ? "results" : "annotations", file);
  const ids = isList ? sameIds(truth) : idsByName(value, truth, file);
  return entries.map(({ image_id, category_id, score, bbox, segmentation }, index): CocoResult => {
    const where = `result ${index + 1} in ${file}`;
    const imageId = ids.imageOf(image_id);
    if (imageId === undefined)
      throw expected("input", `an image of ${truth.file}`, `image_id ${shown(image_id)}`, where);
    const categoryId = ids.categoryOf(category_id);
    if (categoryId === undefined)
      throw expected("input", `a category of ${truth.file}`, `category_id ${shown(category_id)}`, where);
    if (typeof score !== "number" || !Number.isFinite(score))
      throw expected("input", 'a number as "score"', shown(score), where);
    if (!isGiven(bbox) && !isGiven(segmentation))
      throw expected("input", 'a "segmentation" or a "bbox"', "neither", where);
    return {
      imageId,
      categoryId,
      score,
      ...(isGiven(bbox) ? { box: cocoBox(bbox, where) } : {}),
      ...(isGiven(segmentation) ? { segmentation } : {}),
      where,
    };
  });
}

// --- internal ---

/** From the ids of a results file to the truth's. */
interface IdMaps {
  imageOf(id: unknown): CocoId | undefined;
  categoryOf(id: unknown): CocoId | undefined;
}

function sameIds(truth: CocoTruth): IdMaps {
  const images = new Set<unknown>(truth.images.map(({ id }) => id));
  const categories = new Set<unknown>(truth.categories.map(({ id }) => id));
  return {
    imageOf: (id) => (images.has(id) ? (id as CocoId) : undefined),
    categoryOf: (id) => (categories.has(id) ? (id as CocoId) : undefined),
  };
}

/** The file names its own images and categories: the truth's of the same names are meant. */
function idsByName(value: unknown, truth: CocoTruth, file: string): IdMaps {
  const own = cocoTables(value, file);
  const imageNames = new Map<unknown, string>(own.images.map((image) => [image.id, imageName(image)]));
  const categoryNames = new Map<unknown, string>(own.categories.map(({ id, name }) => [id, name]));
  const images = idsOfNames(truth.images, imageName, "image file", truth.file);
  const categories = idsOfNames(truth.categories, ({ name }) => name, "category name", truth.file);
  return {
    imageOf: (id) => images.get(imageNames.get(id) ?? ""),
    categoryOf: (id) => categories.get(categoryNames.get(id) ?? ""),
  };
}

function idsOfNames<T extends { readonly id: CocoId }>(
  entries: readonly T[],
  nameOf: (entry: T) => string,
  what: string,
  file: string,
): Map<string, CocoId> {
  const ids = new Map<string, CocoId>();
  for (const entry of entries) {
    const name = nameOf(entry);
    if (ids.has(name))
      throw expected("input", `each ${what} once, as results are matched by name`, `"${name}" twice`, file);
    ids.set(name, entry.id);
  }
  return ids;
}
