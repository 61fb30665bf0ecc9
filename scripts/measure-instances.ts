/**
 * How good instance labels are on a data set whose true instances are known: every box's mask beside filled boxes and
 * ellipses, GrabCut, connected components of the class label, and the rules for boxes that overlap and for objects that the
 * class label has lost. With the true class labels as LABELS it shows what telling objects apart costs by itself.
 *
 *     npx a2gnn make-pseudo-labels --supervision box --voc12-root DATA --infer-list LIST --graph-side 384 --save-path LABELS --instances
 *     npx tsx scripts/measure-instances.ts DATA LIST LABELS --graph-side 384 [--grabcut] [--cache FOLDER]
 *
 * Labels take a minute a photograph and are made once; every rule is applied to them here, a second a photograph. Only the
 * confidence is that of the masks that LABELS holds. DATA holds instances.json beside JPEGImages; photographs of the list
 * without a label are left out and counted. With --cache what was measured of a photograph is kept, and a run that was
 * stopped resumes.
 *
 * Prints tables in Markdown: mean IoU of an object and its box's mask with an interval of 95 % (photographs drawn again with
 * repetition, 2,000 times), the share of objects above 0.5 and 0.75, the same of those alone whose box meets another of
 * their class; and COCO's AP of the masks, scored by the order of the boxes in the file and by our confidence.
 */

import fs from "node:fs/promises";
import path from "node:path";

import { writeAtomic } from "../src/atomic-write";
import { fileExists } from "../src/data/bounded-file";
import { type DatasetDescription, readDataset } from "../src/data/dataset";
import { findImage, readRgb } from "../src/data/image";
import { readImageList } from "../src/data/image-list";
import { readLabel } from "../src/data/label-png";
import { categoryCurves, cocoFigures } from "../src/instances/coco-ap";
import { type CocoImage, type CocoTruth, imageName, readCocoTruth } from "../src/instances/coco-truth";
import { compareInstances } from "../src/instances/compare-instances";
import { maskIou } from "../src/instances/mask-overlap";
import { type CocoRle, cocoRle } from "../src/instances/write-coco";
import { deriveSeed, Random } from "../src/random";
import { type GrabCut, openGrabCut } from "../src/seeds/grabcut";
import { masksOf, objectsOf, type TrueObject, WAYS, type Way } from "./instances/mask-ways";

const DRAWS = 2000;
const GRAPH: Way = "class label, the graph decides";
const COMPARED: readonly Way[] = ["filled boxes", "filled ellipses", "class label, the smaller box wins"];

/** One object of a photograph. */
interface Measured {
  readonly category: string;
  readonly meets: boolean;
  /** Our confidence, where LABELS has instances. */
  readonly score?: number;
  readonly ways: Readonly<Partial<Record<Way, { readonly iou: number; readonly mask: CocoRle }>>>;
}

interface Photograph {
  readonly id: string;
  readonly objects: readonly Measured[];
}

interface Options {
  readonly root: string;
  readonly labels: string;
  readonly grabCut: GrabCut | undefined;
  readonly graphSide: number;
  readonly cache?: string;
}

async function main(words: string[]): Promise<void> {
  const value = (flag: string): string | undefined => {
    const at = words.indexOf(flag);
    return at < 0 ? undefined : words.splice(at, 2)[1];
  };
  const cache = value("--cache");
  const graphSide = Number(value("--graph-side") ?? 0);
  const [root, list, labels, ...flags] = words;
  const dataset = await readDataset(root);
  const truth = await readCocoTruth(path.join(root, "instances.json"));
  const { ids } = await readImageList(list, root);
  const grabCut = flags.includes("--grabcut") ? openGrabCut() : undefined;
  const measured: Photograph[] = [];
  try {
    for (const id of ids) {
      if (!(await fileExists(path.join(labels, `${id}.png`)))) continue;
      measured.push(await photographOf(id, truth, dataset, { root, labels, grabCut, graphSide, cache }));
      process.stderr.write(
        `${measured.length}/${ids.length} ${id}: ${measured[measured.length - 1].objects.length} objects\n`,
      );
    }
  } finally {
    await grabCut?.close();
  }
  const objects = measured.flatMap((each) => each.objects);
  const meeting = objects.filter(({ meets }) => meets).length;
  print([
    `${measured.length} of ${ids.length} photographs, ${objects.length} objects, ${meeting} of them meeting another of their class`,
    "",
    ...overlapTable(measured),
    "",
    ...COMPARED.map((way) => differenceLine(measured, way)),
    "",
    ...(await precisionTable(measured, truth)),
    ...confidenceLines(measured),
  ]);
}

