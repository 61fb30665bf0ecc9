/**
 * What an annotation tool's shapes become, one rule for all tools: rectangles, ellipses, masks and polygons the boxes that
 * enclose them, lines scribbles, points clicks; in the photograph's displayed frame, whatever frame the file is in.
 */

import { expected, type UserError } from "../errors";
import { classIndex, type DatasetDescription, type ImageSize } from "./dataset";
import { displayedPixel, type Frame, storedSize } from "./orientation";
import type { Point } from "./points";
import type { Scribble } from "./scribbles";
import { enclosing } from "./turned-box";
import { type Boxes, checkBoxes, type RawBox, turnedNotice } from "./voc-boxes";

/** The shapes of one photograph. */
export interface DrawnShapes extends Boxes {
  readonly points: readonly Point[];
  readonly scribbles: readonly Scribble[];
}

export type Corners = readonly (readonly [x: number, y: number])[];

/** Corners and clicks of one photograph. */
const MAX_POINTS = 100_000;

/** Collects the shapes of a photograph in the file's order. Names of classes are the tool's. */
export interface ShapeCollector {
  /** The box around corners; `turned` where they are those of a rectangle that is not upright. */
  box(name: string, corners: Corners, place: string, turned?: boolean): void;
  stroke(name: string, corners: Corners, place: string): void;
  clicks(name: string, corners: Corners, place: string): void;
  /** A shape of a kind that says nothing here: told of once, with the count. */
  skip(kind: string): void;
  notice(message: string): void;
  /** An error at a place in the file. */
  wrong(wanted: string, got: string, place: string): UserError;
  /** @throws UserError "input" that names every unusable box */
  finish(): DrawnShapes;
}

/**
 * @param frame of the shapes
 * @param file for messages
 */
export function collectShapes(
  dataset: DatasetDescription,
  size: ImageSize,
  frame: Frame,
  file: string,
): ShapeCollector {
  const raw: RawBox[] = [];
  const points: Point[] = [];
  const scribbles: Scribble[] = [];
  const told: string[] = [];
  const leftOut = new Map<string, number>();
  let corners = 0;
  let turnedBoxes = 0;
  const given = frame === "stored" ? storedSize(size) : size;
  const shown = (x: number, y: number): [x: number, y: number] =>
    frame === "stored" ? displayedPixel(x, y, size) : [x, y];
  const wrong = (wanted: string, got: string, place: string): UserError =>
    expected("input", wanted, got, `${place} in ${file}`);
  const count = (more: number): void => {
    corners += more;
    if (corners > MAX_POINTS) throw expected("input", `at most ${MAX_POINTS} points an image`, "more", file);
  };
  /** The background is `_background_` to labelme. */
  const labelOf = (name: string, place: string): number =>
    name === "_background_" ? 0 : classIndex(dataset, name, `${place} in ${file}`);
  return {
    wrong,
    box(name, outline, place, turned = false) {
      count(outline.length);
      if (turned) turnedBoxes++;
      raw.push({ name, place, ...enclosing(outline) });
    },
    stroke(name, path, place) {
      count(path.length);
      scribbles.push({ class: labelOf(name, place), points: path.flatMap(([x, y]) => shown(x, y)) });
    },
    clicks(name, places, place) {
      count(places.length);
      for (const [x, y] of places) {
        if (!(x >= 0 && y >= 0 && x <= given.width && y <= given.height))
          throw wrong(`a point within ${given.width}×${given.height} pixels`, `x ${x}, y ${y}`, place);
        const [u, v] = shown(x, y);
        points.push({ x: Math.max(0, u), y: Math.max(0, v), class: labelOf(name, place) });
      }
    },
    skip: (kind) => void leftOut.set(kind, (leftOut.get(kind) ?? 0) + 1),
    notice: (message) => void told.push(message),
    finish() {
      const { boxes, notices } = checkBoxes(raw, dataset, size, file, frame);
      const skipped = [...leftOut].map(
        ([kind, times]) => `${times} shape${times === 1 ? "" : "s"} left out: ${kind} (${file})`,
      );
      const all = [...told, ...turnedNotice(turnedBoxes, file), ...skipped, ...notices];
      return { boxes, points, scribbles, notices: all };
    },
  };
}
