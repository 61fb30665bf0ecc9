/**
 * Every option of `infer-seam` (docs/method.md, section 1.2). Names and defaults are those of the reference's
 * `infer_SEAM.py`; its constants became options.
 */

import { UserError } from "../errors";
import { type DenseCrfConfig, denseCrfOptions } from "./dense-crf";
import {
  type ImagesConfig,
  imagesOptions,
  onlyOption,
  remakeOption,
  shardOption,
  type TagsForm,
  tagsFormOption,
  tagsOption,
} from "./images";
import { completeConfig, flagOf, type IgnoredFlags, type OptionTable } from "./option";

export interface InferSeamConfig extends ImagesConfig, DenseCrfConfig {
  readonly weights?: string;
  readonly camDir?: string;
  readonly tags?: string;
  readonly tagsForm: TagsForm;
  readonly outCam?: string;
  readonly crf?: string;
  readonly oriCrf?: string;
  readonly outCrf?: string;
  readonly outCamPred?: string;
  readonly outCamPredAlpha: number;
  readonly scales: readonly number[];
  readonly flip: boolean;
  readonly pcm: boolean;
  readonly camPower: number;
  readonly alphaLow: number;
  readonly alphaHigh: number;
  readonly unsureShare: number;
  readonly camMinimum: number;
  readonly backgroundMinimum: number;
  readonly crfMinimum: number;
  readonly crfThreads: number;
}

const data = "Data";
const output = "Output";
const maps = "Class activation maps";
const confidence = "Confident label";
const crf = "Dense CRF";

export const inferSeamOptions: OptionTable<InferSeamConfig> = {
  ...imagesOptions,
  weights: {
    kind: "path",
    affects: "fit",
    group: data,
    help: "SEAM network: .pth, .params or .safetensors, of any width",
  },
  camDir: {
    kind: "path",
    affects: "fit",
    group: data,
    help: "instead of --weights: folder of class activation maps made elsewhere, NAME.npy of {class - 1: [height, width]}",
  },
  tags: tagsOption,
  tagsForm: tagsFormOption,
  outCam: { kind: "path", affects: "place", group: output, help: "folder for the class activation maps, NAME.npy" },
  crf: {
    kind: "path",
    affects: "place",
    group: output,
    help: "folder for the confident labels (8-bit palette PNG) [default where no output is named: ./data/SEAM_Image]",
  },
  oriCrf: {
    kind: "path",
    affects: "place",
    group: output,
    help: "folder for the full labels, before confident pixels are selected [default where no output is named: ./data/SEAM_Image_Full]",
  },
  outCrf: {
    kind: "path",
    affects: "place",
    group: output,
    help: "folder name, to which _4.0 and _24.0 are added, for the CRF's probabilities, NAME.npy of {class: [height, width]}",
  },
  outCamPred: {
    kind: "path",
    affects: "place",
    group: output,
    help: "folder for the labels of the maps alone, without CRF",
  },
  outCamPredAlpha: {
    kind: "number",
    affects: "label",
    default: 0.26,
    min: 0,
    group: output,
    help: "the background's score in --out-cam-pred",
  },
  scales: {
    kind: "numbers",
    affects: "fit",
    default: [0.5, 1, 1.5, 2],
    min: 0.05,
    max: 8,
    group: maps,
    help: "sizes at which the network sees the image; their maps are summed",
  },
  flip: { kind: "boolean", affects: "fit", default: true, group: maps, help: "each scale with its mirror image" },
  pcm: {
    kind: "boolean",
    affects: "fit",
    default: true,
    group: maps,
    help: "take the maps that PCM refines; false: the classifier's own, for a network whose PCM has learned little",
  },
  camPower: {
    kind: "number",
    affects: "fit",
    default: 1,
    min: 0.05,
    max: 20,
    group: maps,
    help: "exponent of the maps; above 1 it narrows broad maps, which otherwise leave no background",
  },
  alphaLow: {
    kind: "number",
    affects: "label",
    default: 4,
    min: 0,
    symbol: "la",
    group: confidence,
    help: "exponent of the background score (1 - max)^alpha that decides what is foreground",
  },
  alphaHigh: {
    kind: "number",
    affects: "label",
    default: 24,
    min: 0,
    symbol: "ha",
    group: confidence,
    help: "exponent that decides what is background",
  },
  unsureShare: {
    kind: "number",
    affects: "label",
    default: 0.6,
    min: 0,
    max: 1,
    group: confidence,
    help: "share of a class's pixels, from the weakest, that is not confident: 0.6 keeps the top 40 %",
  },
  camMinimum: {
    kind: "number",
    affects: "label",
    default: 0.01,
    min: 0,
    group: confidence,
    help: "pixels whose map is weaker do not count as pixels of a class",
  },
  backgroundMinimum: {
    kind: "number",
    affects: "label",
    default: 0.8,
    min: 0,
    group: confidence,
    help: "background is confident where its score is above this",
  },
  crfMinimum: {
    kind: "number",
    affects: "label",
    default: 0.8,
    min: 0,
    max: 1,
    group: confidence,
    help: "a pixel is confident only where the CRF's probability reaches this",
  },
  ...denseCrfOptions({ crfGaussianSxy: 3, crfBilateralSxy: 80, crfBilateralSrgb: 13 }),
  crfThreads: {
    kind: "integer",
    affects: "speed",
    default: 2,
    min: 1,
    max: 64,
    group: crf,
    help: "worker threads for the two dense CRFs of an image, which run while the network sees the next one",
  },
  remake: remakeOption,
  only: onlyOption,
  shard: shardOption,
};

/** Flags of the reference that have no meaning here. */
export const ignoredFlags: IgnoredFlags = {
  network: "there is one network, and its width is read from the weights",
  num_workers: "the next image is always read ahead, and --crf-threads counts the dense CRF's threads",
};

/** The reference's defaults, used where no output is named at all. */
const DEFAULT_OUTPUT = { crf: "./data/SEAM_Image", oriCrf: "./data/SEAM_Image_Full" };

/** The whole configuration, with notices of what was inferred. @throws UserError "usage" */
export function resolveConfig(given: Partial<InferSeamConfig>): {
  config: InferSeamConfig;
  notices: readonly string[];
} {
  const config = completeConfig(given, inferSeamOptions);
  if (config.weights !== undefined && config.camDir !== undefined)
    throw new UserError("usage", "--weights makes maps and --cam-dir takes maps made elsewhere: give one of them");
  if (config.weights === undefined && config.camDir === undefined)
    throw new UserError("usage", "where do the class activation maps come from? --weights or --cam-dir is required");
  const notices: string[] = [];
  if (config.camDir !== undefined && config.tags !== undefined)
    notices.push("--tags is not used with --cam-dir: an image's tags are the classes it has maps of");
  for (const key of ["scales", "flip", "pcm", "camPower"] as const)
    if (config.camDir !== undefined && given[key] !== undefined)
      notices.push(`--${flagOf(key)} is not used with --cam-dir: the maps there stay as they are`);
  const { outCam, crf, oriCrf, outCrf, outCamPred } = config;
  if ([outCam, crf, oriCrf, outCrf, outCamPred].some((output) => output !== undefined)) return { config, notices };
  notices.push(
    `no output named: confident labels go to ${DEFAULT_OUTPUT.crf}, full labels to ${DEFAULT_OUTPUT.oriCrf}`,
  );
  return { config: { ...config, ...DEFAULT_OUTPUT }, notices };
}
