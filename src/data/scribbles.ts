/**
 * Scribbles of an image in `Scribbles/`: polyline text (`class,x,y,x,y,…` a line), ScribbleSup XML, or a PNG of class
 * indices with the ignore value where nothing is drawn. Where there are several, polylines count (text before XML):
 * pictures of them differ in width.
 */

import path from "node:path";
import { expected, UserError } from "../errors";
import { fileExists, readBoundedText } from "./bounded-file";
import { classIndex, type DatasetDescription, type ImageSize } from "./dataset";
import { evidenceOf, readFittedLabel } from "./fitted-label";
import { shown } from "./json";
import type { LabelMap } from "./label-png";
import { displayedPixel, type Frame, frameOfAnnotation, storedSize } from "./orientation";
import { createStrokeBudget, drawPolyline } from "./polyline";
import { frameOfXml } from "./voc-boxes";
import { childrenOf, numberOf, readXml, textOf, type XmlNode } from "./xml";

/** One stroke: `points` holds x, y, x, y, … in pixels; `class` 0 is background. */
export interface Scribble {
  readonly class: number;
  readonly points: readonly number[];
  /** Pixels; default: the width that all strokes of the image are drawn with. */
  readonly width?: number;
}

export interface ScribbleLabel {
  /** Class indices on the strokes, the ignore value elsewhere. */
  readonly label: LabelMap;
  readonly notices: readonly string[];
}

/** Width in pixels that strokes are drawn with. */
export const SCRIBBLE_WIDTH = 3;

const MAX_BYTES = 1 << 24;
const MAX_POINTS = 100_000;

/**
 * The scribbles of an image as a label, or undefined where it has none.
 * @throws UserError "input" for unreadable files, unknown classes, and strokes that lie wholly outside the image
 */
export async function readScribbles(
  folder: string,
  id: string,
  dataset: DatasetDescription,
  size: ImageSize,
  strokeWidth: number = SCRIBBLE_WIDTH,
): Promise<ScribbleLabel | undefined> {
  const [text, xml, picture] = [".txt", ".xml", ".png"].map((extension) => path.join(folder, id + extension));
  if (await fileExists(text)) {
    const scribbles = parseScribbleText(await readBoundedText(text, MAX_BYTES, "scribbles"), dataset, text);
    const frame = frameOfAnnotation(undefined, size, "scribbles for", text);
    return drawScribbles(scribbles, size, dataset.ignore, text, strokeWidth, frame);
  }
  if (await fileExists(xml)) {
    const annotation = await readXml(xml, "annotation");
    const strokes = parseScribbleXml(annotation, dataset, xml);
    return drawScribbles(strokes, size, dataset.ignore, xml, strokeWidth, frameOfXml(annotation, size, xml));
  }
  if (!(await fileExists(picture))) return undefined;
  return strokesOfPicture(await readFittedLabel(picture, size, dataset, "scribbles"), dataset, picture);
}

/**
 * A picture of strokes holds the ignore value where nothing is drawn. One without that value, most of it 0, was painted on
 * an empty canvas of zeros; one of 0 and the ignore value alone, most of it 0, has lost the class of its strokes.
 */
function strokesOfPicture(label: LabelMap, { ignore, classes }: DatasetDescription, where: string): ScribbleLabel {
  const zeros = label.data.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
  if (zeros <= label.data.length / 2) return { label, notices: [] };
  const share = `${Math.round((100 * zeros) / label.data.length)} % of it`;
  const { unknown, foreground } = evidenceOf(label, ignore);
  if (unknown && !foreground)
    throw new UserError(
      "input",
      `expected strokes on ${ignore}, got ${ignore} (unknown) as strokes on 0 (background), ${share}: draw them in the ` +
        `class's number, or name the class in dataset.json, e.g. "binary": ${shown(classes[1])} (${where})`,
    );
  if (unknown) return { label, notices: [`${share} is a stroke of background (${where})`] };
  const data = label.data.map((value) => (value === 0 ? ignore : value));
  return {
    label: { ...label, data },
    notices: [`0 is taken for "nothing drawn", as ${share} is 0 and none ${ignore} (${where})`],
  };
}

