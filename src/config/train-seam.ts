/**
 * Every option of `train-seam` (docs/method.md, section 1.1). Names and defaults are those of SEAM's `train_SEAM.py`.
 */

import { UserError } from "../errors";
import { type BackboneConfig, backboneOptions, checkBackbone } from "./backbone";
import { type TagsForm, tagsFormOption, tagsOption } from "./images";
import { checkBatchSize, NORM_MODES, type NormMode } from "./norm-mode";
import { completeConfig, type IgnoredFlags, type OptionTable } from "./option";
import { momentumOf, type TrainingConfig, trainingOptions } from "./training";

/** seam: all of SEAM's losses. classification: the classifier alone, from nothing to something that SEAM can refine. */
export type SeamStage = "seam" | "classification";

export interface TrainSeamConfig extends TrainingConfig, BackboneConfig {
  readonly tags?: string;
  readonly tagsForm: TagsForm;
  readonly stage: SeamStage;
  readonly norm: NormMode;
  readonly longSide: readonly number[];
  readonly tblogDir?: string;
}

const shared = trainingOptions({
  sessionName: "resnet38_SEAM",
  weights: "./netWeights/ilsvrc-cls_rna-a1_cls1000_ep-0001.params",
  batchSize: 8,
  epochs: 8,
});

export const trainSeamOptions: OptionTable<TrainSeamConfig> = {
  ...shared,
  ...backboneOptions(false),
  microBatch: {
    ...shared.microBatch,
    help: "images computed together; the result is the same, fewer need less memory; not with --norm batch, which sees all of a process's at once [default: 1 on a CPU, all on a GPU]",
  },
  tags: { ...tagsOption, affects: "place" },
  tagsForm: { ...tagsFormOption, affects: "place" },
  stage: {
    kind: "choice",
    affects: "fit",
    choices: ["seam", "classification"],
    default: "seam",
    group: "Training",
    help: "seam: all losses; classification: the classifier alone, which is cheap, for training without pre-trained weights",
  },
  norm: {
    kind: "choice",
    affects: "fit",
    choices: NORM_MODES,
    default: "frozen",
    group: "Training",
    help: "batch normalisation by the weights' running statistics, which stay, as the reference has it, or by the batch's over all processes, and trained: with --stage classification, where there are no pre-trained weights",
  },
  longSide: {
    kind: "numbers",
    affects: "fit",
    default: [448, 768],
    min: 8,
    max: 8192,
    unit: "pixels",
    group: "Training",
    help: "smallest and largest length to which a photograph's long side is resized, at random",
  },
  tblogDir: {
    kind: "path",
    affects: "place",
    group: "Data",
    help: "folder of the TensorBoard events [default: NAME.tensorboard]",
  },
};

/** What differs on EfficientNet-Lite2, which has no reference. */
const LITE_PRESET: Partial<TrainSeamConfig> = { weights: "imagenet", cropSize: 320, longSide: [320, 512] };

/** Flags of the reference that have no meaning here. */
export const ignoredFlags: IgnoredFlags = {
  network: "there is one network, and its width is read from the weights",
  val_list: "nothing is validated while training; evaluate the labels that come out",
};

/** @throws UserError "usage" */
export function resolveConfig(given: Partial<TrainSeamConfig>): TrainSeamConfig {
  const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const preset = given.backbone === "efficientnet-lite2" ? LITE_PRESET : {};
  const config = completeConfig<TrainSeamConfig>({ ...preset, ...stated }, trainSeamOptions);
  checkBackbone(config);
  const [shortest, longest, ...rest] = config.longSide;
  if (rest.length > 0 || longest === undefined || shortest > longest || ![shortest, longest].every(Number.isInteger))
    throw new UserError("usage", `expected --long-side MIN,MAX in whole pixels, got ${config.longSide.join(",")}`);
  if (config.norm === "batch" && config.stage !== "classification")
    throw new UserError("usage", "--norm batch goes with --stage classification: SEAM's own losses keep it frozen");
  checkBatchSize(config.norm, config.batchSize);
  return { ...config, momentum: momentumOf(config) };
}