async function photographOf(
  id: string,
  truth: CocoTruth,
  dataset: DatasetDescription,
  options: Options,
): Promise<Photograph> {
  const file = options.cache === undefined ? undefined : path.join(options.cache, `${id}.json`);
  if (file !== undefined && (await fileExists(file))) return JSON.parse(await fs.readFile(file, "utf8")) as Photograph;
  const image = truth.images.find((each) => imageName(each) === id);
  if (image === undefined) throw new Error(`no image ${id} in instances.json`);
  const measured = { id, objects: await measure(id, objectsOf(truth, image, dataset.classes), dataset, options) };
  if (file !== undefined) await writeAtomic(file, JSON.stringify(measured));
  return measured;
}

async function measure(
  id: string,
  objects: readonly TrueObject[],
  { classes }: DatasetDescription,
  { root, labels, grabCut, graphSide }: Options,
): Promise<Measured[]> {
  const label = await readLabel(path.join(labels, `${id}.png`));
  const photograph = await readRgb(await findImage(root, id));
  const scores = await scoresOf(path.join(labels, "instances", "coco", `${id}.json`), objects);
  const ways = await masksOf(objects, label, { photograph, graphSide }, grabCut);
  return objects.map(({ box, mask: truth, meets }, i) => ({
    category: classes[box.class],
    meets,
    score: scores?.[i],
    ways: Object.fromEntries(
      [...ways].map(([way, masks]) => [way, { iou: maskIou(masks[i], truth), mask: cocoRle(masks[i]) }]),
    ),
  }));
}

/** Each object's confidence as `make-pseudo-labels` wrote it, found by its box: 0 where it got no pixel. */
async function scoresOf(file: string, objects: readonly TrueObject[]): Promise<number[] | undefined> {
  if (!(await fileExists(file))) return undefined;
  const { annotations } = JSON.parse(await fs.readFile(file, "utf8")) as {
    annotations: { category_id: number; bbox: number[]; score: number }[];
  };
  return objects.map(({ box }) => {
    const own = annotations.filter(({ category_id }) => category_id === box.class);
    const apart = ([x, y, w, h]: readonly number[]): number =>
      Math.max(...[x - box.xmin, y - box.ymin, x + w - 1 - box.xmax, y + h - 1 - box.ymax].map(Math.abs));
    const [best] = own.sort((a, b) => apart(a.bbox) - apart(b.bbox));
    return best === undefined || apart(best.bbox) > 2 ? 0 : best.score; // VOC's boxes are whole pixels
  });
}

// --- figures ---

function overlapTable(measured: readonly Photograph[]): string[] {
  const head = ["%", "mean IoU", "95 %", "> 0.5", "> 0.75", "mean IoU, meeting", "95 %", "> 0.5", "> 0.75"];
  const rows = waysOf(measured).map((way) => [
    way,
    ...figures(measured, way, () => true),
    ...figures(measured, way, ({ meets }) => meets),
  ]);
  return table(head, rows);
}

function figures(measured: readonly Photograph[], way: Way, counts: (object: Measured) => boolean): string[] {
  const ious = measured.map(({ objects }) => objects.filter(counts).map((object) => object.ways[way]?.iou ?? 0));
  const all = ious.flat();
  const share = (least: number): string => percent(all.filter((iou) => iou > least).length / all.length);
  const [low, high] = interval(ious);
  return [percent(mean(all)), `${percent(low)}–${percent(high)}`, share(0.5), share(0.75)];
}

/** By how much the graph's masks are better than those of another way, on the same draws of photographs. */
function differenceLine(measured: readonly Photograph[], other: Way): string {
  const iou = (object: Measured, way: Way): number => object.ways[way]?.iou ?? 0;
  const gain = (counts: (object: Measured) => boolean): string => {
    const gains = measured.map(({ objects }) =>
      objects.filter(counts).map((object) => iou(object, GRAPH) - iou(object, other)),
    );
    const [low, high] = interval(gains);
    return `${percent(mean(gains.flat()))} (${percent(low)} to ${percent(high)})`;
  };
  return `"${GRAPH}" less "${other}": ${gain(() => true)} points of IoU; of objects that meet another ${gain(({ meets }) => meets)}.`;
}

