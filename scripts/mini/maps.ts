/** How `infer-seam` makes the maps of data/mini, where its defaults are for photographs of 500 pixels and the full width. */

import type { InferSeamConfig } from "../../src/config/infer-seam";

/**
 * Things as large as they were in training. PCM learns too little at a tenth of the width for its maps to be better than the
 * classifier's. A grid cell is a fifth of a thing, so the maps are broad: squared, the usual thresholds fit them.
 */
export const MINI_MAPS = {
  scales: [0.75, 1, 1.5],
  pcm: false,
  camPower: 2,
} as const satisfies Partial<InferSeamConfig>;
