/**
 * COCO's average precision and recall (pycocotools, `COCOeval.accumulate` and `summarize`). Precision is read off at 101
 * recalls from 0 to 1, its largest value from there on; AP is its mean over recalls, ten IoU thresholds and categories.
 */

import { type AreaRange, type Comparison, IOU_THRESHOLDS, linspace, type Matches, matchDetections } from "./coco-match";
import { numpyMean } from "./numpy-mean";

/** Figures from 0 to 1; −1 where there is no object to find, as pycocotools has it. */
export interface CocoFigures {
  readonly AP: number;
  readonly AP50: number;
  readonly AP75: number;
  /** AP of objects up to 32² pixels, up to 96², and above. */
  readonly APs: number;
  readonly APm: number;
  readonly APl: number;
  /** Average recall with at most 1, 10, 100 detections a category in each image. */
  readonly AR1: number;
  readonly AR10: number;
  readonly AR100: number;
  readonly ARs: number;
  readonly ARm: number;
  readonly ARl: number;
}

/** Names of the figures in pycocotools' order. */
export const COCO_KEYS: readonly (keyof CocoFigures)[] = [
  ...(["AP", "AP50", "AP75", "APs", "APm", "APl"] as const),
  ...(["AR1", "AR10", "AR100", "ARs", "ARm", "ARl"] as const),
];

export const RECALLS: readonly number[] = linspace(0, 1, 101);

/** What one category's detections reach; undefined instead where it has no object to find. */
export interface CategoryCurves {
  /** Precision at each threshold and recall, at `t · RECALLS + r`; all areas. */
  readonly all: Curves;
  readonly small: Curves | undefined;
  readonly medium: Curves | undefined;
  readonly large: Curves | undefined;
  /** Recall at each threshold with the best detection, and the best ten, of each image. */
  readonly recall1: Float64Array;
  readonly recall10: Float64Array;
}

export interface Curves {
  readonly precision: Float64Array;
  /** At each threshold. */
  readonly recall: Float64Array;
}

const MOST_DETECTIONS = 100;
const ALL: AreaRange = [0, 1e10];
const SMALL: AreaRange = [0, 32 ** 2];
const MEDIUM: AreaRange = [32 ** 2, 96 ** 2];
const LARGE: AreaRange = [96 ** 2, 1e10];

/** @param comparisons of one category, images ascending by id */
export function categoryCurves(comparisons: readonly Comparison[]): CategoryCurves | undefined {
  const curvesIn = (range: AreaRange, limits: readonly number[]): Curves[] | undefined => {
    const matches = comparisons.map((comparison) => matchDetections(comparison, range, MOST_DETECTIONS));
    const objects = matches.reduce((sum, each) => sum + each.objects, 0);
    return objects === 0 ? undefined : limits.map((limit) => curves(matches, objects, limit));
  };
  const all = curvesIn(ALL, [1, 10, MOST_DETECTIONS]);
  if (all === undefined) return undefined;
  const inRange = (range: AreaRange): Curves | undefined => curvesIn(range, [MOST_DETECTIONS])?.[0];
  return {
    all: all[2],
    small: inRange(SMALL),
    medium: inRange(MEDIUM),
    large: inRange(LARGE),
    recall1: all[0].recall,
    recall10: all[1].recall,
  };
}

/** The twelve figures over categories, those without an object left out; of one category, for a figure of its own. */
export function cocoFigures(categories: readonly (CategoryCurves | undefined)[]): CocoFigures {
  const known = categories.filter((each) => each !== undefined);
  const precision = (of: "all" | "small" | "medium" | "large", threshold?: number): number => {
    const maps = known.flatMap((each) => each[of]?.precision ?? []);
    const values: number[] = [];
    for (const [t, iou] of IOU_THRESHOLDS.entries())
      if (threshold === undefined || iou === threshold)
        for (let r = 0; r < RECALLS.length; r++) for (const map of maps) values.push(map[t * RECALLS.length + r]);
    return meanOrNone(values);
  };
  const recall = (recalls: readonly (Float64Array | undefined)[]): number => {
    const given = recalls.filter((each) => each !== undefined);
    return meanOrNone(IOU_THRESHOLDS.flatMap((_, t) => given.map((values) => values[t])));
  };
  return {
    AP: precision("all"),
    AP50: precision("all", 0.5),
    AP75: precision("all", 0.75),
    APs: precision("small"),
    APm: precision("medium"),
    APl: precision("large"),
    AR1: recall(known.map(({ recall1 }) => recall1)),
    AR10: recall(known.map(({ recall10 }) => recall10)),
    AR100: recall(known.map(({ all }) => all.recall)),
    ARs: recall(known.map(({ small }) => small?.recall)),
    ARm: recall(known.map(({ medium }) => medium?.recall)),
    ARl: recall(known.map(({ large }) => large?.recall)),
  };
}

// --- internal ---

function curves(matches: readonly Matches[], objects: number, limit: number): Curves {
  const detections = matches.flatMap((of) => of.scores.slice(0, limit).map((score, d) => ({ of, score, d })));
  detections.sort((a, b) => b.score - a.score); // stable: equal scores stay in the images' order
  const precision = new Float64Array(IOU_THRESHOLDS.length * RECALLS.length);
  const recall = new Float64Array(IOU_THRESHOLDS.length);
  for (const t of IOU_THRESHOLDS.keys()) {
    let [hits, misses] = [0, 0];
    const recalls = new Float64Array(detections.length);
    const precisions = new Float64Array(detections.length);
    for (const [i, { of, d }] of detections.entries()) {
      const at = t * of.scores.length + d;
      if (!of.ignored[at]) {
        if (of.found[at]) hits++;
        else misses++;
      }
      recalls[i] = hits / objects;
      precisions[i] = hits / (misses + hits + Number.EPSILON);
    }
    for (let i = detections.length - 1; i > 0; i--) precisions[i - 1] = Math.max(precisions[i - 1], precisions[i]);
    recall[t] = recalls[detections.length - 1] ?? 0;
    let i = 0;
    for (const [r, wanted] of RECALLS.entries()) {
      while (i < detections.length && recalls[i] < wanted) i++;
      precision[t * RECALLS.length + r] = precisions[i] ?? 0;
    }
  }
  return { precision, recall };
}

function meanOrNone(values: readonly number[]): number {
  return values.length === 0 ? -1 : numpyMean(values);
}
