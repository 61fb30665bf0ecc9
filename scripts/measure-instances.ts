/**
 * How good instance labels are on a data set whose true instances are known: every box's mask beside filled boxes,
 * GrabCut, connected components of the class label, and the two rules for boxes that overlap. With the true class labels
 * as LABELS it shows what telling objects apart costs by itself.
 *
 *     npx a2gnn make-pseudo-labels --supervision box --voc12-root DATA --infer-list LIST --save-path LABELS
 *     npx tsx scripts/measure-instances.ts DATA LIST LABELS [--grabcut]
 *
 * DATA holds instances.json beside JPEGImages. Prints a table in Markdown: mean IoU of an object and its box's mask, the
 * share of objects above 0.5 and 0.75, and the same of those alone whose box meets another of their class.
 */

import path from "node:path";

import { readDataset } from "../src/data/dataset";
import { findImage, type RgbImage, readRgb } from "../src/data/image";
import { readImageList } from "../src/data/image-list";
import { type LabelMap, readLabel } from "../src/data/label-png";
import { pixelsInside } from "../src/data/turned-box";
import type { Box } from "../src/data/voc-boxes";
import { handcraftedGraph } from "../src/handcrafted/graph";
import { cocoMask } from "../src/instances/coco-segmentation";
import { type CocoImage, type CocoTruth, imageName, readCocoTruth } from "../src/instances/coco-truth";
import { instanceLabels } from "../src/instances/instance-labels";
import { isWithin, spanOf } from "../src/instances/instance-mark";
import { boxMarks, strokeMarks } from "../src/instances/mark-sources";
import { intersection, maskIou } from "../src/instances/mask-overlap";
import { encodeMask, encodeWhere, type Rle } from "../src/instances/rle";
import { type GrabCut, openGrabCut } from "../src/seeds/grabcut";
import { CELL } from "../src/window/windowed-map";

const RADIUS = 4;

interface TrueObject {
  readonly box: Box;
  readonly mask: Rle;
  /** Its box meets another of its class. */
  readonly meets: boolean;
}

async function main([root, list, labels, ...flags]: readonly string[]): Promise<void> {
  const dataset = await readDataset(root);
  const truth = await readCocoTruth(path.join(root, "instances.json"));
  const { ids } = await readImageList(list, root);
  const grabCut = flags.includes("--grabcut") ? openGrabCut() : undefined;
  const scores = new Map<string, { iou: number; meets: boolean }[]>();
  try {
    for (const id of ids) {
      const image = truth.images.find((each) => imageName(each) === id);
      if (image === undefined) throw new Error(`no image ${id} in instances.json`);
      const objects = objectsOf(truth, image, dataset.classes);
      const label = await readLabel(path.join(labels, `${id}.png`));
      const photograph = await readRgb(await findImage(root, id));
      for (const [name, masks] of await variants(objects, label, photograph, grabCut)) {
        const of = scores.get(name) ?? [];
        scores.set(name, of);
        of.push(...masks.map((mask, i) => ({ iou: maskIou(mask, objects[i].mask), meets: objects[i].meets })));
      }
      process.stderr.write(`${id}: ${objects.length} objects\n`);
    }
  } finally {
    await grabCut?.close();
  }
  print(scores, ids.length);
}

function objectsOf(truth: CocoTruth, image: CocoImage, classes: readonly string[]): TrueObject[] {
  const nameOf = new Map(truth.categories.map(({ id, name }) => [id, name]));
  const found = truth.annotations
    .filter(({ imageId, isCrowd, box }) => imageId === image.id && !isCrowd && box !== undefined)
    .map(({ box: [x, y, w, h] = [0, 0, 0, 0], categoryId, segmentation }) => ({
      box: { ...pixelsInside(x, y, x + w, y + h), class: classes.indexOf(nameOf.get(categoryId) ?? "") },
      mask: cocoMask(segmentation, image, `image ${image.fileName}`),
    }));
  const meet = (a: Box, b: Box): boolean =>
    a.class === b.class && a.xmin <= b.xmax && b.xmin <= a.xmax && a.ymin <= b.ymax && b.ymin <= a.ymax;
  return found.map((object, i) => ({ ...object, meets: found.some(({ box }, j) => i !== j && meet(object.box, box)) }));
}

