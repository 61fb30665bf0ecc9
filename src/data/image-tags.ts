/**
 * Image tags: which foreground classes an image carries. From the reference's `cls_labels.npy`, a JSON of the same, or
 * the object names of the images' XML annotations.
 */

import path from "node:path";
import { expected, UserError } from "../errors";
import { sizeOf } from "../nd-array";
import { readNpyDictionary } from "../weights/npy-dictionary";
import { fileExists, MAX_ANNOTATION_BYTES, readBounded, readBoundedJson } from "./bounded-file";
import { type DatasetDescription, foregroundIndex } from "./dataset";
import { shown } from "./json";
import { readXmlTags } from "./voc-boxes";

/** Where tags come from, and how to ask for an image's. */
export interface ImageTags {
  /** A file's or folder's name, for notices. */
  readonly source: string;
  /** Class indices (1 = the first after background), ascending. @throws UserError "input" that names the image */
  tagsOf(id: string): Promise<number[]>;
}

const NAMES = ["cls_labels.npy", "cls_labels.json"];

/**
 * Opens `file`, or the first `cls_labels.npy` or `.json` in the data folder or its `ImageSets` (or `…/Segmentation`),
 * or else the folder `Annotations`.
 *
 * The `.npy` is a pickled dictionary {id: one number per foreground class, > 0 where tagged}. The JSON is an object
 * {id: tags}, tags being class names, indices from 0 as the `.npy` has them (0 = the first foreground class), or the
 * `.npy`'s vector of zeros and ones.
 * @throws UserError "input" for a file that holds something else
 */
export async function readImageTags(
  root: string,
  dataset: DatasetDescription,
  file: string | undefined = undefined,
): Promise<ImageTags> {
  const found = file ?? (await findTagFile(root));
  if (found === undefined) {
    const folder = path.join(root, "Annotations");
    return { source: folder, tagsOf: (id) => readXmlTags(path.join(folder, `${id}.xml`), dataset) };
  }
  const table = found.endsWith(".json") ? await readJsonTags(found, dataset) : await readNpyTags(found, dataset);
  return {
    source: found,
    async tagsOf(id) {
      const tags = table.get(id);
      if (tags === undefined) throw new UserError("input", `no tags of image "${id}" (${found})`);
      if (tags instanceof Error) throw tags;
      return tags;
    },
  };
}

/** Tags of every image, or what is wrong with them: one bad entry must not cost the rest. */
type TagTable = ReadonlyMap<string, number[] | Error>;

async function findTagFile(root: string): Promise<string | undefined> {
  const folders = [root, path.join(root, "ImageSets"), path.join(root, "ImageSets", "Segmentation")];
  for (const folder of folders)
    for (const name of NAMES) if (await fileExists(path.join(folder, name))) return path.join(folder, name);
  return undefined;
}

async function readNpyTags(file: string, dataset: DatasetDescription): Promise<TagTable> {
  const dictionary = readNpyDictionary(await readBounded(file, MAX_ANNOTATION_BYTES, "image tags"), file);
  const count = dataset.classes.length - 1;
  const table = new Map<string, number[] | Error>();
  for (const [key, { shape, data }] of dictionary) {
    const id = String(key);
    const where = `image "${id}" in ${file}`;
    table.set(
      id,
      sizeOf(shape) === count
        ? taggedPlaces(data)
        : expected("input", `${count} numbers, one per foreground class`, `[${shape.join(", ")}]`, where),
    );
  }
  return table;
}

async function readJsonTags(file: string, dataset: DatasetDescription): Promise<TagTable> {
  const parsed = await readBoundedJson(file, MAX_ANNOTATION_BYTES, "image tags");
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw expected("input", "an object {id: tags}", shown(parsed), file);
  const table = new Map<string, number[] | Error>();
  for (const [id, value] of Object.entries(parsed)) {
    try {
      table.set(id, jsonTags(value, dataset, `image "${id}" in ${file}`));
    } catch (error) {
      table.set(id, error as Error);
    }
  }
  return table;
}

function jsonTags(value: unknown, dataset: DatasetDescription, where: string): number[] {
  const count = dataset.classes.length - 1;
  const wrong = (): UserError =>
    expected("input", `class names, indices from 0 to ${count - 1}, or ${count} zeros and ones`, shown(value), where);
  if (!Array.isArray(value)) throw wrong();
  if (value.length > 0 && value.every((entry) => typeof entry === "string"))
    return ascending(value.map((name) => foregroundIndex(dataset, name, where)));
  // Indices are distinct; a vector of zeros and ones longer than two is not.
  const isVector = value.length === count && new Set(value).size < count && value.every((x) => x === 0 || x === 1);
  if (isVector) return taggedPlaces(value as number[]);
  const isIndex = (entry: unknown): boolean => Number.isInteger(entry) && 0 <= Number(entry) && Number(entry) < count;
  if (!value.every(isIndex)) throw wrong();
  return ascending((value as number[]).map((index) => index + 1));
}

/** The reference takes a class where its number is above 1e-5. */
function taggedPlaces(vector: ArrayLike<number>): number[] {
  return Array.from(vector, (value, index) => (value > 1e-5 ? index + 1 : 0)).filter((index) => index > 0);
}

function ascending(classes: readonly number[]): number[] {
  return [...new Set(classes)].sort((a, b) => a - b);
}
