/**
 * How weak labels become seeds (docs/method.md, section 1.3): what `make-seeds` does by default, and `make-pseudo-labels` on
 * request.
 */

import type { OptionTable } from "./option";

export interface RegionRuleConfig {
  readonly superpixels: boolean;
  readonly superpixelArea: number;
  readonly superpixelCompactness: number;
  readonly pointRadius: number;
  readonly scribbleWidth: number;
}

export interface BoxRuleConfig {
  readonly grabCut: boolean;
  readonly grabCutIterations: number;
  readonly grabCutMin: number;
  readonly grabCutMax: number;
  readonly grabCutBand: number;
  readonly grabCutBackground: "auto" | "background" | "unknown";
  readonly grabCutPixels: number;
  readonly middleShare: number;
}

export type SeedRuleConfig = RegionRuleConfig & BoxRuleConfig;

const regions = "Clicks and scribbles";
const boxes = "Boxes";

/** @param spreads whether, by default, clicks and strokes spread over superpixels and GrabCut looks into boxes */
export function seedRuleOptions(spreads: boolean): {
  readonly regions: OptionTable<RegionRuleConfig>;
  readonly boxes: OptionTable<BoxRuleConfig>;
} {
  return {
    regions: {
      superpixels: {
        kind: "boolean",
        affects: "fit",
        default: spreads,
        group: regions,
        help: "spread clicks and scribbles over the superpixels that a single class touches",
      },
      superpixelArea: {
        kind: "integer",
        affects: "fit",
        default: 200,
        min: 4,
        unit: "pixels",
        group: regions,
        help: "number of pixels per superpixel (SLIC)",
      },
      superpixelCompactness: {
        kind: "number",
        affects: "fit",
        default: 10,
        min: 1e-3,
        group: regions,
        help: "weight of position against colour",
      },
      pointRadius: {
        kind: "number",
        affects: "fit",
        default: 3,
        min: 0,
        unit: "pixels",
        group: regions,
        help: "radius of a click's disc",
      },
      scribbleWidth: {
        kind: "number",
        affects: "fit",
        default: 3,
        min: 1,
        unit: "pixels",
        group: regions,
        help: "width of drawn strokes",
      },
    },
    boxes: {
      grabCut: {
        kind: "boolean",
        affects: "fit",
        default: spreads,
        ...(spreads ? {} : { symbol: "boxes without weights or seed labels true" }),
        group: boxes,
        help: "find the object in each box by GrabCut",
      },
      grabCutIterations: {
        kind: "integer",
        affects: "fit",
        default: 5,
        min: 1,
        max: 100,
        group: boxes,
        help: "rounds of GrabCut",
      },
      grabCutMin: {
        kind: "number",
        affects: "fit",
        default: 0.05,
        min: 0,
        max: 1,
        group: boxes,
        help: "a box of which GrabCut finds a smaller share to be foreground falls back to the confident label, or else to its middle",
      },
      grabCutMax: {
        kind: "number",
        affects: "fit",
        default: 0.99,
        min: 0,
        max: 1,
        group: boxes,
        help: "a box of which GrabCut finds a larger share to be foreground falls back likewise",
      },
      grabCutBand: {
        kind: "integer",
        affects: "fit",
        default: 0,
        min: 0,
        max: 64,
        unit: "pixels",
        group: boxes,
        help: "pixels within this distance of GrabCut's outline stay unknown",
      },
      grabCutBackground: {
        kind: "choice",
        affects: "fit",
        choices: ["auto", "background", "unknown"],
        default: "auto",
        group: boxes,
        help: "label of what GrabCut takes for background inside boxes; auto: background if a confident label can object, else unknown",
      },
      grabCutPixels: {
        kind: "integer",
        affects: "fit",
        default: 1_000_000,
        ...(spreads ? {} : { symbol: "boxes without weights 80000" }),
        min: 1000,
        unit: "pixels",
        group: boxes,
        help: "reduce larger images to this many pixels for GrabCut, whose time and memory grow with the image",
      },
      middleShare: {
        kind: "number",
        affects: "fit",
        default: 0.2,
        min: 0.01,
        max: 1,
        group: boxes,
        help: "share of its area, in the middle, to which a box falls back",
      },
    },
  };
}
