/**
 * What the parts of `learn` cost, in seconds of a megapixel. All of it is reckoned: labels from runs on a busy machine, networks
 * from their sizes, and nothing has been timed on a quiet one yet: `--budget` is as good as these figures are.
 */

import { LIGHT_MODEL, type ModelName } from "../config/segmentation-models";
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

export function costsOf(model: ModelName): Costs {
  const network =
    model === LIGHT_MODEL ? { train: 5, trainFrozen: 1.7, see: 1.2 } : { train: 40, trainFrozen: 40, see: 12 };
  return { ...LABELS, ...network };
}
