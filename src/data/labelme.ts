/**
 * labelme's JSON, one file an image: rectangles, circles, masks and polygons become boxes (what encloses them), lines
 * become scribbles, points become clicks. Shapes labelled `__ignore__` are left out, as labelme's own exporters do.
 * X-AnyLabeling's turned rectangles ("rotation") and Supervisely-like "obb" are read as well.
 */

import { expected } from "../errors";
import { readBoundedJson } from "./bounded-file";
import type { DatasetDescription, ImageSize } from "./dataset";
import { type Corners, collectShapes, type DrawnShapes, type ShapeCollector } from "./drawn-shapes";
import { shown } from "./json";
import { frameOfAnnotation } from "./orientation";

const MAX_BYTES = 1 << 28; // the photograph may be inside, in base64

/** @throws UserError "input" that names each unusable shape; for a file made for another image size */
export async function readLabelme(file: string, dataset: DatasetDescription, size: ImageSize): Promise<DrawnShapes> {
  const {
    shapes,
    imageWidth: width,
    imageHeight: height,
  } = asObject(await readBoundedJson(file, MAX_BYTES, "labelme file"));
  if (!Array.isArray(shapes)) throw expected("input", 'a list "shapes"', shown(shapes), file);
  const given = Number.isInteger(width) && Number.isInteger(height);
  const stated = given ? { width: width as number, height: height as number } : undefined;
  const drawn = collectShapes(dataset, size, frameOfAnnotation(stated, size, "shapes for", file), file);
  for (const [index, shape] of shapes.entries()) addShape(drawn, shape, `shape ${index + 1}`);
  return drawn.finish();
}

const OUTLINES: readonly unknown[] = [
  "polygon",
  "rectangle",
  "circle",
  "mask",
  "rotation",
  "obb",
  "oriented_rectangle",
];

function addShape(drawn: ShapeCollector, shape: unknown, place: string): void {
  const { label, shape_type: type = "polygon", points: given } = asObject(shape);
  if (typeof label !== "string") throw drawn.wrong('text as "label"', shown(label), place);
  if (label === "__ignore__") return;
  const corners = readCorners(drawn, given, place);
  if (type === "point" || type === "points") drawn.clicks(label, corners, place);
  else if (type === "linestrip" || type === "line") drawn.stroke(label, corners, place);
  else {
    if (!OUTLINES.includes(type))
      throw drawn.wrong("a rectangle, polygon, circle, mask, line, linestrip or point", shown(type), place);
    const needed = type === "polygon" ? 3 : 2;
    if (corners.length < needed) throw drawn.wrong(`at least ${needed} points`, String(corners.length), place);
    const isTurned = type === "rotation" || type === "obb" || type === "oriented_rectangle";
    drawn.box(label, type === "circle" ? around(corners) : corners, place, isTurned);
  }
}

/** labelme's circles are their middle and a point on their edge. */
function around([[x, y], [u, v]]: Corners): Corners {
  const radius = Math.hypot(u - x, v - y);
  return [
    [x - radius, y - radius],
    [x + radius, y + radius],
  ];
}

function readCorners(drawn: ShapeCollector, value: unknown, place: string): Corners {
  const isCorner = (entry: unknown): boolean =>
    Array.isArray(entry) && entry.length === 2 && entry.every(Number.isFinite);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isCorner))
    throw drawn.wrong('"points" as a list of [x, y]', shown(value), place);
  return value as unknown as Corners;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
