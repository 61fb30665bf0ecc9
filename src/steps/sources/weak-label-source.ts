/**
 * Which weak labels an image has: boxes, clicks and scribbles, in whatever formats the options name, or else in those that
 * are found in the data folder. The one reader of weak labels for every step; only kinds that are asked for are read.
 */

import path from "node:path";
import { fileExists } from "../../data/bounded-file";
import { cocoBoxesOf, readCocoFile } from "../../data/coco";
import { cvatShapesOf, readCvatFile } from "../../data/cvat";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import type { DrawnShapes } from "../../data/drawn-shapes";
import type { EntriesByName } from "../../data/entries-by-name";
import { hashFile, hashValue, type Inputs } from "../../data/file-hash";
import { cleanedName, sameName } from "../../data/file-names";
import { type AnnotationFormat, describeAnnotations, FORMAT_NAMES, findAnnotations } from "../../data/find-annotations";
import { labelStudioShapesOf, readLabelStudioFile } from "../../data/label-studio";
import { readLabelme } from "../../data/labelme";
import { listPhotographs } from "../../data/photographs";
import { type Point, pointsEntry, pointsNotices, pointsOf, readPointsFile } from "../../data/points";
import { drawScribbles, readScribbles } from "../../data/scribbles";
import { type Box, type Boxes, readBoxes } from "../../data/voc-boxes";
import { openYoloFolder, readYoloBoxes } from "../../data/yolo";
import { messageOf, UserError } from "../../errors";
import type { WeakLabels } from "../../seeds/mixed-rule";
import { scribbleHash } from "./input-hashes";

export type WeakLabelKind = "box" | "point" | "scribble";

/** Where weak labels may be; what is named counts, all of it together. Without any, what is found in the data folder. */
export interface WeakLabelConfig {
  readonly voc12Root: string;
  /** mixed: every kind that an image has; image: none. */
  readonly supervision: WeakLabelKind | "mixed" | "image";
  readonly boxXmlPath?: string;
  readonly coco?: string;
  readonly yolo?: string;
  readonly yoloClasses?: string;
  readonly labelme?: string;
  readonly cvat?: string;
  readonly labelStudio?: string;
  readonly points?: string;
  readonly scribbles?: string;
  /** Pixels. */
  readonly scribbleWidth?: number;
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
}

/** @throws UserError "input" where a named file is unusable as a whole */
export async function openWeakLabels(config: WeakLabelConfig, dataset: DatasetDescription): Promise<WeakLabelSource> {
  const { supervision, scribbleWidth, voc12Root } = config;
  if (supervision === "image")
    return {
      notices: [],
      labelsOf: async () => ({ boxes: [], points: [], notices: [] }),
      hashesOf: async () => ({}),
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
      if (lacks) throw lacking(supervision as WeakLabelKind, id, readers);
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
  };
}

function formatLabels(name: string, { boxes = [], points = [], scribbles = [] }: Partial<DrawnShapes>): FormatLabels {
  return { name, boxes: boxes.length, clicks: points.length, strokes: scribbles.length };
}

/** Shapes of one format. */
interface ShapeReader {
  /** The format and where it lies, for messages. */
  readonly name: string;
  /** Whether the format knows clicks and scribbles, beside boxes. */
  readonly hasLines: boolean;
  /** Undefined where it says nothing of the image. */
  read(id: string, size: ImageSize): Promise<(Boxes & Partial<DrawnShapes>) | undefined>;
  /** Of what the format's files say of an image. */
  hashOf(id: string): Promise<string | undefined>;
  /** Of a file of many photographs: their names. */
  readonly names?: Pick<EntriesByName<unknown>, "names" | "hint">;
  readonly notices: readonly string[];
}

interface OpenShapes {
  readonly readers: readonly ShapeReader[];
  /** True where no format was named: of each kind an image then has its labels from one format, the first that has any. */
  readonly isFound: boolean;
  readonly notices: readonly string[];
}

async function openShapes(config: WeakLabelConfig, dataset: DatasetDescription): Promise<OpenShapes> {
  const { voc12Root, boxXmlPath, coco, yolo, yoloClasses, labelme, cvat, labelStudio } = config;
  const named = Object.entries({ voc: boxXmlPath, coco, yolo, labelme, cvat, labelStudio }) as [Format, string?][];
  const readers: ShapeReader[] = [];
  for (const [format, place] of named)
    if (place !== undefined) readers.push(await openFormat(format, place, dataset, yoloClasses));
  if (readers.length > 0) return { readers, isFound: false, notices: readers.flatMap((reader) => reader.notices) };

  const found = (await findAnnotations(voc12Root)).filter(
    ({ format }) => format !== "points" && format !== "scribbles",
  );
  const notices: string[] = [];
  for (const format of ORDER) {
    const places = found.filter((each) => each.format === format);
    if (places.length > 1) {
      const names = places.map(({ path: place }) => path.relative(voc12Root, place)).join(", ");
      notices.push(
        `${places.length} files of ${FORMAT_NAMES[format]}, none of them read: ${names}; choose one with ${OPTION[format]}`,
      );
      continue;
    }
    for (const { path: place } of places)
      await openFormat(format, place, dataset, yoloClasses).then(
        (reader) => readers.push(reader),
        (error) => notices.push(`left out: ${messageOf(error)}`),
      );
  }
  const read = found.filter(({ path: place }) => readers.some((reader) => reader.name.endsWith(`(${place})`)));
  const isUsual = read.length === 0 || (read.length === 1 && read[0].format === "voc");
  if (!isUsual) notices.unshift(`weak labels found: ${describeAnnotations(read, voc12Root)}`);
  return { readers, isFound: true, notices: [...notices, ...readers.flatMap((reader) => reader.notices)] };
}

