/** Chooses the few hundred boxes that the heads look at, by the scores and shifts of all anchors. */

import { ANCHORS_PER_CELL, anchorsOf, type Grid } from "./anchors";
import { type BoxArray, boxCount, clipBoxes, decodeBoxes, type Extent, PROPOSAL_WEIGHTS, takeBoxes } from "./boxes";
import { highest, suppress } from "./nms";
import type { Variant } from "./variant";

export interface ProposalOptions {
  /** How many of each map take part in suppression; the highest scores do. */
  readonly perMap: number;
  /** How many of all maps remain after it. */
  readonly afterwards: number;
  /** Overlap above which the lower of two boxes of one map goes. Default 0.7. */
  readonly overlap?: number;
}

/** What both libraries have at inference. */
export const INFERENCE_PROPOSALS: ProposalOptions = { perMap: 1000, afterwards: 1000 };

/**
 * @param objectness logits, [n]
 * @param deltas [n·4]
 * @param extent of the image, without what was padded
 * @returns boxes by falling score
 */
export function proposalsOf(
  objectness: Float32Array,
  deltas: Float32Array,
  grids: readonly Grid[],
  extent: Extent,
  { perMap, afterwards, overlap = 0.7 }: ProposalOptions,
  variant: Variant,
): BoxArray {
  const anchors = anchorsOf(grids, variant);
  const chosen: number[] = [];
  const levels: number[] = [];
  let from = 0;
  for (const [level, { height, width }] of grids.entries()) {
    const count = height * width * ANCHORS_PER_CELL;
    for (const i of highest(objectness.subarray(from, from + count), perMap)) {
      chosen.push(from + i);
      levels.push(level);
    }
    from += count;
  }
  const boxes = decodeBoxes(takeBoxes(deltas, chosen), takeBoxes(anchors, chosen), PROPOSAL_WEIGHTS);
  clipBoxes(boxes, extent);
  const large = largerThan(boxes, variant.smallestProposal);
  const usable = takeBoxes(boxes, large);
  const scores = Float32Array.from(large, (i) => {
    const logit = objectness[chosen[i]];
    return variant.ranksProbabilities ? 1 / (1 + Math.exp(-logit)) : logit;
  });
  const kept = suppress(
    usable,
    scores,
    overlap,
    large.map((i) => levels[i]),
  );
  return takeBoxes(usable, kept.subarray(0, afterwards));
}

/** Indices of boxes of at least that size along both sides, and of finite numbers; of any size, where that is 0. */
export function largerThan(boxes: BoxArray, smallest: number): number[] {
  return Array.from({ length: boxCount(boxes) }, (_, i) => i).filter((i) => {
    const [width, height] = [boxes[4 * i + 2] - boxes[4 * i], boxes[4 * i + 3] - boxes[4 * i + 1]];
    return smallest > 0 ? width >= smallest && height >= smallest : width > 0 && height > 0;
  });
}
