/** How far labels agree with true masks, with an interval by resampling the photographs. */

import type { DatasetDescription } from "../../src/data/dataset";
import { addToConfusion, type Confusion, createConfusion, scoresOf } from "../../src/miou";
import { Random } from "../../src/random";

/** Percent. */
export interface Scored {
  readonly photographs: number;
  readonly mIoU: number;
  /** 95 % of the resamples lie within. */
  readonly interval: readonly [number, number];
  /** Share of pixels right. */
  readonly accuracy: number;
}

export function confusionOf(
  truth: Uint8Array,
  label: Uint8Array,
  { classes, ignore }: DatasetDescription,
  id: string,
): Confusion {
  const confusion = createConfusion(classes.length);
  addToConfusion(confusion, truth, label, ignore, id);
  return confusion;
}

export function scored(each: readonly Confusion[], { classes }: DatasetDescription, resamples = 1000): Scored {
  const all = scoresOf(sum(each, classes.length), classes);
  const random = new Random(0);
  const drawn = Array.from({ length: resamples }, () => {
    const chosen = each.map(() => each[random.integer(each.length)]);
    return scoresOf(sum(chosen, classes.length), classes).mIoU ?? 0;
  }).sort((a, b) => a - b);
  const at = (share: number): number => 100 * drawn[Math.min(resamples - 1, Math.floor(share * resamples))];
  return {
    photographs: each.length,
    mIoU: 100 * (all.mIoU ?? 0),
    interval: [at(0.025), at(0.975)],
    accuracy: 100 * (all.pixelAccuracy ?? 0),
  };
}

/** mIoU of one photograph over the classes of its own truth, a fraction. */
export function ownScore(confusion: Confusion, { classes }: DatasetDescription): number {
  return scoresOf(confusion, classes).mIoU ?? 0;
}

function sum(each: readonly Confusion[], classes: number): Confusion {
  const total = createConfusion(classes);
  for (const { counts, ignored } of each) {
    for (let i = 0; i < counts.length; i++) total.counts[i] += counts[i];
    total.ignored += ignored;
  }
  return total;
}
