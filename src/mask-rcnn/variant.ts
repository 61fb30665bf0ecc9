/**
 * The two libraries whose Mask R-CNN people have weights of. Layers are the same; these are the choices in which Detectron2's
 * defaults and torchvision's differ.
 */

import type { VariantName } from "../config/mask-rcnn-options";

export interface Variant {
  readonly name: VariantName;
  /** Anchors have whole numbers as sides. */
  readonly roundsAnchors: boolean;
  /** A map's anchors are as far apart as its cells share the padded image out, not by its nominal stride. */
  readonly sharesStrides: boolean;
  /** ROIAlign takes half a pixel off, so that a box's centre meets the map's (`aligned`). */
  readonly aligned: boolean;
  /** Samples of ROIAlign along each side of a bin; 0: as many as the bin has cells. */
  readonly samplingRatio: number;
  /** Where smooth L1 turns from quadratic to linear; 0: L1. */
  readonly smoothBeta: number;
  /** The losses of the proposals are divided by the number of anchors that each image may have, not by those it has. */
  readonly fixedAnchorCount: boolean;
  /** Mask targets are 0 or 1, not the share of the object in the cell. */
  readonly binaryMaskTargets: boolean;
  /** Proposals and detections that are smaller along a side are dropped, in pixels. */
  readonly smallestProposal: number;
  readonly smallestDetection: number;
  /** Proposals are ranked by probabilities in float32, of which many may be 1, not by their logits. */
  readonly ranksProbabilities: boolean;
  /** Proposals of an image that remain after suppression, while training. */
  readonly trainedProposals: number;
  /** Masks are sampled at pixel centres, not resized to whole pixels. */
  readonly samplesMasks: boolean;
  /** Scaled sizes are rounded, not cut off. */
  readonly roundsSizes: boolean;
}

const DETECTRON2: Variant = {
  name: "detectron2",
  roundsAnchors: false,
  sharesStrides: false,
  aligned: true,
  samplingRatio: 0,
  smoothBeta: 0,
  fixedAnchorCount: true,
  binaryMaskTargets: true,
  smallestProposal: 0,
  smallestDetection: 0,
  ranksProbabilities: false,
  trainedProposals: 1000,
  samplesMasks: true,
  roundsSizes: true,
};

const TORCHVISION: Variant = {
  name: "torchvision",
  roundsAnchors: true,
  sharesStrides: true,
  aligned: false,
  samplingRatio: 2,
  smoothBeta: 1 / 9,
  fixedAnchorCount: false,
  binaryMaskTargets: false,
  smallestProposal: 1e-3,
  smallestDetection: 1e-2,
  ranksProbabilities: true,
  trainedProposals: 2000,
  samplesMasks: false,
  roundsSizes: false,
};

export function variantOf(name: VariantName): Variant {
  return name === "detectron2" ? DETECTRON2 : TORCHVISION;
}
