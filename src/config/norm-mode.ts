/** `--norm`: what a batch normalisation normalises by while a network is trained. */

import { UserError } from "../errors";

/** Running statistics that stay as they are, or the batch's. */
export const NORM_MODES = ["frozen", "batch"] as const;

export type NormMode = (typeof NORM_MODES)[number];

/** @throws UserError "usage" where a step has one image, which need not have more than one value a channel */
export function checkBatchSize(norm: NormMode, batchSize: number): void {
  if (norm === "batch" && batchSize < 2)
    throw new UserError(
      "usage",
      "--norm batch needs a --batch-size of 2 at least, for one image has no spread; or --norm frozen",
    );
}
