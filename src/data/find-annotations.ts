/**
 * Which annotations a data folder holds, told by their content: VOC XML, labelme, CVAT, Label Studio, COCO, YOLO, clicks and
 * scribbles, in the places where tools and people put them. Files are looked into, not read.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { openPlainFile } from "../plain-file";
import { fileExists } from "./bounded-file";

export type AnnotationFormat = "voc" | "labelme" | "cvat" | "labelStudio" | "coco" | "yolo" | "points" | "scribbles";

export interface FoundAnnotations {
  readonly format: AnnotationFormat;
  /** A folder of one file a photograph, or a file of all. */
  readonly path: string;
  /** Files, of a folder. */
  readonly files?: number;
}

/** For notices. */
export const FORMAT_NAMES: Readonly<Record<AnnotationFormat, string>> = {
  voc: "VOC XML",
  labelme: "labelme",
  cvat: "CVAT XML",
  labelStudio: "Label Studio",
  coco: "COCO",
  yolo: "YOLO",
  points: "clicks",
  scribbles: "scribbles",
};

const FOLDERS: Readonly<Record<"voc" | "labelme" | "yolo", readonly string[]>> = {
  voc: ["Annotations", "annotations", "JPEGImages", "."],
  labelme: ["labelme", "Annotations", "annotations", "JPEGImages", "."],
  yolo: ["labels", "yolo", "obj_train_data", "labels/train", "JPEGImages", "."],
};
const FILES: readonly string[] = [".", "annotations", "Annotations"];
/** Files of the data folder that are something else. */
const OTHERS: readonly string[] = ["dataset.json", "cls_labels.json", "points.json", "notes.json", "package.json"];
/** Looked at of each file, from both ends. */
const PEEK_BYTES = 1 << 16;
/** Files of a folder that are looked into to tell its kind. */
const SAMPLE = 5;
/** Single files that are looked into. */
const MAX_FILES = 50;

/** Everything that is found, the likelier first; of a kind there may be several. */
export async function findAnnotations(root: string): Promise<FoundAnnotations[]> {
  const found: FoundAnnotations[] = [];
  const folder = async (format: "voc" | "labelme" | "yolo", extension: string, fits: Fits): Promise<void> => {
    for (const name of FOLDERS[format]) {
      const place = path.join(root, name);
      const files = (await namesIn(place)).filter((each) => isOf(each, extension) && !OTHERS.includes(each)).sort();
      const sample = await Promise.all(files.slice(0, SAMPLE).map((file) => peek(path.join(place, file))));
      if (!sample.some((text) => text !== undefined && fits(text))) continue;
      found.push({ format, path: place, files: files.length });
      return;
    }
  };
  await folder("voc", ".xml", isVoc);
  await folder("labelme", ".json", isLabelme);
  for (const place of FILES.map((name) => path.join(root, name)))
    for (const name of (await namesIn(place)).sort().slice(0, MAX_FILES * 20)) {
      if (OTHERS.includes(name) || found.length > MAX_FILES || !/\.(json|xml)$/i.test(name)) continue;
      const text = await peek(path.join(place, name));
      const format = text === undefined ? undefined : formatOf(name, text);
      if (format !== undefined) found.push({ format, path: path.join(place, name) });
    }
  await folder("yolo", ".txt", isYolo);
  if (await fileExists(path.join(root, "points.json")))
    found.push({ format: "points", path: path.join(root, "points.json") });
  const scribbles = (await namesIn(path.join(root, "Scribbles"))).filter((name) => /\.(txt|xml|png)$/i.test(name));
  if (scribbles.length > 0)
    found.push({ format: "scribbles", path: path.join(root, "Scribbles"), files: scribbles.length });
  return found;
}

/** `VOC XML (Annotations, 12 files), COCO (coco.json)`. */
export function describeAnnotations(found: readonly FoundAnnotations[], root: string): string {
  return found
    .map(({ format, path: place, files }) => {
      const where = path.relative(root, place) || ".";
      return `${FORMAT_NAMES[format]} (${where}${files === undefined ? "" : `, ${files} file${files === 1 ? "" : "s"}`})`;
    })
    .join(", ");
}

type Fits = (text: string) => boolean;

const isVoc: Fits = (text) => /<annotation[\s>]/.test(text) && /<(object|size|filename)[\s>]/.test(text);
const isLabelme: Fits = (text) => /^\s*\{/.test(text) && /"shapes"\s*:\s*\[/.test(text);
const isYolo: Fits = (text) => /^\s*\d+(\s+-?[\d.]+(e-?\d+)?){4,}\s*$/im.test(text.split("\n", 1)[0]);

function formatOf(name: string, text: string): AnnotationFormat | undefined {
  if (/\.xml$/i.test(name)) return /<annotations[\s>]/.test(text) && /<image\s/.test(text) ? "cvat" : undefined;
  if (/^\s*\{/.test(text) && /"categories"\s*:\s*\[/.test(text) && /"(images|annotations)"\s*:\s*\[/.test(text))
    return "coco";
  const isTasks = /^\s*\[\s*\{/.test(text) && /"(annotations|completions|annotator)"\s*:/.test(text);
  return isTasks ? "labelStudio" : undefined;
}

function isOf(name: string, extension: string): boolean {
  return !name.startsWith(".") && name.toLowerCase().endsWith(extension) && name !== "classes.txt";
}

async function namesIn(folder: string): Promise<string[]> {
  return fs.readdir(folder).catch(() => []);
}

/** The beginning and the end of a file as text; undefined for what is no plain file. */
async function peek(file: string): Promise<string | undefined> {
  const handle = await openPlainFile(file, "annotations").catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    const part = async (from: number): Promise<string> => {
      const bytes = Buffer.alloc(Math.min(PEEK_BYTES, size - from));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
      return bytes.toString("utf8", 0, bytesRead).replace(/^\ufeff/, "");
    };
    const head = await part(0);
    return size > PEEK_BYTES ? head + (await part(Math.max(PEEK_BYTES, size - PEEK_BYTES))) : head;
  } finally {
    await handle.close();
  }
}
