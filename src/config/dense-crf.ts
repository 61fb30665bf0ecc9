/** Options of the dense CRF; the steps that have one differ in its numbers. */

import type { OptionTable } from "./option";

export interface DenseCrfConfig {
  readonly crfIterations: number;
  readonly crfGaussianSxy: number;
  readonly crfGaussianCompat: number;
  readonly crfBilateralSxy: number;
  readonly crfBilateralSrgb: number;
  readonly crfBilateralCompat: number;
}

const crf = "Dense CRF";

/** @param defaults the kernels' standard deviations (pixels, pixels, and of 255), and the bilateral one's weight */
export function denseCrfOptions(defaults: {
  readonly gaussianSxy: number;
  readonly bilateralSxy: number;
  readonly bilateralSrgb: number;
  readonly bilateralCompat?: number;
}): OptionTable<DenseCrfConfig> {
  const { bilateralCompat = 10 } = defaults;
  return {
    crfIterations: { kind: "integer", default: 10, min: 0, group: crf, help: "mean-field iterations" },
    crfGaussianSxy: {
      kind: "number",
      default: defaults.gaussianSxy,
      min: 1e-3,
      unit: "pixels",
      group: crf,
      help: "Gaussian kernel's width",
    },
    crfGaussianCompat: { kind: "number", default: 3, min: 0, group: crf, help: "Gaussian kernel's weight" },
    crfBilateralSxy: {
      kind: "number",
      default: defaults.bilateralSxy,
      min: 1e-3,
      unit: "pixels",
      group: crf,
      help: "bilateral kernel's width in space",
    },
    crfBilateralSrgb: {
      kind: "number",
      default: defaults.bilateralSrgb,
      min: 1e-3,
      unit: "of 255",
      group: crf,
      help: "bilateral kernel's width in colour",
    },
    crfBilateralCompat: {
      kind: "number",
      default: bilateralCompat,
      min: 0,
      group: crf,
      help: "bilateral kernel's weight",
    },
  };
}
