/**
 * What the parts of `learn` cost, in seconds of a megapixel, and how slow this machine is beside the one on which that was
 * measured. All of it is reckoned: labels from runs on a busy machine, networks from their sizes, and nothing has been timed
 * on a quiet one yet: `--budget` is as good as these figures are.
 */

import * as tf from "@tensorflow/tfjs";
import { LIGHT_MODEL, type ModelName } from "../config/segmentation-models";
import { valuesOf } from "../tensor-values";
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

const SIDE = 512;
/** Seconds of a product of two [512, 512] on the machine of the measurements, two threads. */
const MEASURED = 0.0032;

/** How slow this machine is, by a few matrix products. In steps of √2, so that runs on one machine agree; at least half as slow as there. */
export function machineSlowness(): number {
  const a = tf.randomUniform([SIDE, SIDE], 0, 1, "float32", 1);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 4; i++) {
    const started = performance.now();
    valuesOf(() => a.matMul(a));
    least = Math.min(least, (performance.now() - started) / 1000);
  }
  a.dispose();
  return Math.max(0.5, 2 ** (Math.round(2 * Math.log2(least / MEASURED)) / 2));
}
