/** Which object, if any, a box is about: the one it overlaps most, if by enough. */

import { type BoxArray, boxAreas, boxCount, boxIou } from "./boxes";

/** No object is near: background. */
export const BACKGROUND = -1;
/** Neither near enough nor far enough: nothing is learned from it. */
export const UNDECIDED = -2;

export interface MatchOptions {
  /** A box that overlaps an object by at least this is about it. */
  readonly high: number;
  /** A box that overlaps every object by less is background. */
  readonly low: number;
  /** An object whose best overlap is lower still gets the boxes that have it. */
  readonly eachObject: boolean;
}

/**
 * Unlike the references, an object that no box overlaps at all gets none; there it would get every box without overlap.
 * @returns for each box an object's index, BACKGROUND or UNDECIDED
 */
export function matchBoxes(boxes: BoxArray, objects: BoxArray, { high, low, eachObject }: MatchOptions): Int32Array {
  const [least, most] = [Math.fround(low), Math.fround(high)];
  const [areas, objectAreas] = [boxAreas(boxes), boxAreas(objects)];
  const count = boxCount(boxes);
  const overlap = new Float32Array(count);
  const nearest = new Int32Array(count);
  const best = new Float32Array(boxCount(objects));
  for (let object = 0; object < best.length; object++)
    for (let i = 0; i < count; i++) {
      const iou = boxIou(objects, object, objectAreas[object], boxes, i, areas[i]);
      if (iou > overlap[i]) {
        overlap[i] = iou;
        nearest[i] = object;
      }
      if (iou > best[object]) best[object] = iou;
    }
  const matches = nearest.map((object, i) =>
    overlap[i] < least || best.length === 0 ? BACKGROUND : overlap[i] < most ? UNDECIDED : object,
  );
  if (!eachObject) return matches;
  for (let object = 0; object < best.length; object++) {
    if (best[object] === 0) continue;
    for (let i = 0; i < count; i++)
      if (boxIou(objects, object, objectAreas[object], boxes, i, areas[i]) === best[object]) matches[i] = nearest[i];
  }
  return matches;
}
