/**
 * Which weak labels an image has: boxes, clicks and scribbles, in whatever formats the options name, or else in those that
 * are found in the data folder. The one reader of weak labels for every step; only kinds that are asked for are read.
 */

import path from "node:path";
import { fileExists } from "../../data/bounded-file";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import type { DrawnShapes } from "../../data/drawn-shapes";
import { hashValue, type Inputs } from "../../data/file-hash";
import { cleanedName, sameName } from "../../data/file-names";
import { FORMAT_NAMES } from "../../data/find-annotations";
import { listPhotographs } from "../../data/photographs";
import { type Point, pointsEntry, pointsNotices, pointsOf, readPointsFile } from "../../data/points";
import { drawScribbles, readScribbles } from "../../data/scribbles";
import type { Box } from "../../data/voc-boxes";
import { UserError } from "../../errors";
import type { WeakLabels } from "../../seeds/mixed-rule";
import { scribbleHash } from "./input-hashes";
import { LINE_OPTIONS, OPTION, OTHERS_COUNT, openShapes, type ShapePlaces, type ShapeReader } from "./shape-readers";

export type WeakLabelKind = "box" | "point" | "scribble";

/** Where weak labels may be; what is named counts, all of it together. Without any, what is found in the data folder. */
export interface WeakLabelConfig extends ShapePlaces {
  /** mixed: every kind that an image has; image: none. */
  readonly supervision: WeakLabelKind | "mixed" | "image";
  readonly points?: string;
  readonly scribbles?: string;
  /** Pixels. */
  readonly scribbleWidth?: number;
  /** Whether an image without the one kind asked for is the caller's affair. Default false: `labelsOf` throws. */
  readonly mayLack?: boolean;
}

export interface WeakLabelsOfImage extends WeakLabels {
  readonly notices: readonly string[];
  /** What each format holds for the image, whether it counts or not. */
  readonly formats?: readonly FormatLabels[];
}

/** Labels of one image in one format. */
export interface FormatLabels {
  /** The format and where it lies. */
  readonly name: string;
  readonly boxes: number;
  readonly clicks: number;
  /** Undefined where strokes are pixels of a picture. */
  readonly strokes: number | undefined;
}

export interface WeakLabelSource {
  /** The formats that are read, and what does not fit the photographs. */
  readonly notices: readonly string[];
  /** @throws UserError "input" for an image whose labels are unusable, or that lacks the one kind asked for */
  labelsOf(id: string, size: ImageSize): Promise<WeakLabelsOfImage>;
  /** Hashes of what the files say of an image. */
  hashesOf(id: string): Promise<Inputs>;
  /** How many of these images each format has something for, as a sentence; undefined where there is no format. */
  survey(ids: readonly string[]): Promise<string | undefined>;
  /** Why an image has no labels of a kind: where they were looked for. */
  lacking(id: string, kind: WeakLabelKind): Promise<string>;
}

