/**
 * What a person drew, in the files that the steps read: `Annotations/NAME.xml`, `Scribbles/NAME.txt` (or `.png`, where
 * strokes are a picture), `points.json`, and `Pins/NAME.png`. A file is written only where its shapes changed, only over
 * the very content that the shapes were drawn on, and never where it could not be read.
 */

import fs from "node:fs/promises";
import path from "node:path";
import type { DatasetDescription, ImageSize } from "../data/dataset";
import { parseJson } from "../data/json";
import { checkLabel, decodeLabel, encodeLabel, type LabelMap } from "../data/label-png";
import { type PointsFile, pointsOf } from "../data/points";
import { drawPolyline } from "../data/polyline";
import { displayedScribbles, parseScribbleText, parseScribbleXml, SCRIBBLE_WIDTH } from "../data/scribbles";
import { frameOfXml, readBoxes } from "../data/voc-boxes";
import { parseXml } from "../data/xml";
import { messageOf, UserError } from "../errors";
import { editBoxes } from "./box-xml-edit";
import { type ContainedFolder, digest } from "./contained-folder";
import { drawPins, pinsOf } from "./pinned-regions";
import type { Shapes } from "./protocol";

const BOX_FOLDER = "Annotations";
const STROKE_FOLDER = "Scribbles";
const PIN_FOLDER = "Pins";
const POINTS_FILE = "points.json";

/** A photograph as its files call it. */
export interface NamedPhotograph extends ImageSize {
  /** Without extension. */
  readonly name: string;
  /** With it. */
  readonly file: string;
}

export interface ShapesOnDisk {
  readonly shapes: Shapes;
  /** Changes with the content of every file above. */
  readonly revision: string;
  /** Strokes that are there as a picture only: a class, or the ignore value. */
  readonly picture?: LabelMap;
  readonly problems: readonly string[];
}

/** The files are not what the shapes were drawn on: they were changed elsewhere, and stay as they are. */
export class ShapesChanged extends Error {}

/** Reads what is there; a file that is no good becomes a problem, and its shapes are missing. */
export async function readShapes(
  folder: ContainedFolder,
  photograph: NamedPhotograph,
  dataset: DatasetDescription,
): Promise<ShapesOnDisk> {
  const { name } = photograph;
  const files = await readFiles(folder, name);
  const problems: string[] = [];
  const attempt = async <T>(otherwise: T, read: () => T | Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      problems.push(messageOf(error));
      return otherwise;
    }
  };
  const { boxes, strokes, strokesXml, picture, points, pins } = files;
  const drawn = await attempt<Shapes["strokes"]>([], () => {
    const where = `${STROKE_FOLDER}/${name}`;
    if (strokes !== undefined) return parseScribbleText(utf8(strokes), dataset, `${where}.txt`);
    if (strokesXml === undefined) return [];
    const annotation = parseXml(utf8(strokesXml), "annotation", `${where}.xml`);
    const frame = frameOfXml(annotation, photograph, `${where}.xml`);
    return displayedScribbles(parseScribbleXml(annotation, dataset, `${where}.xml`), frame, photograph);
  });
  const isPicture = strokes === undefined && strokesXml === undefined && picture !== undefined;
  const shapes: Shapes = {
    boxes: await attempt<Shapes["boxes"]>([], async () => {
      if (boxes === undefined) return [];
      const file = await folder.locate(BOX_FOLDER, `${name}.xml`);
      const { boxes: found } = await readBoxes(file, dataset, photograph);
      return found.map(({ class: label, xmin, ymin, xmax, ymax }) => ({ class: label, xmin, ymin, xmax, ymax }));
    }),
    strokes: drawn,
    clicks: await attempt<Shapes["clicks"]>([], () =>
      points === undefined
        ? []
        : pointsOf(onePhotograph(folder, name, points), name, dataset, photograph).map(({ class: label, x, y }) => ({
            class: label,
            x,
            y,
          })),
    ),
    pins: await attempt<Shapes["pins"]>([], () =>
      pins === undefined
        ? []
        : pinsOf(checkedLabel(pins, photograph, dataset, `${PIN_FOLDER}/${name}.png`), dataset.ignore),
    ),
  };
  const raster = isPicture
    ? await attempt<LabelMap | undefined>(undefined, () =>
        checkedLabel(picture, photograph, dataset, `${STROKE_FOLDER}/${name}.png`),
      )
    : undefined;
  return { shapes, revision: revisionOf(files), problems, ...(raster === undefined ? {} : { picture: raster }) };
}

