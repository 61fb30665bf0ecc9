/**
 * Which weak labels an image has: boxes, clicks and scribbles from the folders and files that the options name, or from
 * VOC's places where none of a kind is named. Only the kinds that the supervision asks for are read.
 */

import path from "node:path";
import type { ResolvedConfig } from "../../config/make-seeds";
import { fileExists } from "../../data/bounded-file";
import { cocoBoxesOf, readCocoFile } from "../../data/coco";
import type { DatasetDescription, ImageSize } from "../../data/dataset";
import { type LabelmeShapes, readLabelme } from "../../data/labelme";
import { type Point, pointsOf, readPointsFile } from "../../data/points";
import { drawScribbles, readScribbles } from "../../data/scribbles";
import { type Box, readBoxes } from "../../data/voc-boxes";
import { openYoloFolder, readYoloBoxes } from "../../data/yolo";
import { UserError } from "../../errors";
import type { WeakLabels } from "../../seeds/mixed-rule";

export interface WeakLabelsOfImage extends WeakLabels {
  readonly notices: readonly string[];
}

/** @throws UserError "input" for an image whose labels are unusable, or that lacks the one kind asked for */
export type WeakLabelSource = (id: string, size: ImageSize) => Promise<WeakLabelsOfImage>;

/** @throws UserError "input" where a named file is unusable as a whole */
export async function openWeakLabels(config: ResolvedConfig, dataset: DatasetDescription): Promise<WeakLabelSource> {
  const { supervision } = config;
  const wants = (kind: "box" | "point" | "scribble"): boolean => supervision === kind || supervision === "mixed";
  const boxes = wants("box") ? await openBoxes(config, dataset) : noReader;
  const points = wants("point") ? await openPoints(config, dataset) : noReader;
  const strokes = wants("scribble") ? openScribbles(config, dataset) : noReader;
  return async (id, size) => {
    const notices: string[] = [];
    const notice = (messages: readonly string[]): void => void notices.push(...messages);
    const shapes = config.labelme === undefined ? undefined : await labelmeOf(config.labelme, id, dataset, size);
    if (shapes !== undefined) notice(shapes.notices);
    const allBoxes = [...((await boxes(id, size, notice)) ?? []), ...(wants("box") ? (shapes?.boxes ?? []) : [])];
    const allPoints = [...((await points(id, size, notice)) ?? []), ...(wants("point") ? (shapes?.points ?? []) : [])];
    const drawn =
      wants("scribble") && shapes !== undefined ? drawLines(shapes, id, config, dataset, size, notice) : undefined;
    const found: WeakLabelsOfImage = {
      boxes: allBoxes,
      points: allPoints,
      strokes: drawn ?? (await strokes(id, size, notice)),
      notices,
    };
    const missing =
      (supervision === "box" && allBoxes.length === 0) ||
      (supervision === "point" && allPoints.length === 0) ||
      (supervision === "scribble" && found.strokes === undefined);
    if (missing)
      throw new UserError(
        "input",
        `no ${{ box: "boxes", point: "clicks", scribble: "scribbles" }[supervision as "box"]}`,
      );
    return found;
  };
}

// --- internal ---

/** Reads one kind of one image; undefined where there is none. */
type Reader<T> = (id: string, size: ImageSize, notice: (messages: readonly string[]) => void) => Promise<T | undefined>;

const noReader: Reader<never> = async () => undefined;

async function openBoxes(config: ResolvedConfig, dataset: DatasetDescription): Promise<Reader<Box[]>> {
  const { coco, yolo, yoloClasses, labelme, boxXmlPath, voc12Root } = config;
  const cocoFile = coco === undefined ? undefined : await readCocoFile(coco);
  const yoloFolder = yolo === undefined ? undefined : await openYoloFolder(yolo, dataset, yoloClasses);
  const named = coco ?? yolo ?? labelme;
  const xmlFolder = boxXmlPath ?? (named === undefined ? path.join(voc12Root, "Annotations") : undefined);
  return async (id, size, notice) => {
    const xml = xmlFolder === undefined ? undefined : path.join(xmlFolder, `${id}.xml`);
    const sources = [
      xml !== undefined && (await fileExists(xml)) ? await readBoxes(xml, dataset, size) : undefined,
      cocoFile && cocoBoxesOf(cocoFile, id, dataset, size),
      yoloFolder && (await readYoloBoxes(yoloFolder, id, dataset, size)),
    ];
    return sources.flatMap((source) => {
      notice(source?.notices ?? []);
      return source?.boxes ?? [];
    });
  };
}

async function openPoints(config: ResolvedConfig, dataset: DatasetDescription): Promise<Reader<Point[]>> {
  const usual = path.join(config.voc12Root, "points.json");
  const optional = config.points === undefined && (config.supervision === "mixed" || config.labelme !== undefined);
  if (optional && !(await fileExists(usual))) return noReader;
  const file = await readPointsFile(config.points ?? usual);
  return async (id, size) => pointsOf(file, id, dataset, size);
}

function openScribbles(
  { scribbles, voc12Root, scribbleWidth }: ResolvedConfig,
  dataset: DatasetDescription,
): Reader<Uint8Array> {
  const folder = scribbles ?? path.join(voc12Root, "Scribbles");
  return async (id, size, notice) => {
    const read = await readScribbles(folder, id, dataset, size, scribbleWidth);
    notice(read?.notices ?? []);
    return read?.label.data;
  };
}

async function labelmeOf(
  folder: string,
  id: string,
  dataset: DatasetDescription,
  size: ImageSize,
): Promise<LabelmeShapes | undefined> {
  const file = path.join(folder, `${id}.json`);
  return (await fileExists(file)) ? readLabelme(file, dataset, size) : undefined;
}

function drawLines(
  { scribbles }: LabelmeShapes,
  id: string,
  { labelme, scribbleWidth }: ResolvedConfig,
  dataset: DatasetDescription,
  size: ImageSize,
  notice: (messages: readonly string[]) => void,
): Uint8Array | undefined {
  if (scribbles.length === 0) return undefined;
  const { label, notices } = drawScribbles(scribbles, size, dataset.ignore, `${labelme}/${id}.json`, scribbleWidth);
  notice(notices);
  return label.data;
}
