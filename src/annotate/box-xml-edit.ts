/**
 * Boxes changed within an annotation that others wrote: objects that stay keep their text with all that it says (pose,
 * truncated, difficult, parts), as does everything around them.
 */

import type { DatasetDescription, ImageSize } from "../data/dataset";
import { encodeBoxes } from "../data/voc-xml";
import type { ShapeBox } from "./protocol";

const OBJECT = /[ \t]*<object>[\s\S]*?<\/object>[ \t]*\r?\n?/g;

/**
 * @param text the file as it is, or undefined where there is none yet
 * @param before the boxes that were read from it, in its order
 * @param file the photograph's file name
 */
export function editBoxes(
  text: string | undefined,
  before: readonly ShapeBox[],
  after: readonly ShapeBox[],
  file: string,
  size: ImageSize,
  dataset: DatasetDescription,
): string {
  const objects = text?.match(OBJECT) ?? [];
  const fresh = (boxes: readonly ShapeBox[]): string => encodeBoxes(boxes, file, size, dataset);
  // Of a turned photograph the file may be in the frame that the sensor saw; what is written is as displayed.
  const isTurned = (size.orientation ?? 1) !== 1;
  if (text === undefined || objects.length !== before.length || isTurned) return fresh(after);
  const left = objects.map((object, index) => ({ object, key: keyOf(before[index]) }));
  const kept = after.map((box) => {
    const index = left.findIndex(({ key }) => key === keyOf(box));
    return index < 0 ? (fresh([box]).match(OBJECT)?.[0] ?? "") : left.splice(index, 1)[0].object;
  });
  const body = kept.map((object) => object.replace(/\s*$/, "\n")).join("");
  const first = text.search(OBJECT);
  const end = text.lastIndexOf("</annotation>");
  const head = first >= 0 ? text.slice(0, first) : text.slice(0, end);
  const rest = text.slice(first >= 0 ? first : end).replace(OBJECT, "");
  return head + body + rest;
}

function keyOf({ class: label, xmin, ymin, xmax, ymax }: ShapeBox): string {
  return [label, xmin, ymin, xmax, ymax].join();
}
