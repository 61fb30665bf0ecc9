/**
 * What labelling one photograph costs, before anything is computed: core-seconds and the peak of memory, from its pixels and
 * classes. Gigabytes are those of `npm run large` and `bench/step-costs.ts` (docs/measurements.md, "Large photographs"), within
 * a third; seconds are rough, because they were taken on busy machines.
 */

import type { ImageSize } from "../data/dataset";
import type { Cost } from "../running/step";

/** What is done with the photograph. */
export type CostKind = "make-seeds" | "box" | "point" | "scribble" | "imagenet";

/** The sizes at which the parts of the work are done. */
export interface WorkSize {
  /** A larger photograph is labelled at this size; 0: at its own. Default 1,000,000. */
  readonly workPixels?: number;
  /** Longest side of the picture that its graph is built of; 0: that of the work. Default: the usual one of the kind. */
  readonly graphSide?: number;
}

/**
 * Core-seconds and gigabytes: those of any photograph; per megapixel what the graph adds, what the work adds and each class of
 * it, and what the rest of the photograph adds.
 */
interface Constants {
  readonly seconds: readonly [fixed: number, graph: number, work: number, eachClass: number, full: number];
  readonly gigabytes: readonly [fixed: number, graph: number, work: number, eachClass: number, full: number];
  /** Usual longest side of the graph's picture. */
  readonly graphSide: number;
}

/** Gigabytes of every kind of label: TensorFlow's libraries, Node.js and the threads of GrabCut and dense CRF are most of the first. */
const LABELLING = [0.5, 0.35, 0.24, 0.02, 0.006] as const;

const MEASURED: Readonly<Record<CostKind, Constants>> = {
  "make-seeds": { seconds: [0.1, 0, 2.5, 0, 0.5], gigabytes: [0.38, 0, 0.3, 0, 0.012], graphSide: 0 },
  box: { seconds: [3, 45, 3, 1, 1], gigabytes: LABELLING, graphSide: 320 },
  point: { seconds: [3, 45, 3, 1, 1], gigabytes: LABELLING, graphSide: 256 },
  scribble: { seconds: [3, 40, 3, 1, 1], gigabytes: LABELLING, graphSide: 0 },
  imagenet: { seconds: [4, 45, 3, 1, 1], gigabytes: LABELLING, graphSide: 320 },
};

/** @param classes that its weak labels name, the background among them */
export function costOf(size: ImageSize, classes: number, kind: CostKind, at: WorkSize = {}): Cost {
  const { seconds, gigabytes, graphSide: usual } = MEASURED[kind];
  const { workPixels = 1_000_000, graphSide = usual } = at;
  const full = (size.width * size.height) / 1e6;
  const work = workPixels === 0 ? full : Math.min(full, workPixels / 1e6);
  const shrunk = graphSide === 0 ? 1 : Math.min(1, graphSide / Math.max(size.width, size.height));
  const graph = Math.min(work, full * shrunk ** 2);
  const sum = ([fixed, ofGraph, ofWork, eachClass, ofFull]: Constants["seconds"]): number =>
    fixed + graph * ofGraph + work * (ofWork + eachClass * classes) + (full - work) * ofFull;
  return { coreSeconds: sum(seconds), bytes: 1e9 * sum(gigabytes) };
}