type Format = Exclude<AnnotationFormat, "points" | "scribbles">;

/** Where several formats hold the same kind for one photograph, the first counts. */
const ORDER: readonly Format[] = ["voc", "labelme", "cvat", "labelStudio", "coco", "yolo"];

const OPTION: Readonly<Record<Format, string>> = {
  voc: "--box-xml-path",
  labelme: "--labelme",
  cvat: "--cvat",
  labelStudio: "--label-studio",
  coco: "--coco",
  yolo: "--yolo",
};

/** Options of formats that know clicks and scribbles. */
const LINE_OPTIONS: readonly string[] = [OPTION.labelme, OPTION.cvat, OPTION.labelStudio];

async function openFormat(
  format: Format,
  place: string,
  dataset: DatasetDescription,
  yoloClasses: string | undefined,
): Promise<ShapeReader> {
  const name = `${FORMAT_NAMES[format]} (${place})`;
  const common = { name, hasLines: format === "labelme" || format === "cvat" || format === "labelStudio", notices: [] };
  /** A folder with a file for each photograph. */
  const each = (extension: string, read: ShapeReaderOfFile): ShapeReader => ({
    ...common,
    hashOf: (id) => hashFile(path.join(place, id + extension)),
    async read(id, size) {
      const file = path.join(place, id + extension);
      return (await fileExists(file)) ? read(file, size) : undefined;
    },
  });
  switch (format) {
    case "voc":
      return each(".xml", (file, size) => readBoxes(file, dataset, size));
    case "labelme":
      return each(".json", (file, size) => readLabelme(file, dataset, size));
    case "yolo": {
      const folder = await openYoloFolder(place, dataset, yoloClasses);
      const hashOf = (id: string): Promise<string | undefined> => hashFile(path.join(place, `${id}.txt`));
      return {
        ...common,
        hashOf,
        notices: folder.notices,
        read: (id, size) => readYoloBoxes(folder, id, dataset, size),
      };
    }
    case "coco": {
      const file = await readCocoFile(place);
      return { ...common, ...held(file.images), read: async (id, size) => cocoBoxesOf(file, id, dataset, size) };
    }
    case "cvat": {
      const file = await readCvatFile(place);
      return { ...common, ...held(file.images), read: async (id, size) => cvatShapesOf(file, id, dataset, size) };
    }
    case "labelStudio": {
      const file = await readLabelStudioFile(place);
      const read = async (id: string, size: ImageSize): Promise<DrawnShapes | undefined> =>
        labelStudioShapesOf(file, id, dataset, size);
      return { ...common, ...held(file.images), read };
    }
  }
}

/** Of a file of many photographs. */
function held(images: EntriesByName<unknown>): Pick<ShapeReader, "names" | "hashOf"> {
  return { names: images, hashOf: async (id) => hashValue(images.find(id)?.entry) };
}

type ShapeReaderOfFile = (file: string, size: ImageSize) => Promise<Boxes & Partial<DrawnShapes>>;

/** Of each kind what the first format has; that others have some as well is said. */
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
      told.push(`${plural} of ${first.name} count, not those of ${others.map(({ name }) => name).join(", ")}`);
  }
  return [...taken.values()];
}

interface PointReader {
  /** For messages. */
  readonly name: string;
  readonly notices: readonly string[];
  hashOf(id: string): string | undefined;
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

function lacking(kind: WeakLabelKind, id: string, readers: readonly ShapeReader[]): UserError {
  const what = { box: "boxes", point: "clicks", scribble: "scribbles" }[kind];
  const holding = readers.filter(({ hasLines }) => kind === "box" || hasLines);
  const read = holding.map(({ name, names }) => `${name}${names?.hint(id) ?? ""}`);
  const looked = read.length === 0 ? "" : ` in ${read.join(", ")}`;
  const formats = Object.values(OPTION).filter((option) => kind === "box" || LINE_OPTIONS.includes(option));
  const own = { box: [], point: ["--points"], scribble: ["--scribbles"] }[kind];
  const cure = `a2gnn check FOLDER says what there is; ${[...own, ...formats].join(", ")} name other files`;
  return new UserError("input", `no ${what}${looked}: ${cure}`);
}
