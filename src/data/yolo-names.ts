/**
 * The names behind YOLO's class numbers, where tools put them: `classes.txt` (labelImg, Label Studio), `notes.json` (Label
 * Studio), `data.yaml` (Ultralytics, Roboflow), `obj.names` and `obj.data` (Darknet, CVAT), beside the labels or above them.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { expected } from "../errors";
import { fileExists, readBoundedJson, readBoundedText } from "./bounded-file";
import { shown } from "./json";

export interface YoloNames {
  /** By class number. */
  readonly names: readonly string[];
  /** The file they come from. */
  readonly file: string;
  /** Numbers a keypoint, and how many keypoints, where the file says that lines hold keypoints. */
  readonly keypoints?: readonly [count: number, numbers: number];
}

const MAX_BYTES = 1 << 24;
/** How far above the labels names are looked for: `set/labels/train` has them two folders up. */
const LEVELS = 3;

/** Names in the folder or above it; undefined where there are none. @throws UserError "input" for an unreadable file */
export async function findYoloNames(folder: string): Promise<YoloNames | undefined> {
  let place = path.resolve(folder);
  for (let level = 0; level < LEVELS; level++, place = path.dirname(place)) {
    const entries = (await fs.readdir(place).catch(() => [])).sort();
    const usual = ["classes.txt", "obj.names", "data.yaml", "data.yml", "notes.json"];
    for (const file of usual.filter((name) => entries.includes(name)).map((name) => path.join(place, name))) {
      const found = (await fileExists(file)) ? await namesIn(file) : undefined;
      if (found !== undefined) return found;
    }
    for (const name of [/\.(names|ya?ml)$/, /\.data$/].flatMap((kind) => entries.filter((each) => kind.test(each)))) {
      const found = await namesIn(path.join(place, name)).catch(() => undefined); // may be anything
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The names that a file holds, whatever its kind. @throws UserError "input" where it holds none */
export async function readYoloNames(file: string): Promise<YoloNames> {
  const found = await namesIn(file);
  if (found === undefined) throw expected("input", "class names", "none", file);
  return found;
}

async function namesIn(file: string): Promise<YoloNames | undefined> {
  const extension = path.extname(file).toLowerCase();
  if (extension === ".json") return fromNotes(file);
  const text = await readBoundedText(file, MAX_BYTES, "class names");
  if (extension === ".yaml" || extension === ".yml") return fromYaml(text, file);
  if (extension !== ".data") return { names: linesOf(text), file };
  const named = /^\s*names\s*=\s*(\S.*?)\s*$/m.exec(text)?.[1];
  if (named === undefined) return undefined;
  for (const place of [path.resolve(path.dirname(file), named), path.join(path.dirname(file), path.basename(named))])
    if (await fileExists(place)) return namesIn(place);
  return undefined;
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Label Studio's `{"categories": [{"id": 0, "name": "car"}, …]}`. */
async function fromNotes(file: string): Promise<YoloNames | undefined> {
  const value = (await readBoundedJson(file, MAX_BYTES, "class names")) as { categories?: unknown } | null;
  if (!Array.isArray(value?.categories)) return undefined;
  const names: string[] = [];
  for (const entry of value.categories as unknown[]) {
    const { id, name } = (entry ?? {}) as Record<string, unknown>;
    if (!Number.isInteger(id) || Number(id) < 0 || Number(id) > 10_000 || typeof name !== "string")
      throw expected("input", '"categories" of {id, name}', shown(entry), file);
    names[Number(id)] = name;
  }
  return { names: Array.from(names, (name) => name ?? ""), file };
}

/** The keys `names` and `kpt_shape` of a data.yaml: a list in brackets or dashes, or a mapping from numbers. */
function fromYaml(text: string, file: string): YoloNames | undefined {
  const block = /^names\s*:[ \t]*(.*(?:\n(?:[ \t-].*|[ \t]*))*)/m.exec(text.replace(/\r\n?/g, "\n"))?.[1];
  if (block === undefined) return undefined;
  const plain = block.replace(/(^|\s)#[^\n]*/g, "$1");
  const inline = /^\s*[[{]([\s\S]*?)[\]}]/.exec(plain)?.[1];
  const pieces = inline === undefined ? plain.split("\n") : splitCommas(inline);
  const names: string[] = [];
  let next = 0;
  for (const piece of pieces.map((each) => each.trim()).filter((each) => each !== "")) {
    const [, number, value] = /^(?:-\s+|["']?(\d{1,5})["']?\s*:\s*)?(.*)$/.exec(piece) ?? [];
    if (number !== undefined) next = Number(number);
    names[next++] = unquoted(value ?? "");
  }
  if (names.length === 0) return undefined;
  const shape = /^kpt_shape\s*:\s*\[\s*(\d+)\s*,\s*(\d+)\s*\]/m.exec(text);
  const keypoints = shape === null ? {} : { keypoints: [Number(shape[1]), Number(shape[2])] as const };
  return { names: Array.from(names, (name) => name ?? ""), file, ...keypoints };
}

/** At commas outside of quotes. */
function splitCommas(text: string): string[] {
  return text.match(/(?:"[^"]*"|'(?:[^']|'')*'|[^,])+/g) ?? [];
}

function unquoted(text: string): string {
  const double = /^"(.*)"$/.exec(text)?.[1];
  if (double !== undefined) return double.replace(/\\(["\\])/g, "$1");
  return /^'(.*)'$/.exec(text)?.[1].replaceAll("''", "'") ?? text;
}