/**
 * Writes what differs from the files.
 * @param base the revision that the shapes were drawn on
 * @param picture where strokes are a picture: what it held before any of `shapes.strokes`
 * @returns the new revision
 * @throws ShapesChanged where the files are of another revision; UserError where one cannot be read or written
 */
export async function writeShapes(
  folder: ContainedFolder,
  photograph: NamedPhotograph,
  dataset: DatasetDescription,
  base: string,
  shapes: Shapes,
  picture: LabelMap | undefined,
): Promise<string> {
  const before = await readShapes(folder, photograph, dataset);
  if (before.revision !== base) throw new ShapesChanged(`the shapes of "${photograph.name}" were changed elsewhere`);
  const { name } = photograph;
  const files = await readFiles(folder, name);
  const changed = (kind: keyof Shapes): boolean => JSON.stringify(before.shapes[kind]) !== JSON.stringify(shapes[kind]);
  const anyChanged = (["boxes", "strokes", "clicks", "pins"] as const).filter(changed);
  if (before.problems.length > 0 && anyChanged.length > 0)
    throw new UserError("input", `nothing is saved while a file cannot be read: ${before.problems.join("; ")}`);
  if (changed("boxes")) {
    const text = files.boxes === undefined ? undefined : utf8(files.boxes);
    const edited = editBoxes(text, before.shapes.boxes, shapes.boxes, photograph.file, photograph, dataset);
    await folder.write([BOX_FOLDER, `${name}.xml`], edited);
  }
  const ground = picture ?? before.picture;
  if (ground !== undefined) {
    const data = ground.data.slice();
    for (const { class: label, points } of shapes.strokes)
      drawPolyline(data, photograph, points, SCRIBBLE_WIDTH, label);
    const bytes = encodeLabel({ ...ground, data }, dataset.palette);
    if (!data.every((value, i) => value === before.picture?.data[i]))
      await folder.write([STROKE_FOLDER, `${name}.png`], bytes);
  } else if (changed("strokes")) {
    const lines = shapes.strokes.map(({ class: label, points }) => `${[label, ...points].join(",")}\n`);
    const others = files.strokesXml !== undefined || files.picture !== undefined;
    if (lines.length === 0 && !others) await remove(folder, STROKE_FOLDER, `${name}.txt`);
    else await folder.write([STROKE_FOLDER, `${name}.txt`], lines.join(""));
  }
  if (changed("clicks")) await writeClicks(folder, name, shapes.clicks);
  if (changed("pins")) {
    const { width, height } = photograph;
    const data = new Uint8Array(width * height).fill(dataset.ignore);
    drawPins(shapes.pins, data);
    if (shapes.pins.length === 0) await remove(folder, PIN_FOLDER, `${name}.png`);
    else await folder.write([PIN_FOLDER, `${name}.png`], encodeLabel({ width, height, data }, dataset.palette));
  }
  return revisionOf(await readFiles(folder, name));
}

/** The revision alone. */
export async function readRevision(folder: ContainedFolder, name: string): Promise<string> {
  return revisionOf(await readFiles(folder, name));
}

/** Names of photographs that have anything drawn, by the files that exist. */
export async function namesWithShapes(folder: ContainedFolder): Promise<ReadonlySet<string>> {
  const stems = async (part: string): Promise<string[]> =>
    (await folder.names(part)).map((file) => file.slice(0, file.length - path.extname(file).length));
  const points = await readPoints(folder).catch(() => undefined);
  const folders = await Promise.all([BOX_FOLDER, STROKE_FOLDER, PIN_FOLDER].map(stems));
  return new Set([...folders.flat(), ...Object.keys(points ?? {})]);
}

// --- internal ---

interface ShapeFiles {
  readonly boxes?: Buffer;
  readonly strokes?: Buffer;
  readonly strokesXml?: Buffer;
  readonly picture?: Buffer;
  /** The photograph's entry in `points.json`; an Error where the file is unreadable. */
  readonly points?: unknown;
  readonly pins?: Buffer;
}

async function readFiles(folder: ContainedFolder, name: string): Promise<ShapeFiles> {
  const points = await readPoints(folder).catch((error: unknown) => error);
  return {
    boxes: await folder.readIfThere(BOX_FOLDER, `${name}.xml`),
    strokes: await folder.readIfThere(STROKE_FOLDER, `${name}.txt`),
    strokesXml: await folder.readIfThere(STROKE_FOLDER, `${name}.xml`),
    picture: await folder.readIfThere(STROKE_FOLDER, `${name}.png`),
    points: points instanceof Error ? points : ownEntry(points as Record<string, unknown> | undefined, name),
    pins: await folder.readIfThere(PIN_FOLDER, `${name}.png`),
  };
}

