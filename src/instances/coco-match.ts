/**
 * COCO's rule of which detection finds which object (pycocotools, `COCOeval.evaluateImg`): from the best score on, each
 * takes the free object that it overlaps most. Crowds, and objects outside a range of areas, neither count as found nor as
 * missed: a detection that finds one of them is ignored, as is one that finds nothing and is outside the range itself.
 */

/** 0.5, 0.55, … 0.95, as numpy's `linspace` has them. */
export const IOU_THRESHOLDS: readonly number[] = linspace(0.5, 0.95, 10);

export type AreaRange = readonly [least: number, most: number];

export interface Matches {
  /** Best first, at most as many as were asked for. */
  readonly scores: readonly number[];
  /** 1 where detection d finds an object at threshold t, at `t · scores + d`. */
  readonly found: Uint8Array;
  /** The same: 1 where it does not count. */
  readonly ignored: Uint8Array;
  /** Objects that count. */
  readonly objects: number;
}

/** @param limit detections of an image that are looked at, the best ones */
export function matchDetections(comparison: Comparison, [least, most]: AreaRange, limit: number): Matches {
  const { truths, overlaps, areas } = comparison;
  const scores = comparison.scores.slice(0, limit);
  const isOutside = (area: number): boolean => area < least || area > most;
  const isIgnored = truths.map(({ area, isCrowd }) => isCrowd || isOutside(area));
  const order = [...truths.keys()].sort((a, b) => Number(isIgnored[a]) - Number(isIgnored[b])); // those that count first
  const found = new Uint8Array(IOU_THRESHOLDS.length * scores.length);
  const ignored = new Uint8Array(found.length);
  for (const [t, threshold] of IOU_THRESHOLDS.entries()) {
    const isTaken = new Uint8Array(truths.length);
    for (let d = 0; d < scores.length; d++) {
      let best = Math.min(threshold, 1 - 1e-10);
      let match = -1;
      for (const g of order) {
        if (isTaken[g] && !truths[g].isCrowd) continue;
        if (match >= 0 && !isIgnored[match] && isIgnored[g]) break;
        const overlap = overlaps[d * truths.length + g];
        if (overlap < best) continue;
        best = overlap;
        match = g;
      }
      const at = t * scores.length + d;
      if (match < 0) {
        ignored[at] = Number(isOutside(areas[d]));
        continue;
      }
      isTaken[match] = 1;
      found[at] = 1;
      ignored[at] = Number(isIgnored[match]);
    }
  }
  return { scores, found, ignored, objects: isIgnored.filter((flag) => !flag).length };
}

/** `count` numbers from `start` to `stop`, to the last bit as numpy has them. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? stop : i * step + start));
}

export interface Comparison {
  /** Detections, best score first; equal scores in the order of the file. */
  readonly scores: readonly number[];
  /** Pixels of each detection. */
  readonly areas: readonly number[];
  readonly truths: readonly TrueInstance[];
  /** IoU of detection d and truth g at `d · truths + g`; for a crowd the share of the detection that lies within it. */
  readonly overlaps: Float64Array;
}

export interface TrueInstance {
  /** Pixels, as the truth's file says. */
  readonly area: number;
  readonly isCrowd: boolean;
}
