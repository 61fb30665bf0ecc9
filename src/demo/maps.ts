/**
 * How class activation maps become confident labels on pictures as small as data/mini's, where infer-seam's defaults are
 * for photographs of 500 pixels: things fill a third of a picture, a grid cell is a fifth of a thing, and the network is a
 * tenth of the width.
 */

import type { InferSeamConfig } from "../config/infer-seam";

/** As large as things were in training; PCM learns too little at this width for its maps to be better than the classifier's. */
export const MINI_MAPS = { scales: [0.75, 1, 1.5], pcm: false } as const satisfies Partial<InferSeamConfig>;

/** Maps of a narrow network are broad: what is half as strong as the peak is background already. */
export const MINI_CONFIDENCE = {
  alphaLow: 1,
  alphaHigh: 4,
  crfBilateralSxy: 20,
} as const satisfies Partial<InferSeamConfig>;