/** @throws UserError "input" where a named file is unusable as a whole */
export async function openWeakLabels(config: WeakLabelConfig, dataset: DatasetDescription): Promise<WeakLabelSource> {
  const { supervision, scribbleWidth, voc12Root } = config;
  if (supervision === "image")
    return {
      notices: [],
      labelsOf: async () => ({ boxes: [], points: [], notices: [] }),
      hashesOf: async () => ({}),
      survey: async () => undefined,
      lacking: async () => "no weak label is read with image supervision",
    };
  const wants = (kind: WeakLabelKind): boolean => supervision === kind || supervision === "mixed";
  const { readers, isFound, notices } = await openShapes(config, dataset);
  const points = wants("point") ? await openPoints(config, dataset, readers.length > 0) : undefined;
  const scribbles = config.scribbles ?? path.join(voc12Root, "Scribbles");
  return {
    notices: [...notices, ...(points?.notices ?? []), ...(await strangers(readers, voc12Root))],
    async labelsOf(id, size) {
      const told: string[] = [];
      const drawn: { name: string; shapes: Partial<DrawnShapes> }[] = [];
      for (const { name, read } of readers) {
        const shapes = await read(id, size);
        if (shapes !== undefined) drawn.push({ name, shapes });
      }
      const chosen = isFound ? firstOfEachKind(drawn, wants, told) : drawn.map(({ shapes }) => shapes);
      for (const { notices: of = [] } of chosen) told.push(...of);
      const boxes: Box[] = wants("box") ? chosen.flatMap((shapes) => shapes.boxes ?? []) : [];
      const clicks: Point[] = points === undefined ? [] : points.of(id, size);
      if (wants("point")) clicks.push(...chosen.flatMap((shapes) => shapes.points ?? []));
      const lines = wants("scribble") ? chosen.flatMap((shapes) => shapes.scribbles ?? []) : [];
      const where = `scribbles of image "${id}"`;
      const read = !wants("scribble")
        ? undefined
        : lines.length > 0
          ? drawScribbles(lines, size, dataset.ignore, where, scribbleWidth)
          : await readScribbles(scribbles, id, dataset, size, scribbleWidth);
      told.push(...(read?.notices ?? []));
      const strokes = read?.label.data;
      const lacks =
        (supervision === "box" && boxes.length === 0) ||
        (supervision === "point" && clicks.length === 0) ||
        (supervision === "scribble" && strokes === undefined);
      if (lacks && config.mayLack !== true)
        throw new UserError(
          "input",
          `${await lacking(supervision as WeakLabelKind, id, readers, scribbles)}: ${cureOf(supervision as WeakLabelKind)}`,
        );
      const formats = drawn.map(({ name, shapes }): FormatLabels => formatLabels(name, shapes));
      if (points !== undefined)
        formats.push({ name: points.name, boxes: 0, clicks: points.of(id, size).length, strokes: 0 });
      if (read !== undefined && lines.length === 0)
        formats.push({ name: `${FORMAT_NAMES.scribbles} (${scribbles})`, boxes: 0, clicks: 0, strokes: undefined });
      return { boxes, points: clicks, strokes, notices: told, formats };
    },
    async hashesOf(id) {
      const shapes = await Promise.all(readers.map(({ hashOf }) => hashOf(id).catch(() => undefined)));
      return {
        ...(readers.length === 0 ? {} : { shapes: hashValue(shapes.map((hash) => hash ?? null)) }),
        ...(points === undefined ? {} : { clicks: points.hashOf(id) }),
        ...(wants("scribble") ? { scribbles: await scribbleHash(scribbles, id) } : {}),
      };
    },
    survey: (ids) => {
      const lines = wants("scribble") ? [{ name: FORMAT_NAMES.scribbles, has: hasScribbles(scribbles) }] : [];
      const clicks = points === undefined ? [] : [{ name: FORMAT_NAMES.points, has: points.has }];
      return survey(
        [...readers.map(({ format, has }) => ({ name: FORMAT_NAMES[format], has })), ...lines, ...clicks],
        ids,
      );
    },
    lacking: (id, kind) => lacking(kind, id, readers, scribbles),
  };
}

interface Surveyed {
  readonly name: string;
  has(id: string): Promise<boolean>;
}

/** `weak labels: labelme 12 photographs, scribbles 4; none: 2 ("a", "b")`. */
async function survey(sources: readonly Surveyed[], ids: readonly string[]): Promise<string | undefined> {
  const bare = new Set(ids);
  const counts: string[] = [];
  for (const { name, has } of sources) {
    let count = 0;
    for (const id of ids) {
      if (!(await has(id))) continue;
      count++;
      bare.delete(id);
    }
    if (count === 0) continue;
    const photographs = counts.length > 0 ? "" : count === 1 ? " photograph" : " photographs";
    counts.push(`${name} ${count}${photographs}`);
  }
  if (counts.length === 0) return undefined;
  const some = [...bare].slice(0, 3).map((id) => `"${id}"`);
  const none =
    bare.size === 0 ? "" : `; none: ${bare.size} (${some.join(", ")}${bare.size > some.length ? ", …" : ""})`;
  return `weak labels: ${counts.join(", ")}${none}`;
}

function hasScribbles(folder: string): Surveyed["has"] {
  return async (id) => {
    for (const extension of [".txt", ".xml", ".png"])
      if (await fileExists(path.join(folder, id + extension))) return true;
    return false;
  };
}

function formatLabels(name: string, { boxes = [], points = [], scribbles = [] }: Partial<DrawnShapes>): FormatLabels {
  return { name, boxes: boxes.length, clicks: points.length, strokes: scribbles.length };
}

