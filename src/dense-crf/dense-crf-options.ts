/** The options of a dense CRF, and what holds for those that are not given: the numbers of `make-pseudo-labels`. */

import { type DenseCrfConfig, denseCrfOptions } from "../config/dense-crf";
import { defaultsOf } from "../config/option";

export interface DenseCrfOptions {
  /** Mean-field steps; 0 gives the clipped and normalised probabilities. Default 10. */
  readonly iterations?: number;
  /** Smoothness: standard deviation in pixels, and Potts weight; `false`: no such kernel. Default 2 and 3. */
  readonly gaussian?: GaussianKernel | false;
  /** Appearance: standard deviations in pixels and in grey levels (0 … 255), and Potts weight; `false`: none. Default 50, 5 and 10. */
  readonly bilateral?: BilateralKernel | false;
  /** `simd` (WebAssembly, the default where the processor has it) or `plain` (the same in TypeScript, slow). */
  readonly engine?: "simd" | "plain";
  /** With 2, WebAssembly filters on a second thread beside the calling one: the same numbers, sooner. Default 1. */
  readonly threads?: 1 | 2;
}

export interface GaussianKernel {
  readonly sxy: number;
  readonly compat: number;
}

export interface BilateralKernel {
  readonly sxy: number;
  readonly srgb: number;
  readonly compat: number;
}

/** A step's options in this form. */
export function crfOptionsOf(config: DenseCrfConfig): CompleteKernels {
  return {
    iterations: config.crfIterations,
    gaussian: { sxy: config.crfGaussianSxy, compat: config.crfGaussianCompat },
    bilateral: { sxy: config.crfBilateralSxy, srgb: config.crfBilateralSrgb, compat: config.crfBilateralCompat },
  };
}

interface CompleteKernels {
  readonly iterations: number;
  readonly gaussian: GaussianKernel;
  readonly bilateral: BilateralKernel;
}

export const DENSE_CRF_DEFAULTS: CompleteKernels = crfOptionsOf(defaultsOf(denseCrfOptions()));
