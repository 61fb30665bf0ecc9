/**
 * Every way from a box to a mask that scripts/measure-instances.ts compares, on one photograph: filled boxes, GrabCut in
 * each box, connected components of the class label, and our two rules for boxes that overlap.
 */

import type { ImageSize } from "../../src/data/dataset";
import type { RgbImage } from "../../src/data/image";
import type { LabelMap } from "../../src/data/label-png";
import { pixelsInside } from "../../src/data/turned-box";
import type { Box } from "../../src/data/voc-boxes";
import { handcraftedGraph } from "../../src/handcrafted/graph";
import { cocoMask } from "../../src/instances/coco-segmentation";
import type { CocoImage, CocoTruth } from "../../src/instances/coco-truth";
import { instanceLabels } from "../../src/instances/instance-labels";
import { isInEllipse, isWithin, type Span, spanOf } from "../../src/instances/instance-mark";
import { boxMarks, strokeMarks } from "../../src/instances/mark-sources";
import type { CellGraph } from "../../src/instances/mark-walk";
import { intersection } from "../../src/instances/mask-overlap";
import { encodeMask, encodeWhere, maskArea, type Rle } from "../../src/instances/rle";
import { reducedImage } from "../../src/label-photograph/reduced-input";
import type { GrabCut } from "../../src/seeds/grabcut";
import { CELL } from "../../src/window/windowed-map";

export interface TrueObject {
  readonly box: Box;
  readonly mask: Rle;
  /** Its box meets another of its class. */
  readonly meets: boolean;
}

export const WAYS = [
  "filled boxes",
  "filled ellipses",
  "GrabCut in each box",
  "GrabCut in each box, empty answers filled",
  "connected components of the class label",
  "class label, the smaller box wins",
  "class label, the graph decides",
  "class label, the graph decides, lost objects left",
  "class label, the graph decides, filled below 0.05",
  "class label, the graph decides, filled below 0.2",
  "class label, the graph decides, filled below 0.5",
] as const;

export type Way = (typeof WAYS)[number];

/** The radius of boxes' graphs. */
const RADIUS = 4;

/** The objects of a photograph that are no crowd and have a box. */
export function objectsOf(truth: CocoTruth, image: CocoImage, classes: readonly string[]): TrueObject[] {
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

/** What the graph is built from: the photograph, reduced to this longest side as it was for its label; 0: not reduced. */
export interface GraphOf {
  readonly photograph: RgbImage;
  readonly graphSide: number;
}

/** @returns a mask an object, in order, of each way; without `grabCut` none of GrabCut's */
export async function masksOf(
  objects: readonly TrueObject[],
  label: LabelMap,
  { photograph, graphSide }: GraphOf,
  grabCut: GrabCut | undefined,
): Promise<Map<Way, readonly Rle[]>> {
  const boxes = objects.map(({ box }) => box);
  const marks = boxMarks(boxes);
  const graph = graphOf(photograph, graphSide);
  const ofRule = (rule: "graph" | "smaller", leastShare?: number): Rle[] => {
    const pixels = { label, probabilities: new Float32Array(0), classes: [] };
    return instanceLabels(pixels, marks, graph, { rule, leastShare }).instances.map(({ mask }) => mask);
  };
  const filled = marks.map((mark) => filledMask(spanOf(mark, label), label));
  const ways = new Map<Way, readonly Rle[]>([["filled boxes", filled]]);
  ways.set("filled ellipses", marks.map((mark) => ellipseMask(spanOf(mark, label), label))); // biome-ignore format: one way
  if (grabCut !== undefined) {
    const cuts = await cutsOf(boxes, filled, photograph, grabCut);
    ways.set("GrabCut in each box", cuts);
    ways.set("GrabCut in each box, empty answers filled", cuts.map((mask, i) => (maskArea(mask) === 0 ? filled[i] : mask))); // biome-ignore format: one way
  }
  ways.set("connected components of the class label", componentsOf(boxes, filled, label));
  ways.set("class label, the smaller box wins", ofRule("smaller"));
  ways.set("class label, the graph decides", ofRule("graph"));
  ways.set("class label, the graph decides, lost objects left", ofRule("graph", 0));
  for (const share of [0.05, 0.2, 0.5] as const)
    ways.set(`class label, the graph decides, filled below ${share}`, ofRule("graph", share));
  return ways;
}

// --- internal ---

function graphOf(photograph: RgbImage, side: number): CellGraph {
  const small = reducedImage(photograph, side);
  const { affinity } = handcraftedGraph(small, RADIUS);
  return { affinity, cell: CELL * Math.max(photograph.width / small.width, photograph.height / small.height) };
}

function ellipseMask(span: Span, size: ImageSize): Rle {
  return encodeWhere((pixel) => isInEllipse(span, pixel % size.width, Math.floor(pixel / size.width)), size);
}

function filledMask(span: ReturnType<typeof spanOf>, size: ImageSize): Rle {
  return encodeWhere((pixel) => isWithin(span, pixel % size.width, Math.floor(pixel / size.width)), size);
}

/** What OpenCV refuses, a box that is the whole photograph, counts as the filled box. */
async function cutsOf(
  boxes: readonly Box[],
  filled: readonly Rle[],
  photograph: RgbImage,
  grabCut: GrabCut,
): Promise<Rle[]> {
  const cuts: Rle[] = [];
  for (const [i, box] of boxes.entries()) {
    const answer = await grabCut.cut(photograph, box);
    cuts.push("failure" in answer ? filled[i] : encodeMask(answer.foreground, photograph));
  }
  return cuts;
}

/** The component of the box's class that has most pixels in the box. */
function componentsOf(boxes: readonly Box[], filled: readonly Rle[], label: LabelMap): Rle[] {
  const parts = strokeMarks(label, 255).map(({ class: value, pixels = [] }) => {
    const mask = new Uint8Array(label.data.length);
    for (const pixel of Array.from(pixels)) mask[pixel] = 1;
    return { class: value, mask: encodeMask(mask, label) };
  });
  return boxes.map((box, i) => {
    let best: { mask: Rle; both: number } | undefined;
    for (const part of parts) {
      const both = part.class === box.class ? intersection(part.mask, filled[i]) : 0;
      if (both > (best?.both ?? 0)) best = { mask: part.mask, both };
    }
    return best?.mask ?? encodeWhere(() => false, label);
  });
}
