/**
 * The figures that weakly supervised papers report of instances: VOC's average precision of regions (AP^r: Hariharan et
 * al. 2014, "Simultaneous detection and segmentation") and the average best overlap (ABO: Pont-Tuset and Van Gool 2015).
 */

import type { Comparison } from "./coco-match";

/** Figures from 0 to 1; −1 where there is no object to find. */
export interface VocFigures {
  readonly APr50: number;
  readonly APr70: number;
  readonly APr75: number;
  /** Mean over objects of the IoU with the detection of their class that covers them best. */
  readonly ABO: number;
}

export const VOC_KEYS: readonly (keyof VocFigures)[] = ["APr50", "APr70", "APr75", "ABO"];

/** The figures of one category. Crowds are no objects: a detection that lies in one by the threshold, and finds none, is ignored. */
export function vocFigures(comparisons: readonly Comparison[]): VocFigures {
  return {
    APr50: regionPrecision(comparisons, 0.5),
    APr70: regionPrecision(comparisons, 0.7),
    APr75: regionPrecision(comparisons, 0.75),
    ABO: averageBestOverlap(comparisons),
  };
}

/** The means over categories that have objects. */
export function meanVocFigures(categories: readonly VocFigures[]): VocFigures {
  const mean = (key: keyof VocFigures): number => {
    const given = categories.map((figures) => figures[key]).filter((figure) => figure >= 0);
    return given.length === 0 ? -1 : given.reduce((sum, figure) => sum + figure, 0) / given.length;
  };
  return { APr50: mean("APr50"), APr70: mean("APr70"), APr75: mean("APr75"), ABO: mean("ABO") };
}

// --- internal ---

/**
 * The area below the curve of precision, made to fall, over recall (VOC from 2010 on). A detection finds the object that
 * it overlaps most, where by `threshold` at least; one that was found already makes it a false alarm.
 */
function regionPrecision(comparisons: readonly Comparison[], threshold: number): number {
  const objects = comparisons.reduce((sum, { truths }) => sum + truths.filter(({ isCrowd }) => !isCrowd).length, 0);
  if (objects === 0) return -1;
  const detections = comparisons.flatMap((of) => hitsOf(of, threshold)).sort((a, b) => b.score - a.score);
  const precisions: number[] = [];
  const isHit: boolean[] = [];
  let hits = 0;
  for (const detection of detections) {
    if (detection.isHit) hits++;
    isHit.push(detection.isHit);
    precisions.push(hits / isHit.length);
  }
  let area = 0;
  let best = 0;
  for (let i = precisions.length - 1; i >= 0; i--) {
    best = Math.max(best, precisions[i]);
    if (isHit[i]) area += best / objects;
  }
  return area;
}

function hitsOf({ scores, truths, overlaps }: Comparison, threshold: number): { score: number; isHit: boolean }[] {
  const isFound = new Uint8Array(truths.length);
  return scores.flatMap((score, d) => {
    let best = -1;
    let isInCrowd = false;
    const overlap = (g: number): number => overlaps[d * truths.length + g];
    for (const [g, { isCrowd }] of truths.entries()) {
      if (isCrowd) isInCrowd ||= overlap(g) >= threshold;
      else if (best < 0 || overlap(g) > overlap(best)) best = g;
    }
    const finds = best >= 0 && overlap(best) >= threshold;
    if (!finds && isInCrowd) return [];
    const isHit = finds && !isFound[best];
    if (isHit) isFound[best] = 1;
    return [{ score, isHit }];
  });
}

function averageBestOverlap(comparisons: readonly Comparison[]): number {
  const best = comparisons.flatMap(({ scores, truths, overlaps }) =>
    truths.flatMap(({ isCrowd }, g) =>
      isCrowd ? [] : [scores.reduce((most, _, d) => Math.max(most, overlaps[d * truths.length + g]), 0)],
    ),
  );
  return best.length === 0 ? -1 : best.reduce((sum, overlap) => sum + overlap, 0) / best.length;
}
