/** How long a stage takes on two quiet cores, from docs/measurements.md; a GPU's times were never measured. */

import type { Stage } from "./stages";

/** Seconds a photograph at full width: 300 steps from boxes, 100 from others, and without weights. */
const LABEL = { box: 77, others: 28, withoutWeights: 8 };

/** @param photographs that are left @returns undefined where nothing was measured */
export function estimateSeconds({ step, options }: Stage, photographs: number): number | undefined {
  if (step !== "make-pseudo-labels") return undefined;
  if (options.weights === undefined) return photographs * LABEL.withoutWeights;
  return photographs * (options.supervision === "box" ? LABEL.box : LABEL.others);
}
