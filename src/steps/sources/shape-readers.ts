/** The formats of weak labels that hold shapes of photographs: opened by name, or as they are found in the data folder. */

import path from "node:path";
import { fileExists } from "../../data/bounded-file";
import { cocoBoxesOf, readCocoFile } from "../../data/coco";
import { cvatShapesOf, readCvatFile } from "../../data/cvat";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import type { DrawnShapes } from "../../data/drawn-shapes";
import type { EntriesByName } from "../../data/entries-by-name";
import { hashFile, hashValue } from "../../data/file-hash";
import { type AnnotationFormat, describeAnnotations, FORMAT_NAMES, findAnnotations } from "../../data/find-annotations";
import { labelStudioShapesOf, readLabelStudioFile } from "../../data/label-studio";
import { readLabelme } from "../../data/labelme";
import { type Boxes, readBoxes } from "../../data/voc-boxes";
import { openYoloFolder, readYoloBoxes } from "../../data/yolo";
import { messageOf } from "../../errors";

/** Files and folders that options name. */
export interface ShapePlaces {
  readonly voc12Root: string;
  readonly boxXmlPath?: string;
  readonly coco?: string;
  readonly yolo?: string;
  readonly yoloClasses?: string;
  readonly labelme?: string;
  readonly cvat?: string;
  readonly labelStudio?: string;
}

/** Shapes of one format. */
export interface ShapeReader {
  readonly format: Format;
  /** The format and where it lies, for messages. */
  readonly name: string;
  /** Whether the format knows clicks and scribbles, beside boxes. */
  readonly hasLines: boolean;
  /** Undefined where it says nothing of the image. */
  read(id: string, size: ImageSize): Promise<(Boxes & Partial<DrawnShapes>) | undefined>;
  /** Hash of what the format's files say of an image. */
  hashOf(id: string): Promise<string | undefined>;
  /** Whether the format's files say anything of an image, even if it is nothing. */
  has(id: string): Promise<boolean>;
  /** Of a folder of files, an image's. */
  fileOf?(id: string): string;
  /** Of a file of many photographs: their names. */
  readonly names?: Pick<EntriesByName<unknown>, "names" | "hint">;
  readonly notices: readonly string[];
}

export interface OpenShapes {
  readonly readers: readonly ShapeReader[];
  /** True where no format was named: of each kind an image then has its labels from one format, the first that has any. */
  readonly isFound: boolean;
  readonly notices: readonly string[];
}

/** @throws UserError "input" where a named file is unusable as a whole */
export async function openShapes(config: ShapePlaces, dataset: DatasetDescription): Promise<OpenShapes> {
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
  if (!isUsual) notices.unshift(`${FOUND}: ${describeAnnotations(read, voc12Root)}`);
  return { readers, isFound: true, notices: [...notices, ...readers.flatMap((reader) => reader.notices)] };
}

type Format = Exclude<AnnotationFormat, "points" | "scribbles">;

/** How the notice of what is found begins, and what the notice of formats that do not count holds. */
export const FOUND = "weak labels found";
export const OTHERS_COUNT = " count, not those of ";

/** Where several formats hold the same kind for one photograph, the first counts. */
const ORDER: readonly Format[] = ["voc", "labelme", "cvat", "labelStudio", "coco", "yolo"];

export const OPTION: Readonly<Record<Format, string>> = {
  voc: "--box-xml-path",
  labelme: "--labelme",
  cvat: "--cvat",
  labelStudio: "--label-studio",
  coco: "--coco",
  yolo: "--yolo",
};

/** Options of formats that know clicks and scribbles. */
export const LINE_OPTIONS: readonly string[] = [OPTION.labelme, OPTION.cvat, OPTION.labelStudio];

async function openFormat(
  format: Format,
  place: string,
  dataset: DatasetDescription,
  yoloClasses: string | undefined,
): Promise<ShapeReader> {
  const name = `${FORMAT_NAMES[format]} (${place})`;
  const common = {
    format,
    name,
    hasLines: format === "labelme" || format === "cvat" || format === "labelStudio",
    notices: [],
  };
  /** A folder with a file for each photograph. */
  const inFolder = (extension: string): Pick<ShapeReader, "hashOf" | "has" | "fileOf"> => ({
    hashOf: (id) => hashFile(path.join(place, id + extension)),
    has: (id) => fileExists(path.join(place, id + extension)),
    fileOf: (id) => path.join(place, id + extension),
  });
  const each = (extension: string, read: ShapeReaderOfFile): ShapeReader => ({
    ...common,
    ...inFolder(extension),
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
      return {
        ...common,
        ...inFolder(".txt"),
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
function held(images: EntriesByName<unknown>): Pick<ShapeReader, "names" | "hashOf" | "has"> {
  return {
    names: images,
    hashOf: async (id) => hashValue(images.find(id)?.entry),
    has: async (id) => images.has(id),
  };
}

type ShapeReaderOfFile = (file: string, size: ImageSize) => Promise<Boxes & Partial<DrawnShapes>>;
