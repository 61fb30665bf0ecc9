/** How the learning rate goes along a training: falling all the time, or in steps; from nearly nothing at first, if wanted. */

import { UserError } from "../errors";
import type { OptionTable } from "./option";

export interface LearningRateConfig {
  readonly schedule: "poly" | "step";
  readonly milestones: readonly number[];
  readonly warmUp: number;
}

const group = "Training";

export const learningRateOptions: OptionTable<LearningRateConfig> = {
  schedule: {
    kind: "choice",
    affects: "fit",
    choices: ["poly", "step"],
    default: "poly",
    group,
    help: "poly: the learning rate falls at every step, by --power; step: it falls to a tenth at each milestone, as Detectron2 has it",
  },
  milestones: {
    kind: "numbers",
    affects: "fit",
    default: [0.667, 0.889],
    min: 0,
    max: 1,
    group,
    help: "with --schedule step: where the learning rate falls to a tenth, as shares of the training",
  },
  warmUp: {
    kind: "integer",
    affects: "fit",
    default: 0,
    min: 0,
    unit: "steps",
    group,
    help: "steps over which the learning rate rises, linearly from a thousandth of itself",
  },
};

/** @throws UserError "usage" unless milestones ascend */
export function checkLearningRate({ milestones }: LearningRateConfig): void {
  if (milestones.some((share, i) => i > 0 && share < milestones[i - 1]))
    throw new UserError("usage", `expected --milestones that ascend, got ${milestones.join(",")}`);
}
