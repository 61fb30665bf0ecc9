/**
 * Annotations of other tools, taken over from files that the page sends: JSON of labelme, COCO and Label Studio, YOLO's text,
 * XML of CVAT and VOC. What a file says is added to what is drawn already; a photograph that is not in the folder is named and left out.
 */

import { randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { cocoBoxesOf, readCocoFile } from "../data/coco";
import { cvatShapesOf, readCvatFile } from "../data/cvat";
import type { DatasetDescription, ImageSize } from "../data/dataset";
import type { DrawnShapes } from "../data/drawn-shapes";
import { cleanedName, isPlainName, lastPart, sameName } from "../data/file-names";
import { parseJson } from "../data/json";
import { isLabelStudio, labelStudioShapesOf, readLabelStudioFile } from "../data/label-studio";
import { readLabelme } from "../data/labelme";
import { readBoxes } from "../data/voc-boxes";
import { openYoloFolder, readYoloBoxes } from "../data/yolo";
import { messageOf, UserError } from "../errors";
import type { ContainedFolder } from "./contained-folder";
import type { ShapeBox, Shapes } from "./protocol";

export interface SentFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What the files say of one photograph. */
export type ImportedShapes = Pick<Shapes, "boxes" | "strokes" | "clicks">;

export interface OpenImport {
  /** Names of photographs that the files may be about; all of them where one file is about many. */
  concerns(name: string): boolean;
  shapesOf(name: string, size: ImageSize): Promise<ImportedShapes>;
  /** Files that were not understood. */
  readonly notices: readonly string[];
  close(): Promise<void>;
}

/** A reader of one file or set of files. */
interface Reader {
  concerns(name: string): boolean;
  read(name: string, size: ImageSize): Promise<Partial<ImportedShapes>>;
}

/**
 * The files lie in a hidden subfolder while they are read.
 * @throws UserError "input" where none of them is understood
 */
export async function openImport(
  folder: ContainedFolder,
  files: readonly SentFile[],
  dataset: DatasetDescription,
): Promise<OpenImport> {
  const place = `.annotate-import-${randomBytes(6).toString("hex")}`;
  const close = async (): Promise<void> => fs.rm(await folder.locate(place), { recursive: true, force: true });
  try {
    const names: string[] = [];
    for (const { name, bytes } of files) {
      const plain = lastPart(name);
      if (!isPlainName(plain) || plain.startsWith(".")) continue;
      await folder.write([place, plain], bytes);
      names.push(plain);
    }
    const notices: string[] = [];
    const readers = await readersOf(await folder.locate(place), names, dataset, notices);
    if (readers.length === 0)
      throw new UserError(
        "input",
        [
          "expected annotations of labelme, COCO, YOLO, CVAT, Label Studio or VOC, got none that is understood",
          ...notices,
        ].join("; "),
      );
    return {
      concerns: (name) => readers.some((reader) => reader.concerns(name)),
      async shapesOf(name, size) {
        const found: Partial<ImportedShapes>[] = [];
        for (const reader of readers) if (reader.concerns(name)) found.push(await reader.read(name, size));
        return {
          boxes: found.flatMap(({ boxes = [] }) => boxes.map(plainBox)),
          strokes: found.flatMap(({ strokes = [] }) =>
            strokes.map(({ class: label, points }) => ({ class: label, points })),
          ),
          clicks: found.flatMap(({ clicks = [] }) => clicks),
        };
      },
      notices,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The shapes with what was imported added; the very same where nothing is new. */
export function withImported(shapes: Shapes, { boxes, strokes, clicks }: ImportedShapes): Shapes {
  const fresh = <T>(old: readonly T[], more: readonly T[]): readonly T[] => {
    const known = new Set(old.map((each) => JSON.stringify(each)));
    const added = more.filter((each) => !known.has(JSON.stringify(each)));
    return added.length === 0 ? old : [...old, ...added];
  };
  const next = {
    boxes: fresh(shapes.boxes, boxes),
    strokes: fresh(shapes.strokes, strokes),
    clicks: fresh(shapes.clicks, clicks),
  };
  const same = next.boxes === shapes.boxes && next.strokes === shapes.strokes && next.clicks === shapes.clicks;
  return same ? shapes : { ...shapes, ...next };
}

async function readersOf(
  place: string,
  names: readonly string[],
  dataset: DatasetDescription,
  notices: string[],
): Promise<Reader[]> {
  const readers: Reader[] = [];
  const texts = names.filter((name) => name.endsWith(".txt") && name !== "classes.txt");
  if (texts.length > 0) readers.push(await yolo(place, texts, dataset));
  for (const name of names) {
    const file = path.join(place, name);
    try {
      if (name.endsWith(".json")) readers.push(await json(file, name, dataset));
      else if (name.endsWith(".xml")) readers.push(await xml(file, name, dataset));
      else if (!/\.(txt|ya?ml|names)$/.test(name)) notices.push(`${name} is no annotation file that is known here`);
    } catch (error) {
      notices.push(messageOf(error));
    }
  }
  return readers;
}

async function json(file: string, name: string, dataset: DatasetDescription): Promise<Reader> {
  const value = (parseJson(await fs.readFile(file, "utf8")) ?? {}) as Record<string, unknown>;
  if (Array.isArray(value.annotations) && Array.isArray(value.images)) return coco(file, dataset);
  if (isLabelStudio(value)) {
    const read = await readLabelStudioFile(file);
    return {
      concerns: (photograph) => read.images.has(photograph),
      read: async (photograph, size) => shapesOf(labelStudioShapesOf(read, photograph, dataset, size)),
    };
  }
  if (!Array.isArray(value.shapes))
    throw new UserError("input", `${name} is neither labelme's JSON nor COCO's nor Label Studio's`);
  return { concerns: namedLike(name), read: async (_, size) => shapesOf(await readLabelme(file, dataset, size)) };
}

function shapesOf(drawn: DrawnShapes | undefined): Partial<ImportedShapes> {
  if (drawn === undefined) return {};
  const { boxes, points, scribbles } = drawn;
  return { boxes, strokes: scribbles, clicks: points.map(({ class: index, x, y }) => ({ class: index, x, y })) };
}

async function coco(file: string, dataset: DatasetDescription): Promise<Reader> {
  const read = await readCocoFile(file);
  return {
    concerns: (name) => read.images.has(name),
    read: async (name, size) => ({ boxes: cocoBoxesOf(read, name, dataset, size)?.boxes }),
  };
}

async function yolo(place: string, texts: readonly string[], dataset: DatasetDescription): Promise<Reader> {
  const open = await openYoloFolder(place, dataset);
  const names = new Set(texts.map((text) => sameName(text.slice(0, -4))));
  return {
    concerns: (name) => names.has(sameName(name)),
    read: async (name, size) => ({ boxes: (await readYoloBoxes(open, name, dataset, size))?.boxes }),
  };
}

/** CVAT's XML is about many photographs, VOC's about one. */
async function xml(file: string, name: string, dataset: DatasetDescription): Promise<Reader> {
  if (/<annotations[\s>]/.test((await fs.readFile(file, "utf8")).slice(0, 4096))) {
    const read = await readCvatFile(file);
    return {
      concerns: (photograph) => read.images.has(photograph),
      read: async (photograph, size) => shapesOf(cvatShapesOf(read, photograph, dataset, size)),
    };
  }
  return {
    concerns: namedLike(name),
    read: async (_, size) => ({ boxes: (await readBoxes(file, dataset, size)).boxes }),
  };
}

/** Equal boxes are written alike. */
function plainBox({ class: label, xmin, ymin, xmax, ymax }: ShapeBox): ShapeBox {
  return { class: label, xmin, ymin, xmax, ymax };
}

/** Whether a photograph is the one that a file of its own is about. */
function namedLike(file: string): (name: string) => boolean {
  const stem = file.slice(0, file.lastIndexOf("."));
  return (name) => sameName(name) === sameName(stem) || sameName(name) === cleanedName(stem);
}
