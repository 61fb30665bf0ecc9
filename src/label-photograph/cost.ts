/**
 * What labelling one photograph costs, before anything is computed: core-seconds and the peak of memory, from its pixels and
 * classes. The constants are rough: they come from runs on a busy machine of two cores (23 seconds for a photograph of 640×480
 * pixels with boxes on one core, 0.8 GB for one of 500×375), and no quiet machine has been timed yet; `bench/step-costs.ts`
 * does it.
 */

import type { ImageSize } from "../data/dataset";
import type { Cost } from "../running/step";

/** What is done with the photograph. */
export type CostKind = "make-seeds" | "box" | "point" | "scribble" | "imagenet";

/** Core-seconds and gigabytes: those of any photograph, and per megapixel what the work, each class, and the rest add. */
interface Constants {
  readonly seconds: readonly [fixed: number, work: number, eachClass: number, full: number];
  readonly gigabytes: readonly [fixed: number, work: number, eachClass: number, full: number];
}

const ROUGH: Readonly<Record<CostKind, Constants>> = {
  "make-seeds": { seconds: [0.1, 2.5, 0, 0.5], gigabytes: [0.45, 0.3, 0, 0.04] },
  box: { seconds: [3, 50, 5, 1], gigabytes: [0.6, 0.9, 0.1, 0.05] },
  point: { seconds: [6, 15, 5, 1], gigabytes: [0.6, 0.4, 0.1, 0.05] },
  scribble: { seconds: [3, 40, 5, 1], gigabytes: [0.6, 0.9, 0.1, 0.05] },
  imagenet: { seconds: [4, 45, 5, 1], gigabytes: [0.6, 0.9, 0.1, 0.05] },
};

/**
 * @param classes that its weak labels name, the background among them
 * @param workPixels a larger photograph is labelled at this size; 0: at its own
 */
export function costOf(
  { width, height }: ImageSize,
  classes: number,
  kind: CostKind,
  workPixels: number = 1_000_000,
): Cost {
  const full = (width * height) / 1e6;
  const work = workPixels === 0 ? full : Math.min(full, workPixels / 1e6);
  const { seconds, gigabytes } = ROUGH[kind];
  const sum = ([fixed, ofWork, eachClass, ofFull]: readonly [number, number, number, number]): number =>
    fixed + work * (ofWork + eachClass * classes) + (full - work) * ofFull;
  return { coreSeconds: sum(seconds), bytes: 1e9 * sum(gigabytes) };
}
