/**
 * The learning rate of each step: lr · (1 − step / steps)^power, or lr · 0.1^(milestones passed); while it warms up, times a
 * factor that rises linearly from a thousandth (Goyal et al. 2017; Detectron2's WarmupMultiStepLR).
 */

export interface LearningRateOptions {
  readonly learningRate: number;
  /** Steps of the whole training. */
  readonly steps: number;
  /** Default 0.9. */
  readonly power?: number;
  /** Steps, as shares of the training, where the rate falls to a tenth. Absent: it falls by the power. */
  readonly milestones?: readonly number[];
  /** Steps over which it rises. Default 0. */
  readonly warmUp?: number;
}

const FALL = 0.1;
const FIRST = 1e-3;

/** @param step from 0; after the last it stays */
export function learningRateAt(step: number, options: LearningRateOptions): number {
  const { learningRate, steps, power = 0.9, milestones, warmUp = 0 } = options;
  const fallen =
    milestones === undefined
      ? learningRate * (1 - Math.min(step, steps - 1) / steps) ** power
      : learningRate * FALL ** milestones.filter((share) => step >= Math.round(share * steps)).length;
  if (step >= warmUp) return fallen;
  const share = step / warmUp;
  return fallen * (FIRST * (1 - share) + share);
}