/** Lines of `class,x,y,x,y,…`; empty lines are skipped. @throws UserError "input" naming the line */
export function parseScribbleText(text: string, dataset: DatasetDescription, where: string): Scribble[] {
  return text.split(/\r\n|\r|\n/).flatMap((line, index) => {
    if (line.trim() === "") return [];
    const [label, ...points] = line.split(",").map((word) => (word.trim() === "" ? Number.NaN : Number(word)));
    const at = `${where}:${index + 1}`;
    if (!Number.isInteger(label) || label < 0 || label >= dataset.classes.length)
      throw expected(
        "input",
        `a class from 0 to ${dataset.classes.length - 1} first`,
        line.split(",")[0].slice(0, 40),
        at,
      );
    if (points.length < 2 || points.length % 2 !== 0 || !points.every(Number.isFinite))
      throw expected("input", "class,x,y,x,y,… with numbers in pairs", `"${line.slice(0, 60)}"`, at);
    return [{ class: label, points }];
  });
}

/** ScribbleSup: `<polygon><tag>class</tag><point><X>…</X><Y>…</Y></point>…</polygon>`. @throws UserError "input" */
export function parseScribbleXml(annotation: XmlNode, dataset: DatasetDescription, where: string): Scribble[] {
  return childrenOf(annotation, "polygon").map((polygon, index) => {
    const at = `scribble ${index + 1}, ${where}`;
    const points = childrenOf(polygon, "point").flatMap((point) => [
      numberOf(point, "X") ?? Number.NaN,
      numberOf(point, "Y") ?? Number.NaN,
    ]);
    if (points.length === 0 || !points.every(Number.isFinite))
      throw expected("input", "points with numbers <X> and <Y>", points.length === 0 ? "none" : "others", at);
    return { class: classIndex(dataset, textOf(polygon, "tag") ?? "", at), points };
  });
}

/**
 * Strokes drawn on an otherwise unknown label, later ones over earlier ones. Parts outside the image are left out with
 * a notice (ScribbleSup has some). @throws UserError "input" for a stroke without any point inside
 */
export function drawScribbles(
  scribbles: readonly Scribble[],
  size: ImageSize,
  ignore: number,
  where: string,
  strokeWidth: number = SCRIBBLE_WIDTH,
  frame: Frame = "displayed",
): ScribbleLabel {
  const count = scribbles.reduce((sum, { points }) => sum + points.length / 2, 0);
  if (count > MAX_POINTS) throw expected("input", `at most ${MAX_POINTS} points an image`, String(count), where);
  const { width, height } = size;
  const data = new Uint8Array(width * height).fill(ignore);
  const given = frame === "stored" ? storedSize(size) : { width, height };
  const budget = createStrokeBudget(size, where);
  let outside = 0;
  for (const [index, { class: label, points, width: across = strokeWidth }] of scribbles.entries()) {
    const inside = countInside(points, given);
    if (inside === 0)
      throw new UserError(
        "input",
        `scribble ${index + 1} lies outside the image of ${given.width}×${given.height} pixels (${where}): ` +
          "are its points those of another size or frame (--annotation-frame)?",
      );
    outside += points.length / 2 - inside;
    const path = frame === "stored" ? turned(points, size) : points;
    drawPolyline(data, { width, height }, path, across, label, budget);
  }
  const notices = outside === 0 ? [] : [`${outside} scribble points outside the image left out (${where})`];
  return { label: { width, height, data }, notices };
}

/** Strokes of either frame in the displayed one. */
export function displayedScribbles(scribbles: readonly Scribble[], frame: Frame, size: ImageSize): readonly Scribble[] {
  return frame === "displayed"
    ? scribbles
    : scribbles.map((scribble) => ({ ...scribble, points: turned(scribble.points, size) }));
}

function turned(points: readonly number[], size: ImageSize): number[] {
  const result: number[] = [];
  for (let i = 0; i < points.length; i += 2) result.push(...displayedPixel(points[i], points[i + 1], size));
  return result;
}

function countInside(points: readonly number[], { width, height }: ImageSize): number {
  let inside = 0;
  for (let i = 0; i < points.length; i += 2)
    if (points[i] >= 0 && points[i] <= width && points[i + 1] >= 0 && points[i + 1] <= height) inside++;
  return inside;
}