async function variants(
  objects: readonly TrueObject[],
  label: LabelMap,
  photograph: RgbImage,
  grabCut: GrabCut | undefined,
): Promise<Map<string, Rle[]>> {
  const boxes = objects.map(({ box }) => box);
  const marks = boxMarks(boxes);
  const { affinity } = handcraftedGraph(photograph, RADIUS);
  const graph = { affinity, cell: CELL };
  const ofRule = (of: LabelMap, rule: "graph" | "smaller", leastShare?: number): Rle[] => {
    const pixels = { label: of, probabilities: new Float32Array(0), classes: [] };
    return instanceLabels(pixels, marks, graph, { rule, leastShare }).instances.map(({ mask }) => mask);
  };
  const spans = marks.map((mark) => spanOf(mark, label));
  const within = (i: number, x: number, y: number): boolean => isWithin(spans[i], x, y);
  const filled = boxes.map((_, i) =>
    encodeWhere((pixel) => within(i, pixel % label.width, Math.floor(pixel / label.width)), label),
  );
  const parts = strokeMarks(label, 255).map(({ class: value, pixels = [] }) => {
    const mask = new Uint8Array(label.data.length);
    for (const pixel of Array.from(pixels)) mask[pixel] = 1;
    return { class: value, mask: encodeMask(mask, label) };
  });
  const components = boxes.map((box, i) => {
    const own = parts.filter((part) => part.class === box.class);
    const best = own.reduce<{ mask?: Rle; both: number }>(
      (most, { mask }) => {
        const both = intersection(mask, filled[i]);
        return both > most.both ? { mask, both } : most;
      },
      { both: 0 },
    );
    return best.mask ?? encodeWhere(() => false, label);
  });
  const cuts: Rle[] = [];
  for (const [i, box] of grabCut === undefined ? [] : boxes.entries()) {
    const answer = await (grabCut as GrabCut).cut(photograph, box);
    cuts.push("failure" in answer ? filled[i] : encodeMask(answer.foreground, label));
  }
  return new Map([
    ["filled boxes", filled],
    ...(grabCut === undefined ? [] : ([["GrabCut in each box", cuts]] as const)),
    ["connected components of the class label", components],
    ["class label, the smaller box wins", ofRule(label, "smaller")],
    ["class label, the graph decides", ofRule(label, "graph")],
    ["class label, the graph decides, lost objects left", ofRule(label, "graph", 0)],
  ]);
}

function print(scores: ReadonlyMap<string, readonly { iou: number; meets: boolean }[]>, images: number): void {
  const figures = (ious: readonly number[]): string[] => {
    const share = (least: number): number => ious.filter((iou) => iou > least).length / ious.length;
    const mean = ious.reduce((sum, iou) => sum + iou, 0) / ious.length;
    return [mean, share(0.5), share(0.75)].map((value) => (100 * value).toFixed(1));
  };
  const [first] = scores.values();
  const meeting = first.filter(({ meets }) => meets).length;
  const head = ["%", "mean IoU", "> 0.5", "> 0.75", "mean IoU, meeting", "> 0.5", "> 0.75"];
  const rows = [...scores].map(([name, of]) => [
    name,
    ...figures(of.map(({ iou }) => iou)),
    ...figures(of.filter(({ meets }) => meets).map(({ iou }) => iou)),
  ]);
  process.stdout.write(
    `${images} images, ${first.length} objects, ${meeting} of them meeting another of their class\n\n`,
  );
  for (const row of [head, ["---", ...head.slice(1).map(() => "---:")], ...rows])
    process.stdout.write(`| ${row.join(" | ")} |\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
