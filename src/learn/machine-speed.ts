/** How slow this machine is beside the one on which the costs were measured: a few matrix products. */

import * as tf from "@tensorflow/tfjs";
import { valuesOf } from "../tensor-values";

const SIDE = 512;
/** Seconds of a product of two [512, 512] on the machine of the measurements, two threads. */
const MEASURED = 0.0032;

/** In steps of √2, so that runs on one machine agree; at least half as slow as there. */
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