/** 95 % of the means over draws of whole photographs. @param groups values by photograph */
function interval(groups: readonly (readonly number[])[]): [low: number, high: number] {
  const random = new Random(deriveSeed(0, "photographs"));
  const means = Array.from({ length: DRAWS }, () => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < groups.length; i++) {
      const group = groups[random.integer(groups.length)];
      for (const each of group) sum += each;
      count += group.length;
    }
    return count === 0 ? 0 : sum / count;
  }).sort((a, b) => a - b);
  return [means[Math.floor(0.025 * DRAWS)], means[Math.ceil(0.975 * DRAWS) - 1]];
}

async function precisionTable(measured: readonly Photograph[], truth: CocoTruth): Promise<string[]> {
  const images = truth.images.filter((image) => measured.some(({ id }) => id === imageName(image)));
  const ap = async (way: Way, scoreOf: (object: Measured, place: number) => number): Promise<string[]> => {
    const results = measured.flatMap(({ id, objects }) => resultsOf(id, objects, way, scoreOf, images, truth));
    const { masks = [] } = await compareInstances(truth, images, results);
    const { AP, AP50, AP75 } = cocoFigures(masks.map(categoryCurves));
    return [AP, AP50, AP75].map(percent);
  };
  const scored = measured.every(({ objects }) => objects.every(({ score }) => score !== undefined));
  const head = ["masks, scored by", "order: AP", "AP50", "AP75", ...(scored ? ["confidence: AP", "AP50", "AP75"] : [])];
  const rows: string[][] = [];
  for (const way of waysOf(measured)) {
    const byOrder = await ap(way, (_, place) => 1 / (1 + place));
    rows.push([way, ...byOrder, ...(scored ? await ap(way, ({ score = 0 }) => score) : [])]);
  }
  return table(head, rows);
}

function resultsOf(
  id: string,
  objects: readonly Measured[],
  way: Way,
  scoreOf: (object: Measured, place: number) => number,
  images: readonly CocoImage[],
  { categories }: CocoTruth,
) {
  const image = images.find((each) => imageName(each) === id) as CocoImage;
  return objects.map((object, place) => ({
    imageId: image.id,
    categoryId: (categories.find(({ name }) => name === object.category) as { id: CocoImage["id"] }).id,
    score: scoreOf(object, place),
    segmentation: object.ways[way]?.mask,
    where: `${way}, object ${place + 1} of ${id}`,
  }));
}

/** Whether confidence says anything of the IoU: rank correlation, and the objects that a person would look at first. */
function confidenceLines(measured: readonly Photograph[]): string[] {
  const objects = measured.flatMap((each) => each.objects);
  if (objects.some(({ score }) => score === undefined)) return [];
  const ious = objects.map(({ ways }) => ways[GRAPH]?.iou ?? 0);
  const scores = objects.map(({ score = 0 }) => score);
  const order = [...objects.keys()].sort((a, b) => scores[a] - scores[b]);
  const quarter = Math.max(1, Math.floor(objects.length / 4));
  const of = (places: readonly number[]): string => percent(mean(places.map((place) => ious[place])));
  const line = `Confidence and IoU: rank correlation ${correlation(ranks(scores), ranks(ious)).toFixed(2)}; mean IoU of the quarter of the least sure ${of(order.slice(0, quarter))}, of the surest ${of(order.slice(-quarter))}.`;
  return ["", line];
}

/** Equal values share the mean of their ranks. */
function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const [below, same] = [
      values.filter((each) => each < value).length,
      values.filter((each) => each === value).length,
    ];
    return below + (same - 1) / 2;
  });
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const moment = (x: readonly number[], mx: number, y: readonly number[], my: number): number =>
    x.reduce((sum, each, i) => sum + (each - mx) * (y[i] - my), 0);
  return moment(a, meanA, b, meanB) / Math.sqrt(moment(a, meanA, a, meanA) * moment(b, meanB, b, meanB));
}

function waysOf(measured: readonly Photograph[]): Way[] {
  return WAYS.filter((way) => measured.some(({ objects }) => objects.some(({ ways }) => ways[way] !== undefined)));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(value: number): string {
  return (100 * value).toFixed(1);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, ["---", ...head.slice(1).map(() => "---:")], ...rows].map((row) => `| ${row.join(" | ")} |`);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
