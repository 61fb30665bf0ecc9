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

const LABEL_CRF: DenseCrfConfig = {
  crfIterations: 10,
  crfGaussianSxy: 2,
  crfGaussianCompat: 3,
  crfBilateralSxy: 50,
  crfBilateralSrgb: 5,
  crfBilateralCompat: 10,
};

/** @param defaults what differs from the numbers of `make-pseudo-labels` */
export function denseCrfOptions(defaults: Partial<DenseCrfConfig> = {}): OptionTable<DenseCrfConfig> {
  const numbers = { ...LABEL_CRF, ...defaults };
  return {
    crfIterations: {
      kind: "integer",
      affects: "label",
      default: numbers.crfIterations,
      min: 0,
      group: crf,
      help: "mean-field iterations",
    },
    crfGaussianSxy: {
      kind: "number",
      affects: "label",
      default: numbers.crfGaussianSxy,
      min: 1e-3,
      unit: "pixels",
      group: crf,
      help: "Gaussian kernel's width",
    },
    crfGaussianCompat: {
      kind: "number",
      affects: "label",
      default: numbers.crfGaussianCompat,
      min: 0,
      group: crf,
      help: "Gaussian kernel's weight",
    },
    crfBilateralSxy: {
      kind: "number",
      affects: "label",
      default: numbers.crfBilateralSxy,
      min: 1e-3,
      unit: "pixels",
      group: crf,
      help: "bilateral kernel's width in space",
    },
    crfBilateralSrgb: {
      kind: "number",
      affects: "label",
      default: numbers.crfBilateralSrgb,
      min: 1e-3,
      unit: "of 255",
      group: crf,
      help: "bilateral kernel's width in colour",
    },
    crfBilateralCompat: {
      kind: "number",
      affects: "label",
      default: numbers.crfBilateralCompat,
      min: 0,
      group: crf,
      help: "bilateral kernel's weight",
    },
  };
}
