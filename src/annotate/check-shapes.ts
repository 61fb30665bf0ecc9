/** Shapes out of a request: hostile until every number in them is known to be one that may be written. */

import type { ImageSize } from "../data/dataset";
import { expected } from "../errors";
import type { PinnedRegion, ShapeBox, ShapeClick, ShapeStroke, Shapes } from "./protocol";

const MAX_SHAPES = 10_000;
const MAX_NUMBERS = 200_000;

/**
 * @param eraser a further "class" of strokes, which wipes out pixels of a picture of strokes
 * @throws UserError "input" that names the first thing that is wrong
 */
export function checkShapes(
  value: unknown,
  { width, height }: ImageSize,
  classes: number,
  eraser: number | undefined,
): Shapes {
  const { boxes, strokes, clicks, pins } = asObject(value, "shapes");
  let left = MAX_NUMBERS;
  const classOf = (entry: Record<string, unknown>, least: number, where: string): number => {
    const label = entry.class;
    if (!Number.isInteger(label) || (label as number) < least || (label as number) >= classes)
      throw expected("input", `a class from ${least} to ${classes - 1}`, shownValue(label), where);
    return label as number;
  };
  const within = (number: unknown, limit: number, where: string): number => {
    if (typeof number !== "number" || !(number >= 0 && number <= limit))
      throw expected("input", `a number from 0 to ${limit}`, shownValue(number), where);
    return Math.round(number * 100) / 100;
  };
  return {
    boxes: asList(boxes, "boxes").map((entry, index): ShapeBox => {
      const where = `box ${index + 1}`;
      const box = asObject(entry, where);
      const side = (name: string, limit: number): number => Math.round(within(box[name], limit, `${name} of ${where}`));
      const [xmin, ymin] = [side("xmin", width), side("ymin", height)];
      const [xmax, ymax] = [side("xmax", width), side("ymax", height)];
      if (xmin > xmax || ymin > ymax)
        throw expected("input", "xmin ≤ xmax and ymin ≤ ymax", `${xmin}, ${ymin}, ${xmax}, ${ymax}`, where);
      return { class: classOf(box, 1, where), xmin, ymin, xmax, ymax };
    }),
    strokes: asList(strokes, "strokes").map((entry, index): ShapeStroke => {
      const where = `stroke ${index + 1}`;
      const stroke = asObject(entry, where);
      const points = stroke.points;
      if (!Array.isArray(points) || points.length < 2 || points.length % 2 !== 0)
        throw expected("input", "points as x, y, x, y, …", shownValue(points), where);
      left -= points.length;
      if (left < 0) throw expected("input", `at most ${MAX_NUMBERS} coordinates`, "more", "shapes");
      const rounded = points.map((number, i) => within(number, i % 2 === 0 ? width : height, where));
      const label = eraser !== undefined && stroke.class === eraser ? eraser : classOf(stroke, 0, where);
      return { class: label, points: rounded };
    }),
    clicks: asList(clicks, "clicks").map((entry, index): ShapeClick => {
      const where = `click ${index + 1}`;
      const click = asObject(entry, where);
      return {
        class: classOf(click, 0, where),
        x: within(click.x, width, where),
        y: within(click.y, height, where),
      };
    }),
    pins: asList(pins, "pins").map((entry, index): PinnedRegion => {
      const where = `pinned region ${index + 1}`;
      const pin = asObject(entry, where);
      return { class: classOf(pin, 0, where), runs: checkRuns(pin.runs, width * height, where) };
    }),
  };
}

/** Runs ascend and do not meet, so there are at most as many as half the pixels. */
function checkRuns(runs: unknown, pixels: number, where: string): number[] {
  if (!Array.isArray(runs) || runs.length % 2 !== 0)
    throw expected("input", "runs as start, length, …", shownValue(runs), where);
  let end = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const [start, length] = [runs[i], runs[i + 1]];
    if (!Number.isInteger(start) || !Number.isInteger(length) || start < end || length < 1 || start + length > pixels)
      throw expected(
        "input",
        `ascending runs within ${pixels} pixels`,
        `${shownValue(start)}, ${shownValue(length)}`,
        where,
      );
    end = start + length;
  }
  return runs as number[];
}

function asObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw expected("input", "an object", shownValue(value), where);
  return value as Record<string, unknown>;
}

function asList(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > MAX_SHAPES)
    throw expected("input", `a list of at most ${MAX_SHAPES}`, shownValue(value), where);
  return value;
}

function shownValue(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 60);
}
