/**
 * What the affinity losses of one sample compare with: its pairs, its CRF kernels, and how many there are of each, so that
 * a whole batch can sum the numbers before its losses divide by them. Plain arrays: made on the loader's threads.
 */

import { gatedCrfKernels, type KernelDescription } from "../../graph/gated-crf";
import { BACKGROUND_PAIR, insidePairs, NO_PAIR, type PairGeometry, pairLabels } from "./pair-labels";

/** Position 6 cells, normalised colour 0.1: docs/method.md, section 2.3. */
export const AFFINITY_KERNELS: readonly KernelDescription[] = [{ weight: 1, xy: 6, rgb: 0.1 }];

export interface AffinityTargets {
  readonly height: number;
  readonly width: number;
  readonly radius: number;
  /** Codes [n, d·d] of pair-labels.ts. */
  readonly pairs: Uint8Array;
  /** CRF kernels, 0 where a cell is outside the un-padded crop, [n, d·d]; absent without the CRF term. */
  readonly kernels?: Float32Array;
  /** Background, foreground and negative pairs; pairs inside the un-padded crop. */
  readonly counts: readonly [number, number, number, number];
}

export const COUNT_NAMES: readonly string[] = ["background", "foreground", "negative", "inside"];

/**
 * @param label [h·w] at the grid's size
 * @param inside [h·w], 1 inside the un-padded crop
 * @param colour [h·w·3], the normalised image at the grid's size; without it no CRF kernels are made
 */
export function affinityTargets(
  label: Uint8Array,
  inside: Uint8Array,
  colour: Float32Array | undefined,
  ignore: number,
  geometry: PairGeometry,
): AffinityTargets {
  const { height, width, radius } = geometry;
  const pairs = pairLabels(label, ignore, geometry);
  const counts: [number, number, number, number] = [0, 0, 0, 0];
  for (const pair of pairs) if (pair !== NO_PAIR) counts[pair - BACKGROUND_PAIR]++;
  if (colour === undefined) return { height, width, radius, pairs, counts };

  const kernels = gatedCrfKernels(colour, geometry, AFFINITY_KERNELS).values;
  const mask = insidePairs(inside, geometry);
  for (let i = 0; i < kernels.length; i++) {
    if (mask[i] === 0) kernels[i] = 0;
    else counts[3]++;
  }
  return { height, width, radius, pairs, kernels, counts };
}
