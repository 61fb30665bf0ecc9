/**
 * Marks of objects out of weak labels, one kind or several. Boxes come first: each is an object, and what is drawn in a box of
 * its class is drawn on that box's object. Elsewhere clicks with one id are an object, with the strokes that they touch;
 * then every other stroke, with the clicks on it; then every click by itself.
 */

import type { ImageSize } from "../data/dataset";
import type { LabelMap } from "../data/label-png";
import { drawPoints, type Point } from "../data/points";
import type { Box } from "../data/voc-boxes";
import { UserError } from "../errors";
import { type InstanceMark, isWithin, spanArea, spanOf } from "./instance-mark";

/** What a person has for one image; strokes have the photograph's size. */
export interface DrawnObjects {
  readonly boxes: readonly Box[];
  readonly clicks: readonly Point[];
  readonly strokes?: LabelMap;
}

/**
 * The objects that boxes, clicks and strokes together stand for: those of the boxes first, in their order.
 * @param where for messages
 * @throws UserError "input" where clicks of one id name different classes
 */
export function objectMarks(
  { boxes, clicks, strokes }: DrawnObjects,
  size: ImageSize,
  ignore: number,
  where: string,
): InstanceMark[] {
  const drawn = joined(clicks, strokes === undefined ? [] : strokeMarks(strokes, ignore), size, where);
  const held = new Map<number, number[]>();
  const alone: InstanceMark[] = [];
  for (const object of drawn) {
    const box = boxAround(boxes, object, size);
    if (box === undefined) alone.push(object);
    else held.set(box, [...(held.get(box) ?? []), ...object.pixels]);
  }
  const boxed = boxMarks(boxes).map((mark, box) => ({ ...mark, ...(held.has(box) ? { pixels: held.get(box) } : {}) }));
  return [...boxed, ...alone];
}

export function boxMarks(boxes: readonly Box[]): InstanceMark[] {
  return boxes.map(({ class: foreground, ...box }) => ({ class: foreground, box }));
}

/**
 * Clicks with an id of their own are on one object, as are several with the same id; each without one is an object.
 * @throws UserError "input" where clicks of one id name different classes
 */
export function clickMarks(points: readonly Point[], size: ImageSize, where: string): InstanceMark[] {
  const groups = new Map<unknown, Point[]>();
  for (const point of points.filter((each) => each.class !== 0)) {
    const key = point.id ?? Symbol();
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()].map((clicks) => {
    const [{ class: foreground, id }] = clicks;
    if (clicks.some((click) => click.class !== foreground))
      throw new UserError("input", `clicks with id ${JSON.stringify(id)} name different classes (${where})`);
    const discs = drawPoints(clicks, size, 0).data;
    return { class: foreground, pixels: indicesOf(discs, (value) => value === foreground) };
  });
}

/** Strokes that touch, of one class, are on one object. @param strokes 0 and `ignore` where none is */
export function strokeMarks({ width, height, data }: LabelMap, ignore: number): InstanceMark[] {
  const isSeen = new Uint8Array(data.length);
  const marks: InstanceMark[] = [];
  for (let start = 0; start < data.length; start++) {
    const foreground = data[start];
    if (foreground === 0 || foreground === ignore || isSeen[start] === 1) continue;
    const pixels = [start];
    isSeen[start] = 1;
    for (let next = 0; next < pixels.length; next++) {
      const [x, y] = [pixels[next] % width, Math.floor(pixels[next] / width)];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const pixel = v * width + u;
          if (isSeen[pixel] === 1 || data[pixel] !== foreground) continue;
          isSeen[pixel] = 1;
          pixels.push(pixel);
        }
    }
    marks.push({ class: foreground, pixels: Int32Array.from(pixels).sort() });
  }
  return marks;
}

// --- internal ---

/** The share of a click's or stroke's pixels by which boxes may differ and still hold it alike: discs stand out at edges. */
const ABOUT = 0.8;

interface DrawnObject {
  readonly class: number;
  readonly pixels: readonly number[];
}

/** Clicks and strokes on one object together. */
function joined(
  clicks: readonly Point[],
  strokes: readonly InstanceMark[],
  size: ImageSize,
  where: string,
): DrawnObject[] {
  const objects: { class: number; pixels: number[] }[] = [];
  const strokeAt = new Map<number, number>();
  for (const [stroke, { pixels = [] }] of strokes.entries())
    for (const pixel of Array.from(pixels)) strokeAt.set(pixel, stroke);
  const objectOfStroke = new Map<number, number>();
  const add = ({ class: foreground, pixels = [] }: InstanceMark, isNamed: boolean): void => {
    const own = Array.from(pixels);
    const touched = [...new Set(own.map((pixel) => strokeAt.get(pixel)))].filter(
      (stroke) => stroke !== undefined && strokes[stroke].class === foreground,
    ) as number[];
    const known = isNamed
      ? undefined
      : touched.map((stroke) => objectOfStroke.get(stroke)).find((at) => at !== undefined);
    const at = known ?? objects.push({ class: foreground, pixels: [] }) - 1;
    objects[at].pixels.push(...own);
    for (const stroke of touched) {
      if (objectOfStroke.has(stroke)) continue;
      objectOfStroke.set(stroke, at);
      objects[at].pixels.push(...Array.from(strokes[stroke].pixels ?? []));
    }
  };
  const named = clicks.filter(({ id }) => id !== undefined);
  const single = clicks.filter(({ id }) => id === undefined);
  for (const mark of clickMarks(named, size, where)) add(mark, true);
  for (const [stroke, mark] of strokes.entries()) if (!objectOfStroke.has(stroke)) add(mark, false);
  for (const mark of clickMarks(single, size, where)) add(mark, false);
  return objects.map(({ class: foreground, pixels }) => ({ class: foreground, pixels: [...new Set(pixels)] }));
}

/**
 * The smallest box of the class among those that hold an object's pixels: half of them at least, and about as many as any
 * other box does.
 */
function boxAround(
  boxes: readonly Box[],
  { class: foreground, pixels }: DrawnObject,
  size: ImageSize,
): number | undefined {
  const around = boxes.flatMap((sides, box) => {
    if (sides.class !== foreground) return [];
    const span = spanOf({ class: foreground, box: sides }, size);
    const held = pixels.filter((pixel) => isWithin(span, pixel % size.width, Math.floor(pixel / size.width))).length;
    return 2 * held < pixels.length ? [] : [{ box, held, area: spanArea(span) }];
  });
  const most = Math.max(0, ...around.map(({ held }) => held));
  const [smallest] = around.filter(({ held }) => held >= ABOUT * most).sort((a, b) => a.area - b.area);
  return smallest?.box;
}

function indicesOf(data: Uint8Array, isOne: (value: number) => boolean): Int32Array {
  return Int32Array.from(data.keys()).filter((index) => isOne(data[index]));
}
