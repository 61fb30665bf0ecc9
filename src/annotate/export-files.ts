/**
 * Labels in the formats of other tools, as files with their places: VOC, COCO (run lengths or polygons), YOLO's
 * segmentation, labelme. Each region of a foreground class is one object; "instances" has an object for each box instead,
 * in the files of `make-pseudo-labels --instances`.
 */

import type { DatasetDescription } from "../data/dataset";
import { encodeLabel, type LabelMap } from "../data/label-png";
import { encodeBoxes } from "../data/voc-xml";
import { type InstanceFile, mergedInstances } from "../instances/instance-file";
import { regionOutline } from "../instances/region-outline";
import { encodeWhere } from "../instances/rle";
import { cocoRle } from "../instances/write-coco";
import { type LabelRegion, labelRegions } from "./label-regions";
import type { LabelledObjects } from "./object-files";
import type { ExportFormat } from "./protocol";

export const EXPORT_FORMATS: readonly ExportFormat[] = [
  "voc",
  "coco-rle",
  "coco-polygons",
  "yolo",
  "labelme",
  "instances",
];

export interface LabelledFile {
  readonly name: string;
  /** The photograph's file name. */
  readonly file: string;
  readonly label: LabelMap;
  /** The objects of its boxes, where there are any. */
  readonly objects?: () => Promise<LabelledObjects | undefined>;
}

export interface ExportedFile {
  /** Forward slashes, relative. */
  readonly path: string;
  readonly bytes: Uint8Array | string;
}

/** The files of an export, one label in memory at a time. */
export async function* exportFiles(
  format: ExportFormat,
  labels: AsyncIterable<LabelledFile>,
  dataset: DatasetDescription,
): AsyncGenerator<ExportedFile> {
  switch (format) {
    case "voc":
      return yield* voc(labels, dataset);
    case "yolo":
      return yield* yolo(labels, dataset);
    case "labelme":
      return yield* labelme(labels, dataset);
    case "instances":
      return yield* instances(labels, dataset);
    default:
      return yield* coco(labels, dataset, format === "coco-polygons");
  }
}

// --- formats ---

async function* voc(labels: AsyncIterable<LabelledFile>, dataset: DatasetDescription): AsyncGenerator<ExportedFile> {
  const names: string[] = [];
  for await (const { name, file, label } of labels) {
    names.push(name);
    const boxes = labelRegions(label, dataset.ignore).map(({ class: index, box }) => ({ class: index, ...box }));
    yield { path: `SegmentationClass/${name}.png`, bytes: encodeLabel(label, dataset.palette) };
    yield { path: `Annotations/${name}.xml`, bytes: encodeBoxes(boxes, file, label, dataset) };
  }
  yield { path: "ImageSets/Segmentation/train.txt", bytes: lines(names) };
  const { classes, palette, ignore } = dataset;
  yield { path: "dataset.json", bytes: json({ classes, palette: palette.slice(0, classes.length), ignore }) };
}

async function* coco(
  labels: AsyncIterable<LabelledFile>,
  { classes, ignore }: DatasetDescription,
  asPolygons: boolean,
): AsyncGenerator<ExportedFile> {
  const images: object[] = [];
  const annotations: object[] = [];
  for await (const { file, label } of labels) {
    const { width, height } = label;
    const image = images.push({ id: images.length + 1, file_name: file, width, height });
    for (const region of labelRegions(label, ignore)) {
      const { xmin, ymin, xmax, ymax } = region.box;
      annotations.push({
        id: annotations.length + 1,
        image_id: image,
        category_id: region.class,
        iscrowd: 0,
        area: region.area,
        bbox: [xmin, ymin, xmax - xmin + 1, ymax - ymin + 1],
        segmentation: asPolygons ? [regionOutline(region, width)] : cocoRle(maskOf(region, label)),
      });
    }
  }
  const categories = classes.flatMap((name, id) => (id === 0 ? [] : [{ id, name }]));
  yield { path: "annotations.json", bytes: json({ images, annotations, categories }) };
}

async function* yolo(
  labels: AsyncIterable<LabelledFile>,
  { classes, ignore }: DatasetDescription,
): AsyncGenerator<ExportedFile> {
  for await (const { name, label } of labels) {
    const { width, height } = label;
    const rows = labelRegions(label, ignore).map((region) => {
      const shares = regionOutline(region, width).map((value, i) =>
        (value / (i % 2 === 0 ? width : height)).toFixed(6),
      );
      return [region.class - 1, ...shares].join(" ");
    });
    yield { path: `labels/${name}.txt`, bytes: lines(rows) };
  }
  const names = classes.slice(1);
  yield { path: "labels/classes.txt", bytes: lines(names) };
  const listed = names.map((name, index) => `  ${index}: ${JSON.stringify(name)}`);
  yield { path: "data.yaml", bytes: lines(["path: .", "train: images", "val: images", "names:", ...listed]) };
}

async function* labelme(
  labels: AsyncIterable<LabelledFile>,
  { classes, ignore }: DatasetDescription,
): AsyncGenerator<ExportedFile> {
  for await (const { name, file, label } of labels) {
    const { width, height } = label;
    const shapes = labelRegions(label, ignore).map((region) => {
      const outline = regionOutline(region, width);
      const points = Array.from({ length: outline.length / 2 }, (_, i) => [outline[2 * i], outline[2 * i + 1]]);
      return { label: classes[region.class], points, group_id: null, shape_type: "polygon", flags: {} };
    });
    const value = {
      version: "5.5.0",
      flags: {},
      shapes,
      imagePath: file,
      imageData: null,
      imageHeight: height,
      imageWidth: width,
    };
    yield { path: `${name}.json`, bytes: json(value) };
  }
}

async function* instances(
  labels: AsyncIterable<LabelledFile>,
  dataset: DatasetDescription,
): AsyncGenerator<ExportedFile> {
  const files: { id: string; content: InstanceFile }[] = [];
  for await (const { name, label, objects } of labels) {
    const found = await objects?.();
    if (found === undefined) continue;
    files.push({ id: name, content: found.file });
    yield { path: `SegmentationClass/${name}.png`, bytes: encodeLabel(label, dataset.palette) };
    if (found.picture !== undefined) yield { path: `SegmentationObject/${name}.png`, bytes: found.picture };
  }
  yield { path: "instances.json", bytes: json(mergedInstances(files, dataset)) };
}

// --- parts ---

function maskOf({ runs }: LabelRegion, { width, height }: LabelMap): ReturnType<typeof encodeWhere> {
  const inside = new Uint8Array(width * height);
  for (let i = 0; i < runs.length; i += 2) inside.fill(1, runs[i], runs[i] + runs[i + 1]);
  return encodeWhere((pixel) => inside[pixel] === 1, { width, height });
}

function lines(rows: readonly string[]): string {
  return rows.map((row) => `${row}\n`).join("");
}

function json(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
