/** Boxes from COCO's JSON: one file for the whole data set, images known by their file names. */

import { expected, UserError } from "../errors";
import { MAX_ANNOTATION_BYTES, readBoundedJson } from "./bounded-file";
import type { DatasetDescription, ImageSize } from "./dataset";
import { type EntriesByName, entriesByName } from "./entries-by-name";
import { shown } from "./json";
import { frameOfAnnotation } from "./orientation";
import { enclosingTurned, pixelsInside } from "./turned-box";
import { type Boxes, checkBoxes, type RawBox, turnedNotice } from "./voc-boxes";

/** The boxes of a data set, unchecked: one image's mistakes are that image's failure (`cocoBoxesOf`). */
export interface CocoFile {
  readonly file: string;
  /** By image id, that is the file name without folder and extension. */
  readonly images: EntriesByName<CocoImage>;
}

export interface CocoImage {
  /** As text: some tools write numbers as "1". */
  readonly number: string;
  readonly width: unknown;
  readonly height: unknown;
  readonly boxes: CocoBox[];
  /** Whether another image of the file has the same number: whose the boxes are cannot be told. */
  isTwice: boolean;
}

interface CocoBox {
  readonly name: string;
  readonly bbox: unknown;
  readonly isCrowd: boolean;
  readonly rotation: number;
}

/** @throws UserError "input" unless it has the lists `images`, `annotations` and `categories` */
export async function readCocoFile(file: string): Promise<CocoFile> {
  const value = (await readBoundedJson(file, MAX_ANNOTATION_BYTES, "COCO annotations")) as Record<
    string,
    unknown
  > | null;
  const list = (name: string): Record<string, unknown>[] => {
    const entries = value?.[name];
    if (!Array.isArray(entries)) throw expected("input", `a list "${name}" of COCO's JSON`, shown(entries), file);
    return entries.filter((entry) => typeof entry === "object" && entry !== null);
  };
  const names = new Map(
    list("categories").map(({ id, name }) => [keyOf(id), typeof name === "string" ? name : shown(name)]),
  );
  const images: [string, CocoImage][] = [];
  const byNumber = new Map<string, CocoImage>();
  for (const { id, file_name, width, height } of list("images")) {
    if (typeof file_name !== "string") continue;
    const number = keyOf(id);
    const twin = byNumber.get(number);
    const image: CocoImage = { number, width, height, boxes: [], isTwice: twin !== undefined };
    if (twin !== undefined) twin.isTwice = true;
    images.push([file_name, image]);
    byNumber.set(number, image);
  }
  for (const { image_id, category_id, bbox, iscrowd, attributes } of list("annotations")) {
    const { rotation } = (attributes ?? {}) as Record<string, unknown>;
    byNumber.get(keyOf(image_id))?.boxes.push({
      name: names.get(keyOf(category_id)) ?? `category ${shown(category_id)}`,
      bbox,
      isCrowd: iscrowd === 1 || iscrowd === true,
      rotation: typeof rotation === "number" ? rotation : 0,
    });
  }
  return { file, images: entriesByName(images, file) };
}

/**
 * The boxes of one image; undefined where the file does not name it. COCO's `[x, y, width, height]` are edges between
 * pixels, ours the first and last pixel inside. Crowds and boxes without an area are left out, with a notice; of turned ones
 * (CVAT's attribute "rotation") the box that encloses them counts.
 * @throws UserError "input" that names each unusable box, and for an image that the file does not tell from another
 */
export function cocoBoxesOf(
  coco: CocoFile,
  id: string,
  dataset: DatasetDescription,
  size: ImageSize,
): Boxes | undefined {
  const found = coco.images.find(id);
  if (found === undefined) return undefined;
  const { number, width, height, boxes, isTwice } = found.entry;
  const where = `image "${id}" in ${coco.file}`;
  if (isTwice)
    throw new UserError(
      "input",
      `expected an id for each image, got ${number} twice: whose its boxes are is not said (${where})`,
    );
  const given = Number.isInteger(width) && Number.isInteger(height) && width !== 0 && height !== 0;
  const stated = given ? { width: width as number, height: height as number } : undefined;
  const frame = frameOfAnnotation(stated, size, "boxes for", where);
  let [crowds, empty, turned] = [0, 0, 0];
  const raw = boxes.flatMap(({ name, bbox, isCrowd, rotation }, index): RawBox[] => {
    const four = Array.isArray(bbox) && bbox.length === 4 && bbox.every((side) => typeof side === "number");
    const [x, y, w, h] = four ? (bbox as number[]) : [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
    if (isCrowd) crowds++;
    else if (w === 0 || h === 0) empty++;
    if (isCrowd || w === 0 || h === 0) return [];
    if (rotation % 360 !== 0) turned++;
    const sides = enclosingTurned({ xmin: x, ymin: y, xmax: x + w, ymax: y + h }, rotation);
    const place = `annotation ${index + 1}`;
    return [{ name, place, ...pixelsInside(sides.xmin, sides.ymin, sides.xmax, sides.ymax) }];
  });
  const checked = checkBoxes(raw, dataset, size, where, frame);
  return {
    boxes: checked.boxes,
    notices: [
      ...found.notices,
      ...leftOut(crowds, "of crowds (iscrowd)", where),
      ...leftOut(empty, "without width or height", where),
      ...turnedNotice(turned, where),
      ...checked.notices,
    ],
  };
}

/** Some tools write numbers as text: 1 and "1" are the same. */
function keyOf(id: unknown): string {
  return typeof id === "string" || typeof id === "number" ? String(id) : shown(id);
}

function leftOut(count: number, what: string, where: string): string[] {
  return count === 0 ? [] : [`${count} box${count === 1 ? "" : "es"} ${what} left out (${where})`];
}
