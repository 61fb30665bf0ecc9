/**
 * Detections and truth brought together, image by image: overlaps of masks and of boxes, per category. Only one image's
 * masks are in memory at a time.
 */

import { expected } from "../errors";
import type { Comparison } from "./coco-match";
import type { CocoResult } from "./coco-results";
import { cocoMask } from "./coco-segmentation";
import type { CocoAnnotation, CocoId, CocoImage, CocoTruth } from "./coco-truth";
import { boxIou, maskIou } from "./mask-overlap";
import { type CocoBox, maskArea, maskBox, type Rle } from "./rle";

export interface InstanceComparisons {
  /** For each category of the truth, in its order, what each image holds of it. Undefined where there are no masks. */
  readonly masks?: readonly (readonly Comparison[])[];
  readonly boxes: readonly (readonly Comparison[])[];
}

/** An object or detection drawn for comparing. */
interface Drawn {
  readonly mask?: Rle;
  /** Around the mask's pixels: masks whose extents are apart need no walk along their runs. */
  readonly extent: CocoBox;
  readonly box: CocoBox;
  readonly maskArea: number;
  readonly boxArea: number;
}

interface DrawnTruth extends Drawn {
  readonly isCrowd: boolean;
}

/**
 * @param images those of the truth that count, ascending by id
 * @param onImage called after each
 * @throws UserError "input" where a mask or box is missing or cannot be drawn
 */
export async function compareInstances(
  truth: CocoTruth,
  images: readonly CocoImage[],
  results: readonly CocoResult[],
  onImage: (done: number, image: CocoImage) => void | Promise<void> = () => undefined,
): Promise<InstanceComparisons> {
  const withMasks = haveMasks(truth, results);
  const masks = truth.categories.map((): Comparison[] => []);
  const boxes = truth.categories.map((): Comparison[] => []);
  const annotationsOf = grouped(truth.annotations);
  const resultsOf = grouped(results);
  for (const [index, image] of images.entries()) {
    for (const [c, { id }] of truth.categories.entries()) {
      const inCategory = (entry: { categoryId: CocoId }): boolean => entry.categoryId === id;
      const annotations = (annotationsOf.get(image.id) ?? []).filter(inCategory);
      const found = (resultsOf.get(image.id) ?? []).filter(inCategory);
      if (annotations.length + found.length === 0) continue;
      const truths = annotations.map((annotation) => drawTruth(annotation, image, withMasks, truth.file));
      const byScore = found.sort((a, b) => b.score - a.score); // stable
      const detections = byScore.map((result) => drawResult(result, image, withMasks));
      const scores = byScore.map(({ score }) => score);
      boxes[c].push(boxComparison(scores, detections, truths));
      if (withMasks) masks[c].push(maskComparison(scores, detections, truths));
    }
    await onImage(index + 1, image);
  }
  return withMasks ? { masks, boxes } : { boxes };
}

// --- internal ---

/** Masks are compared where both sides have them; a side that has some and lacks others is a mistake. */
function haveMasks(truth: CocoTruth, results: readonly CocoResult[]): boolean {
  const without = truth.annotations.filter(({ segmentation }) => segmentation === undefined);
  const bare = results.filter(({ segmentation }) => segmentation === undefined);
  const some = (all: readonly unknown[], lacking: readonly unknown[]): boolean =>
    lacking.length > 0 && lacking.length < all.length;
  if (some(truth.annotations, without))
    throw expected(
      "input",
      'a "segmentation" in every annotation or in none',
      `${without.length} of ${truth.annotations.length} without, the first with id ${JSON.stringify(without[0].id)}`,
      truth.file,
    );
  if (some(results, bare))
    throw expected(
      "input",
      'a "segmentation" in every result or in none',
      `${bare.length} of ${results.length} without`,
      `${bare[0].where} the first`,
    );
  return without.length === 0 && bare.length === 0;
}

function drawTruth(annotation: CocoAnnotation, image: CocoImage, withMasks: boolean, file: string): DrawnTruth {
  const where = `annotation ${JSON.stringify(annotation.id)} in ${file}`;
  const drawn = draw(annotation, image, withMasks, where);
  // COCO's truth has one area for both, the mask's.
  const area = annotation.area ?? (drawn.mask === undefined ? drawn.boxArea : drawn.maskArea);
  return { ...drawn, maskArea: area, boxArea: area, isCrowd: annotation.isCrowd };
}

function drawResult(result: CocoResult, image: CocoImage, withMasks: boolean): Drawn {
  return draw(result, image, withMasks, result.where);
}

/** A box that is not given is the mask's, and has the mask's area then, as in pycocotools' `loadRes`. */
function draw(
  { box, segmentation }: Pick<CocoResult, "box" | "segmentation">,
  image: CocoImage,
  withMasks: boolean,
  where: string,
): Drawn {
  const needsMask = withMasks || box === undefined;
  if (needsMask && segmentation === undefined)
    throw expected("input", 'a "segmentation" or a "bbox"', "neither", where);
  const mask = needsMask ? cocoMask(segmentation, image, where) : undefined;
  const pixels = mask === undefined ? 0 : maskArea(mask);
  const extent: CocoBox = mask === undefined ? [0, 0, 0, 0] : maskBox(mask);
  return {
    ...(mask === undefined ? {} : { mask }),
    extent,
    box: box ?? extent,
    maskArea: pixels,
    boxArea: box === undefined ? pixels : box[2] * box[3],
  };
}

function maskComparison(
  scores: readonly number[],
  detections: readonly Drawn[],
  truths: readonly DrawnTruth[],
): Comparison {
  return {
    scores,
    areas: detections.map((each) => each.maskArea),
    truths: truths.map(({ maskArea: area, isCrowd }) => ({ area, isCrowd })),
    overlaps: overlapsOf(detections, truths, (detection, truth) =>
      boxIou(detection.extent, truth.extent) === 0
        ? 0
        : maskIou(detection.mask as Rle, truth.mask as Rle, truth.isCrowd),
    ),
  };
}

function boxComparison(
  scores: readonly number[],
  detections: readonly Drawn[],
  truths: readonly DrawnTruth[],
): Comparison {
  return {
    scores,
    areas: detections.map((each) => each.boxArea),
    truths: truths.map(({ boxArea: area, isCrowd }) => ({ area, isCrowd })),
    overlaps: overlapsOf(detections, truths, (detection, truth) => boxIou(detection.box, truth.box, truth.isCrowd)),
  };
}

function overlapsOf(
  detections: readonly Drawn[],
  truths: readonly DrawnTruth[],
  overlap: (detection: Drawn, truth: DrawnTruth) => number,
): Float64Array {
  return Float64Array.from(detections.flatMap((detection) => truths.map((truth) => overlap(detection, truth))));
}

function grouped<T extends { readonly imageId: CocoId }>(entries: readonly T[]): Map<CocoId, T[]> {
  const groups = new Map<CocoId, T[]>();
  for (const entry of entries) {
    const group = groups.get(entry.imageId);
    if (group === undefined) groups.set(entry.imageId, [entry]);
    else group.push(entry);
  }
  return groups;
}
