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
import { nearestNames } from "./file-names";
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

/** How numbers in a JSON of tags are meant: one per foreground class, > 0 where tagged, or places in the class list from 0. */
export type TagsForm = "auto" | "vector" | "indices";

/**
 * Opens `file`, or the first `cls_labels.npy` or `.json` in the data folder or its `ImageSets` (or `…/Segmentation`),
 * or else the folder `Annotations`.
 *
 * The `.npy` is a pickled dictionary {id: one number per foreground class, > 0 where tagged}. The JSON is an object
 * {id: tags}, tags being class names, indices from 0 as the `.npy` has them (0 = the first foreground class), or the
 * `.npy`'s vector of zeros and ones; `form` says which where an entry fits both and the file's others do not tell.
 * @throws UserError "input" for a file that holds something else
 */
export async function readImageTags(
  root: string,
  dataset: DatasetDescription,
  file: string | undefined = undefined,
  form: TagsForm = "auto",
): Promise<ImageTags> {
  const found = file ?? (await findTagFile(root));
  if (found === undefined) {
    const folder = path.join(root, "Annotations");
    return { source: folder, tagsOf: (id) => readXmlTags(path.join(folder, `${id}.xml`), dataset) };
  }
  const isJson = found.toLowerCase().endsWith(".json");
  const table = isJson ? await readJsonTags(found, dataset, form) : await readNpyTags(found, dataset);
  return {
    source: found,
    async tagsOf(id) {
      // IRN's lists write VOC's 2007_000032 as the number 2007000032
      const tags =
        table.get(id) ?? table.get(id.normalize("NFC")) ?? table.get(id.replace(/^(\d{4})_(\d{6})$/, "$1$2"));
      if (tags === undefined) {
        const near = nearestNames(id, table.keys());
        const hint = near.length === 0 ? "" : `; near it: ${near.join(", ")}`;
        throw new UserError("input", `no tags of image "${id}"${hint} (${found})`);
      }
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
    const id = String(key).normalize("NFC");
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

async function readJsonTags(file: string, dataset: DatasetDescription, asked: TagsForm): Promise<TagTable> {
  const parsed = await readBoundedJson(file, MAX_ANNOTATION_BYTES, "image tags");
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw expected("input", "an object {id: tags}", shown(parsed), file);
  const usual = formOf(Object.values(parsed), dataset.classes.length - 1);
  const table = new Map<string, number[] | Error>();
  for (const [id, value] of Object.entries(parsed)) {
    try {
      table.set(id.normalize("NFC"), jsonTags(value, dataset, asked, usual, `image "${id}" in ${file}`));
    } catch (error) {
      table.set(id.normalize("NFC"), error as Error);
    }
  }
  return table;
}

/**
 * The form of entries that fit both, as [1, 0] of two classes does: that of the file's other entries. Where none tells,
 * places would name every class in every image, which is no list of tags, so zeros and ones are a vector; but [0] of a
 * single class says nothing in either form.
 * @returns undefined where nothing tells the two apart
 */
function formOf(entries: readonly unknown[], count: number): "vector" | "indices" | undefined {
  const fits = entries
    .filter(isNumbers)
    .map((entry) => ({ vector: isVector(entry, count), places: isPlaces(entry, count) }));
  const vectors = fits.some(({ vector, places }) => vector && !places);
  const indices = fits.some(({ vector, places }) => places && !vector);
  if (vectors !== indices) return vectors ? "vector" : "indices";
  return !vectors && count > 1 ? "vector" : undefined;
}

function isNumbers(entry: unknown): entry is number[] {
  return Array.isArray(entry) && entry.every((each) => typeof each === "number");
}

function isVector(entry: readonly number[], count: number): boolean {
  return entry.length === count && entry.every((each) => each === 0 || each === 1);
}

function isPlaces(entry: readonly number[], count: number): boolean {
  const inRange = (each: number): boolean => Number.isInteger(each) && each >= 0 && each < count;
  return new Set(entry).size === entry.length && entry.every(inRange);
}

/** @param asked the form that the user names, @param usual that of entries which fit both */
function jsonTags(
  value: unknown,
  dataset: DatasetDescription,
  asked: TagsForm,
  usual: "vector" | "indices" | undefined,
  where: string,
): number[] {
  const count = dataset.classes.length - 1;
  const numbers = `${count} numbers, one per foreground class`;
  const places = `indices from 0 to ${count - 1}`;
  const wanted = asked === "vector" ? numbers : asked === "indices" ? places : `${places}, or ${numbers}`;
  const wrong = (): UserError => expected("input", `class names, ${wanted}`, shown(value), where);
  if (!Array.isArray(value)) throw wrong();
  if (value.length > 0 && value.every((entry) => typeof entry === "string"))
    return ascending(value.map((name) => foregroundIndex(dataset, name, where)));
  if (!isNumbers(value)) throw wrong();
  const fits = { vector: isVector(value, count), places: isPlaces(value, count) };
  const form = asked !== "auto" ? asked : fits.vector && fits.places ? usual : fits.vector ? "vector" : "indices";
  if (form === undefined)
    throw expected(
      "input",
      "tags whose form can be told",
      `${shown(value)}, which is a vector of zeros and ones as well as a list of indices: say which with --tags-form`,
      where,
    );
  if (form === "vector" && value.length === count) return taggedPlaces(value);
  if (form === "vector" || !fits.places) throw wrong();
  return ascending(value.map((index) => index + 1));
}

/** The reference takes a class where its number is above 1e-5. */
function taggedPlaces(vector: ArrayLike<number>): number[] {
  return Array.from(vector, (value, index) => (value > 1e-5 ? index + 1 : 0)).filter((index) => index > 0);
}

function ascending(classes: readonly number[]): number[] {
  return [...new Set(classes)].sort((a, b) => a - b);
}
