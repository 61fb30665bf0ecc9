/**
 * labelme's JSON, one file an image: rectangles, circles, masks and polygons become boxes (what encloses them), lines
 * become scribbles, points become clicks. Shapes labelled `__ignore__` are left out, as labelme's own exporters do.
 */

import { expected } from "../errors";
import { readBoundedJson } from "./bounded-file";
import { classIndex, type DatasetDescription, type ImageSize } from "./dataset";
import { shown } from "./json";
import type { Point } from "./points";
import type { Scribble } from "./scribbles";
import { type Boxes, checkBoxes, type RawBox } from "./voc-boxes";

export interface LabelmeShapes extends Boxes {
  readonly points: readonly Point[];
  readonly scribbles: readonly Scribble[];
}

const MAX_BYTES = 1 << 28; // the photograph may be inside, in base64
const MAX_POINTS = 100_000;

type Corners = readonly (readonly [x: number, y: number])[];

/** @throws UserError "input" that names each unusable shape; for a file made for another image size */
export async function readLabelme(file: string, dataset: DatasetDescription, size: ImageSize): Promise<LabelmeShapes> {
  const { shapes, imageWidth, imageHeight } = asObject(await readBoundedJson(file, MAX_BYTES, "labelme file"));
  if (!Array.isArray(shapes)) throw expected("input", 'a list "shapes"', shown(shapes), file);
  const given = [imageWidth, imageHeight];
  if (given.every(Number.isInteger) && (imageWidth !== size.width || imageHeight !== size.height))
    throw expected("input", `shapes for ${size.width}×${size.height} pixels`, `${imageWidth}×${imageHeight}`, file);
  const raw: RawBox[] = [];
  const points: Point[] = [];
  const scribbles: Scribble[] = [];
  let left = MAX_POINTS;
  for (const [index, shape] of shapes.entries()) {
    const where = `shape ${index + 1} in ${file}`;
    const { label, shape_type: type = "polygon", points: given } = asObject(shape);
    if (typeof label !== "string") throw expected("input", 'text as "label"', shown(label), where);
    if (label === "__ignore__") continue;
    const corners = readCorners(given, where);
    left -= corners.length;
    if (left < 0) throw expected("input", `at most ${MAX_POINTS} points an image`, "more", file);
    if (type === "point") points.push(...corners.map(([x, y]) => clickOf(x, y, label, dataset, size, where)));
    else if (type === "linestrip" || type === "line")
      scribbles.push({ class: labelClass(label, dataset, where), points: corners.flat() });
    else raw.push({ name: label, ...enclosing(type, corners, where) });
  }
  return { ...checkBoxes(raw, dataset, size, file), points, scribbles };
}

function clickOf(
  x: number,
  y: number,
  label: string,
  dataset: DatasetDescription,
  { width, height }: ImageSize,
  where: string,
): Point {
  if (x < 0 || y < 0 || x > width || y > height)
    throw expected("input", `a point within ${width}×${height} pixels`, `x ${x}, y ${y}`, where);
  return { x, y, class: labelClass(label, dataset, where) };
}

/** labelme calls the background `_background_`. */
function labelClass(label: string, dataset: DatasetDescription, where: string): number {
  return label === "_background_" ? 0 : classIndex(dataset, label, where);
}

function enclosing(type: unknown, corners: Corners, where: string): Omit<RawBox, "name"> {
  const needed = type === "polygon" ? 3 : 2;
  if (!["polygon", "rectangle", "circle", "mask"].includes(type as string))
    throw expected("input", "a rectangle, polygon, circle, mask, line, linestrip or point", shown(type), where);
  if (corners.length < needed) throw expected("input", `at least ${needed} points`, String(corners.length), where);
  if (type === "circle") {
    const [[x, y], [u, v]] = corners;
    const radius = Math.hypot(u - x, v - y);
    return { xmin: x - radius, ymin: y - radius, xmax: x + radius, ymax: y + radius };
  }
  const bounds = { xmin: Infinity, ymin: Infinity, xmax: -Infinity, ymax: -Infinity };
  for (const [x, y] of corners) {
    bounds.xmin = Math.min(bounds.xmin, x);
    bounds.ymin = Math.min(bounds.ymin, y);
    bounds.xmax = Math.max(bounds.xmax, x);
    bounds.ymax = Math.max(bounds.ymax, y);
  }
  return bounds;
}

function readCorners(value: unknown, where: string): Corners {
  const isCorner = (entry: unknown): boolean =>
    Array.isArray(entry) && entry.length === 2 && entry.every(Number.isFinite);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isCorner))
    throw expected("input", '"points" as a list of [x, y]', shown(value), where);
  return value as unknown as Corners;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
