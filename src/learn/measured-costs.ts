/** What the parts of `learn` cost, in seconds on two quiet cores (docs/photographs.md, "Time"). */

import type { ModelName } from "../config/segmentation-models";
import type { Costs } from "./plan";

/** Labels from weak labels, and the dense CRF. */
const LABELS: Pick<Costs, "label" | "sharpen"> = {
  label: {
    box: { fixed: 9, step: 0.35 },
    scribble: { fixed: 10, step: 0.25 },
    point: { fixed: 10, step: 0.25 },
  },
  sharpen: 2.5,
};

export function costsOf(_model: ModelName): Costs {
  return { ...LABELS, train: 8, see: 3 };
}
