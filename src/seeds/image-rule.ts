/**
 * Seeds from image tags: the confident label of the class activation maps as it is (docs/method.md, section 1.3,
 * "image").
 */

import { UserError } from "../errors";
import { type SeedImage, type Seeds, seedsOf } from "./seed-image";

/** @throws UserError "input" where the image has no confident label */
export function imageRule(seed: SeedImage): Seeds {
  if (seed.confident === undefined) throw new UserError("input", "no confident label: tags alone label no pixel");
  return seedsOf(seed, [{ rule: "confident label", label: seed.confident }]);
}