/** Takes each kind from the first format that has it, and tells of the others that have it as well. */
function firstOfEachKind(
  drawn: readonly { readonly name: string; readonly shapes: Partial<DrawnShapes> }[],
  wants: (kind: WeakLabelKind) => boolean,
  told: string[],
): Partial<DrawnShapes>[] {
  const kinds = [
    { kind: "box", key: "boxes", plural: "boxes" },
    { kind: "point", key: "points", plural: "clicks" },
    { kind: "scribble", key: "scribbles", plural: "scribbles" },
  ] as const;
  const taken = new Map<Partial<DrawnShapes>, Partial<DrawnShapes>>();
  for (const { kind, key, plural } of kinds) {
    const having = drawn.filter(({ shapes }) => wants(kind) && (shapes[key]?.length ?? 0) > 0);
    const [first, ...others] = having;
    if (first === undefined) continue;
    taken.set(first.shapes, { notices: first.shapes.notices, ...taken.get(first.shapes), [key]: first.shapes[key] });
    if (others.length > 0)
      told.push(`${plural} of ${first.name}${OTHERS_COUNT}${others.map(({ name }) => name).join(", ")}`);
  }
  return [...taken.values()];
}

interface PointReader {
  /** For messages. */
  readonly name: string;
  readonly notices: readonly string[];
  hashOf(id: string): string | undefined;
  has(id: string): Promise<boolean>;
  of(id: string, size: ImageSize): Point[];
}

/** @param hasOthers whether clicks may be in another format as well */
async function openPoints(
  config: WeakLabelConfig,
  dataset: DatasetDescription,
  hasOthers: boolean,
): Promise<PointReader | undefined> {
  const usual = path.join(config.voc12Root, "points.json");
  const optional = config.points === undefined && (config.supervision === "mixed" || hasOthers);
  if (optional && !(await fileExists(usual))) return undefined;
  const file = await readPointsFile(config.points ?? usual);
  return {
    name: `${FORMAT_NAMES.points} (${file.file})`,
    notices: pointsNotices(file),
    hashOf: (id) => hashValue(pointsEntry(file, id)),
    has: async (id) => pointsEntry(file, id) !== undefined,
    of: (id, size) => pointsOf(file, id, dataset, size),
  };
}

/** What files of many photographs say of photographs that are not in the folder. */
async function strangers(readers: readonly ShapeReader[], root: string): Promise<string[]> {
  const holding = readers.filter((reader) => reader.names !== undefined);
  if (holding.length === 0) return [];
  const ids = (await listPhotographs(root))?.ids ?? [];
  const known = new Set([...ids.map(sameName), ...ids.map(cleanedName)]);
  return holding.flatMap(({ name, names }) => {
    const missing = [...(names?.names() ?? [])].filter(
      (each) => !known.has(sameName(each)) && !known.has(cleanedName(each)),
    );
    if (missing.length === 0) return [];
    const some = missing.slice(0, 3).map((each) => `"${each}"`);
    const more = missing.length > some.length ? ", …" : "";
    return [`${name} names ${missing.length} photographs that are not in the folder: ${some.join(", ")}${more}`];
  });
}

/** Says where the labels of a kind were looked for, and what was found instead. */
async function lacking(
  kind: WeakLabelKind,
  id: string,
  readers: readonly ShapeReader[],
  scribbles: string,
): Promise<string> {
  const what = { box: "boxes", point: "clicks", scribble: "scribbles" }[kind];
  const holding = readers.filter(({ hasLines }) => kind === "box" || hasLines);
  const looked: string[] = [];
  for (const { format, name, names, fileOf } of holding) {
    const file = fileOf?.(id);
    if (file === undefined) looked.push(`${name}${names?.hint(id) ?? ""}`);
    else looked.push(`${FORMAT_NAMES[format]} (${file}${(await fileExists(file)) ? "" : " is missing"})`);
  }
  if (looked.length > 0) return `no ${what} in ${looked.join(", ")}`;
  return kind === "scribble" ? `no ${what}: expected ${id}.txt, .xml or .png (${scribbles})` : `no ${what}`;
}

function cureOf(kind: WeakLabelKind): string {
  const formats = Object.values(OPTION).filter((option) => kind === "box" || LINE_OPTIONS.includes(option));
  const own = { box: [], point: ["--points"], scribble: ["--scribbles"] }[kind];
  return `a2gnn check FOLDER says what there is; ${[...own, ...formats].join(", ")} name other files`;
}
