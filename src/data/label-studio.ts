/**
 * Label Studio's JSON: a list of tasks, each with the address of its photograph and what was drawn, in per cent of the
 * image. Rectangles (maybe turned), ellipses, polygons become boxes, keypoints clicks, vectors scribbles. Brush masks,
 * choices and text say nothing here and are left out, with a notice.
 */

import { expected } from "../errors";
import { MAX_ANNOTATION_BYTES, readBoundedJson } from "./bounded-file";
import type { DatasetDescription, ImageSize } from "./dataset";
import { type Corners, collectShapes, type DrawnShapes, type ShapeCollector } from "./drawn-shapes";
import { type EntriesByName, entriesByName } from "./entries-by-name";
import { shown } from "./json";
import { type Frame, frameOfAnnotation, storedSize } from "./orientation";
import { enclosingTurned } from "./turned-box";

type Fields = Readonly<Record<string, unknown>>;

export interface LabelStudioFile {
  readonly file: string;
  /** What was drawn on each photograph. */
  readonly images: EntriesByName<readonly Fields[]>;
}

/** Whether a value out of JSON is an export of Label Studio, full or minimal. */
export function isLabelStudio(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  const task = asFields(value[0]);
  return "annotations" in task || "completions" in task || (typeof addressOf(task) === "string" && "annotator" in task);
}

/** @throws UserError "input" unless it is a list of Label Studio's tasks */
export async function readLabelStudioFile(file: string): Promise<LabelStudioFile> {
  const value = await readBoundedJson(file, MAX_ANNOTATION_BYTES, "Label Studio annotations");
  if (!isLabelStudio(value)) throw expected("input", "a list of Label Studio's tasks", shown(value), file);
  const tasks: [string, readonly Fields[]][] = [];
  for (const entry of value as unknown[]) {
    const task = asFields(entry);
    const address = addressOf(task);
    if (address !== undefined) tasks.push([address, drawnIn(task)]);
  }
  return { file, images: entriesByName(tasks, file) };
}

/** The shapes of one photograph; undefined where the file does not name it. @throws UserError "input" naming the shape */
export function labelStudioShapesOf(
  { file, images }: LabelStudioFile,
  id: string,
  dataset: DatasetDescription,
  size: ImageSize,
): DrawnShapes | undefined {
  const found = images.find(id);
  if (found === undefined) return undefined;
  const where = `image "${id}" in ${file}`;
  const drawnOn = found.entry.find(({ original_width: w, original_height: h }) => Number(w) > 0 && Number(h) > 0);
  const stated = drawnOn && { width: Number(drawnOn.original_width), height: Number(drawnOn.original_height) };
  const frame = frameOfAnnotation(stated, size, "shapes for", where);
  const drawn = collectShapes(dataset, size, frame, where);
  for (const message of found.notices) drawn.notice(message);
  for (const [index, result] of found.entry.entries()) addShape(drawn, result, `result ${index + 1}`, size, frame);
  return drawn.finish();
}

/** The latest annotation that was not cancelled; a minimal export has its shapes beside the photograph. */
function drawnIn(task: Fields): readonly Fields[] {
  const annotations = [task.annotations, task.completions].find(Array.isArray) as unknown[] | undefined;
  if (annotations !== undefined) {
    const valid = annotations.map(asFields).filter((each) => each.was_cancelled !== true && Array.isArray(each.result));
    return ((valid.at(-1)?.result ?? []) as unknown[]).map(asFields);
  }
  const lists = Object.values(task).filter(Array.isArray) as unknown[][];
  return lists.flatMap((list) => list.map(asFields)).map((value) => ({ ...value, type: kindOf(value), value }));
}

function addShape(drawn: ShapeCollector, result: Fields, place: string, size: ImageSize, frame: Frame): void {
  const value = asFields(result.value);
  const type = typeof result.type === "string" ? result.type.toLowerCase() : kindOf(value);
  const kind = /^(rectangle|ellipse|polygon|keypoint|vector)(labels)?$/.exec(type)?.[1];
  const name = nameIn(value);
  if (kind === undefined || name === undefined) {
    if (type !== "relation") drawn.skip(kind === undefined ? type || "no shape" : `${kind} without a label`);
    return;
  }
  const { width, height } = frame === "stored" ? storedSize(size) : size;
  const at = (key: string): number => (typeof value[key] === "number" ? (value[key] as number) : Number.NaN);
  const across = (x: number): number => (x * width) / 100;
  const down = (y: number): number => (y * height) / 100;
  const [x, y] = [across(at("x")), down(at("y"))];
  if (kind === "keypoint") drawn.clicks(name, [[x, y]], place);
  else if (kind === "polygon" || kind === "vector") {
    const key = kind === "polygon" ? "points" : "vertices";
    const corners = cornersOf(value[key] ?? value.points).map(([u, v]) => [across(u), down(v)] as const);
    if (corners.length === 0) throw drawn.wrong(`"${key}" as a list of [x, y]`, shown(value[key]), place);
    if (kind === "polygon") drawn.box(name, corners, place);
    else drawn.stroke(name, corners, place);
  } else {
    const rotation = typeof value.rotation === "number" ? value.rotation : 0;
    const [rx, ry] = [across(at("radiusX")), down(at("radiusY"))];
    const upright =
      kind === "ellipse"
        ? { xmin: x - rx, ymin: y - ry, xmax: x + rx, ymax: y + ry }
        : { xmin: x, ymin: y, xmax: x + across(at("width")), ymax: y + down(at("height")) };
    // a rectangle is turned about its upper left corner, an ellipse about its middle
    const { xmin, ymin, xmax, ymax } = enclosingTurned(upright, rotation, [x, y]);
    const corners: Corners = [
      [xmin, ymin],
      [xmax, ymax],
    ];
    drawn.box(name, corners, place, rotation % 360 !== 0);
  }
}

const LABELS = ["rectanglelabels", "ellipselabels", "polygonlabels", "keypointlabels", "vectorlabels", "labels"];

function nameIn(value: Fields): string | undefined {
  const [name] = LABELS.flatMap((key) => value[key] ?? []);
  return typeof name === "string" ? name : undefined;
}

function kindOf(value: Fields): string {
  return LABELS.find((key) => key in value) ?? "";
}

/** The first entry of a task's data that looks like a photograph's address. */
function addressOf(task: Fields): string | undefined {
  const data = "data" in task ? asFields(task.data) : task;
  const texts = Object.entries(data).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const named = texts.find(([key]) => /^(image|img|photo|picture)(_?url)?$/i.test(key));
  return (named ?? texts.find(([, text]) => /\.\w{3,4}($|\?)/.test(text) && /[/=.]/.test(text)))?.[1];
}

function cornersOf(value: unknown): Corners {
  if (!Array.isArray(value)) return [];
  const pairs = value.map((entry) => (Array.isArray(entry) ? entry : [asFields(entry).x, asFields(entry).y]));
  return pairs.every((pair) => pair.length === 2 && pair.every(Number.isFinite)) ? (pairs as unknown as Corners) : [];
}

function asFields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}
