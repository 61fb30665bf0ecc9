/** A person's weak label, checked against the photograph and the data set: classes as numbers, everything inside the image. */

import { classIndex, type DatasetDescription, foregroundIndex, type ImageSize } from "../data/dataset";
import { checkLabel, type LabelMap } from "../data/label-png";
import type { Point } from "../data/points";
import { drawScribbles } from "../data/scribbles";
import { type Box, checkBoxes } from "../data/voc-boxes";
import { expected, UserError } from "../errors";
import type { ClassMaps } from "../graph/random-walk";
import type { ClassReference, Click, Stroke, WeakBox, WeakLabels } from "./weak-labels";

/** Empty or undefined where nothing of a kind was given. */
export interface CheckedLabels {
  readonly boxes: readonly Box[];
  readonly clicks: readonly Point[];
  /** Class on the strokes, the ignore value elsewhere. */
  readonly strokes?: LabelMap;
  readonly tags?: readonly number[];
  /** Classes of the tags alone, where there are tags; ascending. */
  readonly maps?: ClassMaps;
  readonly seed?: LabelMap;
  readonly notices: readonly string[];
}

/**
 * @throws UserError "input" for an empty weak label, a class that the data set does not have, a place outside the
 * photograph, a label or map of another size, numbers that are not finite
 */
export function checkWeakLabels(weak: WeakLabels, dataset: DatasetDescription, size: ImageSize): CheckedLabels {
  const { boxes: given = [], clicks = [], strokes, tags, maps, seed } = weak;
  const notices: string[] = [];
  const boxes = checkedBoxes(given, dataset, size);
  notices.push(...boxes.notices);
  const drawn = strokes === undefined ? undefined : checkedStrokes(strokes, dataset, size);
  notices.push(...(drawn?.notices ?? []));
  if (seed !== undefined) checkLabelMap(seed, size, dataset, "seed");
  const named = tags?.map((tag, index) => indexOf(tag, dataset, `tag ${index + 1}`, true));
  const checkedMaps = maps === undefined ? undefined : mapsOf(maps, named, dataset, size);
  const checked: CheckedLabels = {
    boxes: boxes.boxes,
    clicks: clicks.map((click, index) => checkedClick(click, index, dataset, size)),
    ...(drawn === undefined ? {} : { strokes: drawn.label }),
    ...(named === undefined ? {} : { tags: [...new Set(named)].sort((a, b) => a - b) }),
    ...(checkedMaps === undefined ? {} : { maps: checkedMaps }),
    ...(seed === undefined ? {} : { seed }),
    notices,
  };
  if (!labelsPixels(checked))
    throw expected(
      "input",
      "boxes, strokes, clicks, tags with class activation maps, or a seed label",
      tags === undefined ? "none of them" : "tags alone, which label no pixel",
      "the weak label",
    );
  return checked;
}

function labelsPixels({ boxes, clicks, strokes, maps, seed }: CheckedLabels): boolean {
  return boxes.length > 0 || clicks.length > 0 || strokes !== undefined || maps !== undefined || seed !== undefined;
}

function checkedBoxes(
  boxes: readonly WeakBox[],
  dataset: DatasetDescription,
  size: ImageSize,
): { readonly boxes: readonly Box[]; readonly notices: readonly string[] } {
  const raw = boxes.map((box, index) => {
    const label = indexOf(box.class, dataset, `box ${index + 1}`, true);
    return { ...box, name: dataset.classes[label] };
  });
  return checkBoxes(raw, dataset, size, "boxes");
}

function checkedStrokes(
  strokes: LabelMap | readonly Stroke[],
  dataset: DatasetDescription,
  size: ImageSize,
): { readonly label?: LabelMap; readonly notices: readonly string[] } {
  if (!isList(strokes)) {
    checkLabelMap(strokes, size, dataset, "strokes");
    return { label: strokes, notices: [] };
  }
  if (strokes.length === 0) return { notices: [] };
  const scribbles = strokes.map(({ class: name, points, width }, index) => {
    const where = `stroke ${index + 1}`;
    const isPolyline = Array.isArray(points) && points.length >= 2 && points.length % 2 === 0;
    if (!isPolyline || !points.every(Number.isFinite))
      throw expected(
        "input",
        "points x, y, x, y, … as finite numbers in pairs",
        JSON.stringify(points)?.slice(0, 60) ?? "none",
        where,
      );
    if (width !== undefined && !(width > 0 && Number.isFinite(width)))
      throw expected("input", "a width above 0", String(width), where);
    return { class: indexOf(name, dataset, where), points, ...(width === undefined ? {} : { width }) };
  });
  return drawScribbles(scribbles, size, dataset.ignore, "strokes");
}

function checkedClick(
  { x, y, class: name }: Click,
  index: number,
  dataset: DatasetDescription,
  size: ImageSize,
): Point {
  const where = `click ${index + 1}`;
  if (!(x >= 0 && x <= size.width && y >= 0 && y <= size.height))
    throw expected("input", `a click within ${size.width}×${size.height} pixels`, `x ${x}, y ${y}`, where);
  return { x, y, class: indexOf(name, dataset, where) };
}

function mapsOf(
  maps: ReadonlyMap<ClassReference, Float32Array>,
  tags: readonly number[] | undefined,
  dataset: DatasetDescription,
  { width, height }: ImageSize,
): ClassMaps {
  const all = [...maps].map(([name, map]): [number, Float32Array] => {
    const label = indexOf(name, dataset, "class activation map", true);
    const where = `class activation map of ${dataset.classes[label]}`;
    if (!(map instanceof Float32Array)) throw expected("input", "a Float32Array", typeof map, where);
    if (map.length !== width * height)
      throw expected("input", `${width * height} values for ${width}×${height} pixels`, `${map.length}`, where);
    if (!map.every(Number.isFinite)) throw expected("input", "finite values", "NaN or infinity", where);
    return [label, map];
  });
  const lacking = (tags ?? []).filter((tag) => !all.some(([label]) => label === tag));
  if (all.length === 0 || lacking.length > 0)
    throw expected(
      "input",
      `class activation maps of ${lacking.map((label) => dataset.classes[label]).join(", ") || "some class"}`,
      all.map(([label]) => dataset.classes[label]).join(", ") || "none",
      "maps",
    );
  return new Map(all.filter(([label]) => tags === undefined || tags.includes(label)).sort(([a], [b]) => a - b));
}

function checkLabelMap(label: LabelMap, size: ImageSize, dataset: DatasetDescription, where: string): void {
  if (!(label.data instanceof Uint8Array) || label.data.length !== label.width * label.height)
    throw expected("input", "a label with a byte a pixel", `${label.data?.length} values`, where);
  checkLabel(label, size, dataset, where);
}

/** A class by name or number. @throws UserError "input" */
function indexOf(name: ClassReference, dataset: DatasetDescription, where: string, foreground = false): number {
  if (typeof name === "string") return (foreground ? foregroundIndex : classIndex)(dataset, name, where);
  const count = dataset.classes.length;
  if (!Number.isInteger(name) || name < (foreground ? 1 : 0) || name >= count)
    throw new UserError(
      "input",
      `expected a class from ${foreground ? 1 : 0} to ${count - 1} or its name, got ${String(name)} (${where})`,
    );
  return name;
}

/** `Array.isArray` does not narrow readonly lists. */
function isList<T>(value: unknown | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