function revisionOf({ boxes, strokes, strokesXml, picture, points, pins }: ShapeFiles): string {
  const entry = points instanceof Error ? points.message : JSON.stringify(points);
  return digest(boxes, strokes, strokesXml, picture, entry, pins);
}

function checkedLabel(bytes: Uint8Array, size: ImageSize, dataset: DatasetDescription, where: string): LabelMap {
  const label = decodeLabel(bytes, where);
  checkLabel(label, size, dataset, where);
  return label;
}

/** @throws UserError "input" for other bytes */
function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UserError("input", "expected UTF-8 text, got other bytes");
  }
}

async function remove(folder: ContainedFolder, ...parts: readonly string[]): Promise<void> {
  await fs.rm(await folder.locate(...parts), { force: true });
}

// --- points.json: one file for all photographs ---

/** The file as it was read last: it may hold every photograph of a large data set. */
let lastPoints: { readonly key: string; readonly value: Record<string, unknown> } | undefined;

async function readPoints(folder: ContainedFolder): Promise<Record<string, unknown> | undefined> {
  const file = await folder.locate(POINTS_FILE);
  const entry = await fs.stat(file, { bigint: true }).catch(() => undefined);
  if (entry === undefined) return undefined;
  const key = [file, entry.ino, entry.mtimeNs, entry.size].join();
  if (lastPoints?.key !== key) {
    const value = await parsePoints(folder);
    if (value === undefined) return undefined;
    lastPoints = { key, value };
  }
  return lastPoints.value;
}

async function parsePoints(folder: ContainedFolder): Promise<Record<string, unknown> | undefined> {
  const bytes = await folder.readIfThere(POINTS_FILE);
  if (bytes === undefined) return undefined;
  let value: unknown;
  try {
    value = parseJson(utf8(bytes));
  } catch (error) {
    throw new UserError("input", `expected points as JSON, got ${messageOf(error)} (${POINTS_FILE})`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UserError("input", `expected points as an object {photograph: {fg, bg}} (${POINTS_FILE})`);
  return value as Record<string, unknown>;
}

function ownEntry(points: Record<string, unknown> | undefined, name: string): unknown {
  return points !== undefined && Object.hasOwn(points, name) ? points[name] : undefined;
}

function onePhotograph(folder: ContainedFolder, name: string, entry: unknown): PointsFile {
  if (entry instanceof Error) throw entry;
  return { file: path.join(folder.root, POINTS_FILE), images: new Map([[name, entry]]) };
}

let pointsTurn: Promise<unknown> = Promise.resolve();

/** One writer at a time in this process, always over what the file holds at that moment. */
async function writeClicks(folder: ContainedFolder, name: string, clicks: Shapes["clicks"]): Promise<void> {
  const turn = pointsTurn.then(async () => {
    const points = new Map(Object.entries((await readPoints(folder)) ?? {}));
    const old = givenClicks(points.get(name));
    // A click that stays keeps whatever else its entry says.
    const entries = clicks.map(({ class: cls, x, y }) => {
      const at = old.findIndex((entry) => entry.x === x && entry.y === y && (entry.cls ?? 0) === cls);
      return { cls, entry: at < 0 ? { x, y, cls } : old.splice(at, 1)[0] };
    });
    const those = (wanted: (cls: number) => boolean): object[] =>
      entries.filter(({ cls }) => wanted(cls)).map(({ entry }) => entry);
    if (clicks.length === 0) points.delete(name);
    else points.set(name, { fg: those((cls) => cls !== 0), bg: those((cls) => cls === 0) });
    await folder.write([POINTS_FILE], `${JSON.stringify(Object.fromEntries(points), null, 1)}\n`);
  });
  pointsTurn = turn.catch(() => undefined);
  await turn;
}

/** The clicks of an entry as the file has them, whatever they are. */
function givenClicks(entry: unknown): Record<string, unknown>[] {
  const { fg, bg } = (Array.isArray(entry) ? { fg: entry } : (entry ?? {})) as { fg?: unknown; bg?: unknown };
  return [fg, bg].flatMap((list) => (Array.isArray(list) ? (list as Record<string, unknown>[]) : []));
}
