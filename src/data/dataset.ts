/**
 * What a data set says about itself: class names, colours, and the value of unknown pixels. Everything else in the
 * library takes these from here; only `voc.ts` knows PASCAL VOC.
 */

import path from "node:path";
import { expected, UserError } from "../errors";
import { nearWords } from "../near-text";
import { fileExists, readBoundedJson } from "./bounded-file";
import { shown } from "./json";
import { VOC, vocPalette } from "./voc";

export type { ImageSize } from "./orientation";

export type Colour = readonly [red: number, green: number, blue: number];

export interface DatasetDescription {
  /** Names by class index; index 0 is the background. */
  readonly classes: readonly string[];
  /** Colours by label value, 0–255 each; values beyond its end are drawn in VOC's colours. */
  readonly palette: readonly Colour[];
  /** The label value of unknown pixels. */
  readonly ignore: number;
  /** Other spellings of class names that annotation files use. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** The class that 255 stands for in masks that hold 0 and 255 alone. Default: none, 255 is a value like others. */
  readonly binary?: string;
}

/** Names of a file that are no class of the data set: the message says where, `names` which. */
export class UnknownClassError extends UserError {
  readonly names: readonly string[];

  constructor(names: readonly string[], message: string) {
    super("input", message);
    this.names = names;
  }
}

const MAX_BYTES = 1 << 20;

/**
 * The description in `root/dataset.json`, or VOC's where there is none. The file holds
 * `{"classes": ["background", …], "palette": [[r, g, b], …], "ignore": 255, "aliases": {"other spelling": "class"}, "binary": "class"}`;
 * all but `classes` may be left out.
 * @throws UserError "input" for a file that does not
 */
export async function readDataset(root: string): Promise<DatasetDescription> {
  const file = path.join(root, "dataset.json");
  if (!(await fileExists(file))) return VOC;
  return checkDataset(await readBoundedJson(file, MAX_BYTES, "data set description"), file);
}

/** A description from untrusted data. @throws UserError "input" */
export function checkDataset(value: unknown, where: string): DatasetDescription {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw expected("input", 'an object with "classes"', shown(value), where);
  const { classes, palette, ignore = 255, aliases, binary } = value as Record<string, unknown>;
  if (!Array.isArray(classes) || !classes.every((name) => typeof name === "string" && name.trim() !== ""))
    throw expected("input", '"classes" as a list of names', shown(classes), where);
  if (classes[0] !== "background")
    throw expected("input", '"background" as the first of "classes"', shown(classes[0]), where);
  if (classes.length < 2 || classes.length > 255)
    throw expected("input", "2 to 255 classes, the background among them", String(classes.length), where);
  const twice = classes.find((name, index) => classes.findIndex((other) => sameText(other, name)) !== index);
  if (twice !== undefined) throw expected("input", "each class once", `${shown(twice)} twice`, where);
  if (!isByte(ignore) || ignore < classes.length)
    throw expected("input", `"ignore" from ${classes.length} to 255, above every class`, shown(ignore), where);
  return {
    classes,
    palette: palette === undefined ? vocPalette(classes.length) : checkPalette(palette, classes.length, where),
    ignore,
    ...(aliases === undefined ? {} : { aliases: checkAliases(aliases, classes, where) }),
    ...(binary === undefined ? {} : { binary: checkBinary(binary, classes, where) }),
  };
}

/** The index of `binary`, if the description names it. */
export function maskClass({ classes, binary }: DatasetDescription): number | undefined {
  return binary === undefined ? undefined : classes.indexOf(binary);
}

/**
 * Index of a class name or alias. Accents count as the same however they are written (Unicode has two forms), upper and
 * lower case where that is unambiguous.
 * @throws UnknownClassError naming the classes there are, the nearest first, and the way to give another spelling
 */
export function classIndex(dataset: DatasetDescription, name: string, where: string): number {
  const { classes, aliases = {} } = dataset;
  const alias = Object.hasOwn(aliases, name) ? name : Object.keys(aliases).find((each) => sameText(each, name));
  const known = alias === undefined ? name : aliases[alias];
  const exact = classes.indexOf(known);
  const index = exact >= 0 ? exact : classes.findIndex((each) => sameText(each, known));
  if (index >= 0) return index;
  const lower = known.normalize("NFC").toLowerCase();
  const loose = classes.flatMap((each, i) => (each.normalize("NFC").toLowerCase() === lower ? [i] : []));
  if (loose.length === 1) return loose[0];
  const near = nearWords(known, classes.slice(1));
  const others = dataset.classes.length > 40 ? `${dataset.classes.length} classes` : dataset.classes.join(", ");
  const isVoc = dataset.classes === VOC.classes;
  const wanted = isVoc
    ? "a class of PASCAL VOC, as there is no dataset.json to name others"
    : "a class of the data set";
  const hint = near.length === 0 ? "" : `; did you mean ${near[0]}? "aliases" of dataset.json take other spellings`;
  throw new UnknownClassError([name], `expected ${wanted} (${others}), got ${shown(name)} (${where})${hint}`);
}

function sameText(one: string, other: string): boolean {
  return one === other || one.normalize("NFC") === other.normalize("NFC");
}

/** The same for a foreground class: the background has no boxes, tags, or CAM. @throws UserError "input" */
export function foregroundIndex(dataset: DatasetDescription, name: string, where: string): number {
  const index = classIndex(dataset, name, where);
  if (index === 0) throw expected("input", "a foreground class", shown(name), where);
  return index;
}

function checkPalette(palette: unknown, count: number, where: string): Colour[] {
  const isColour = (entry: unknown): boolean => Array.isArray(entry) && entry.length === 3 && entry.every(isByte);
  if (!Array.isArray(palette) || !palette.every(isColour) || palette.length < count || palette.length > 256)
    throw expected("input", `"palette" as ${count} to 256 colours [r, g, b] of 0 to 255`, shown(palette), where);
  return palette as Colour[];
}

function checkAliases(aliases: unknown, classes: readonly string[], where: string): Record<string, string> {
  const isMap = typeof aliases === "object" && aliases !== null && !Array.isArray(aliases);
  if (!isMap || !Object.values(aliases).every((name) => classes.includes(name as string)))
    throw expected("input", '"aliases" from other spellings to class names', shown(aliases), where);
  return aliases as Record<string, string>;
}

function checkBinary(binary: unknown, classes: readonly string[], where: string): string {
  if (typeof binary !== "string" || classes.indexOf(binary) < 1)
    throw expected("input", '"binary" as the name of a foreground class', shown(binary), where);
  return binary;
}

function isByte(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255;
}
