/**
 * Every option of `train-affinity` (docs/method.md, section 2.3). Names and defaults are those of the reference's
 * `train_gated_aff.py`; `stagePresets` holds what SEAM's `train_aff.py`, the stage before it, changes.
 */

import { UserError } from "../errors";
import { type BackboneConfig, backboneOptions, checkBackbone } from "./backbone";
import { completeConfig, type IgnoredFlags, type OptionTable } from "./option";
import { momentumOf, type TrainingConfig, trainingOptions } from "./training";

/** gated: affinities with the gated CRF term, for the graph. plain: from a classification network, on full labels. */
export type AffinityStage = "gated" | "plain";

export interface TrainAffinityConfig extends TrainingConfig, BackboneConfig {
  readonly labelDir: string;
  readonly stage: AffinityStage;
  readonly radius: number;
  readonly bgWeight: number;
  readonly fgWeight: number;
  readonly negWeight: number;
  readonly crfWeight: number;
}

const method = "Method";

export const trainAffinityOptions: OptionTable<TrainAffinityConfig> = {
  ...trainingOptions({ sessionName: "res_aff_box", weights: "./netWeights/resnet38_aff_SEAM.pth" }),
  ...backboneOptions(true),
  labelDir: {
    kind: "path",
    affects: "place",
    default: "./data/Init_Label/SEAM_Box",
    group: "Data",
    help: "folder of labels, NAME.png of class indices, unknown = the ignore value",
  },
  stage: {
    kind: "choice",
    affects: "fit",
    choices: ["gated", "plain"],
    default: "gated",
    group: method,
    help: "gated: the affinity network of the graph; plain: the stage before it, from a classification network on full labels (SEAM's train_aff)",
  },
  radius: {
    kind: "integer",
    affects: "fit",
    default: 4,
    min: 1,
    max: 16,
    symbol: "r; image and point 3, plain stage 5",
    unit: "cells",
    group: method,
    help: "largest distance between the cells of a pair; in the plain stage pairs are closer than this",
  },
  bgWeight: {
    kind: "number",
    affects: "fit",
    default: 0.25,
    min: 0,
    group: method,
    help: "weight of the loss of background pairs",
  },
  fgWeight: {
    kind: "number",
    affects: "fit",
    default: 0.25,
    min: 0,
    group: method,
    help: "weight of the loss of foreground pairs",
  },
  negWeight: {
    kind: "number",
    affects: "fit",
    default: 0.5,
    min: 0,
    group: method,
    help: "weight of the loss of unlike pairs",
  },
  crfWeight: {
    kind: "number",
    affects: "fit",
    default: 3,
    min: 0,
    symbol: "plain stage 0",
    group: method,
    help: "weight of the gated CRF term",
  },
};

/** What differs from the table's defaults. */
const stagePresets: Readonly<Record<AffinityStage, Partial<TrainAffinityConfig>>> = {
  gated: {},
  plain: { sessionName: "resnet38_aff", radius: 5, batchSize: 8, epochs: 8, crfWeight: 0 },
};

/** What differs on EfficientNet-Lite2, which has no reference: few photographs and few steps, so a usual momentum. */
const LITE_PRESET: Partial<TrainAffinityConfig> = {
  weights: "imagenet",
  cropSize: 192,
  batchSize: 4,
  epochs: 3,
  learningRate: 3e-3,
  momentum: 0.9,
};

/** Flags of the reference that have no meaning here. */
export const ignoredFlags: IgnoredFlags = {
  network: "there is one network, and its width is read from the weights",
  val_list: "nothing is validated while training; evaluate the labels that come out",
};

/** @throws UserError "usage" */
export function resolveConfig(given: Partial<TrainAffinityConfig>): TrainAffinityConfig {
  const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const stage = given.stage === "plain" ? "plain" : "gated";
  const isLite = given.backbone === "efficientnet-lite2";
  const preset = {
    ...stagePresets[stage],
    ...(isLite ? { ...LITE_PRESET, freezeBackbone: given.weights !== "none" } : {}),
  };
  const config = completeConfig<TrainAffinityConfig>({ ...preset, ...stated }, trainAffinityOptions);
  checkBackbone(config);
  if (config.cropSize % 8 !== 0)
    throw new UserError("usage", `--crop-size must be a multiple of 8, the network's stride, got ${config.cropSize}`);
  if (stage === "plain" && config.radius < 2)
    throw new UserError("usage", "--radius must be at least 2 in the plain stage: its pairs are closer than it");
  return { ...config, momentum: momentumOf(config) };
}
