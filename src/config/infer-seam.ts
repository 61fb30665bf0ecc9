/**
 * Every option of `infer-seam` (METHOD 1.2). Names and defaults are those of the reference's `infer_SEAM.py`; its
 * constants became options.
 */

import { UserError } from "../errors";
import { completeConfig, type IgnoredFlags, type OptionTable } from "./option";

export interface InferSeamConfig {
  readonly voc12Root: string;
  readonly inferList: string;
  readonly weights?: string;
  readonly camDir?: string;
  readonly tags?: string;
  readonly outCam?: string;
  readonly crf?: string;
  readonly oriCrf?: string;
  readonly outCrf?: string;
  readonly outCamPred?: string;
  readonly outCamPredAlpha: number;
  readonly scales: readonly number[];
  readonly flip: boolean;
  readonly alphaLow: number;
  readonly alphaHigh: number;
  readonly unsureShare: number;
  readonly camMinimum: number;
  readonly backgroundMinimum: number;
  readonly crfMinimum: number;
  readonly crfIterations: number;
  readonly crfGaussianSxy: number;
  readonly crfGaussianCompat: number;
  readonly crfBilateralSxy: number;
  readonly crfBilateralSrgb: number;
  readonly crfBilateralCompat: number;
  readonly crfThreads: number;
  readonly shard: string;
}

const data = "Data";
const output = "Output";
const maps = "Class activation maps";
const confidence = "Confident label";
const crf = "Dense CRF";
const running = "Running";

export const inferSeamOptions: OptionTable<InferSeamConfig> = {
  voc12Root: {
    kind: "path",
    required: true,
    aliases: ["root"],
    group: data,
    help: "folder in VOC layout: JPEGImages/, Annotations/, ImageSets/Segmentation/, maybe dataset.json",
  },
  inferList: {
    kind: "text",
    default: "train_aug.txt",
    group: data,
    help: "image list: a path, or a name in ImageSets/Segmentation",
  },
  weights: { kind: "path", group: data, help: "SEAM network: .pth, .params or .safetensors, of any width" },
  camDir: {
    kind: "path",
    group: data,
    help: "instead of --weights: folder of class activation maps made elsewhere, NAME.npy of {class - 1: [height, width]}",
  },
  tags: {
    kind: "path",
    aliases: ["cls-labels"],
    group: data,
    help: "image tags: cls_labels.npy, or JSON of the same [default: cls_labels.npy or .json in the data folder, else the XML's object names]",
  },
  outCam: { kind: "path", group: output, help: "folder for the class activation maps, NAME.npy" },
  crf: {
    kind: "path",
    group: output,
    help: "folder for the confident labels (8-bit palette PNG) [default where no output is named: ./data/SEAM_Image]",
  },
  oriCrf: {
    kind: "path",
    group: output,
    help: "folder for the full labels, before the confident pixels are picked [default likewise: ./data/SEAM_Image_Full]",
  },
  outCrf: {
    kind: "path",
    group: output,
    help: "folder name, to which _4.0 and _24.0 are added, for the CRF's probabilities, NAME.npy of {class: [height, width]}",
  },
  outCamPred: { kind: "path", group: output, help: "folder for the labels of the maps alone, without CRF" },
  outCamPredAlpha: {
    kind: "number",
    default: 0.26,
    min: 0,
    group: output,
    help: "the background's score in --out-cam-pred",
  },
  scales: {
    kind: "numbers",
    default: [0.5, 1, 1.5, 2],
    min: 0.05,
    max: 8,
    group: maps,
    help: "sizes at which the network sees the image; their maps are summed",
  },
  flip: { kind: "boolean", default: true, group: maps, help: "each scale with its mirror image" },
  alphaLow: {
    kind: "number",
    default: 4,
    min: 0,
    symbol: "la",
    group: confidence,
    help: "exponent of the background score (1 - max)^alpha that tells what is foreground",
  },
  alphaHigh: {
    kind: "number",
    default: 24,
    min: 0,
    symbol: "ha",
    group: confidence,
    help: "exponent that tells what is background",
  },
  unsureShare: {
    kind: "number",
    default: 0.6,
    min: 0,
    max: 1,
    group: confidence,
    help: "share of a class's pixels, the weakest, that is not confident: 0.6 keeps the top 40 %",
  },
  camMinimum: {
    kind: "number",
    default: 0.01,
    min: 0,
    group: confidence,
    help: "pixels with a weaker map are not counted among a class's",
  },
  backgroundMinimum: {
    kind: "number",
    default: 0.8,
    min: 0,
    group: confidence,
    help: "background is confident where its score is above this",
  },
  crfMinimum: {
    kind: "number",
    default: 0.8,
    min: 0,
    max: 1,
    group: confidence,
    help: "and the CRF's probability reaches this",
  },
  crfIterations: { kind: "integer", default: 10, min: 0, group: crf, help: "mean-field iterations" },
  crfGaussianSxy: {
    kind: "number",
    default: 3,
    min: 1e-3,
    unit: "pixels",
    group: crf,
    help: "Gaussian kernel's width",
  },
  crfGaussianCompat: { kind: "number", default: 3, min: 0, group: crf, help: "Gaussian kernel's weight" },
  crfBilateralSxy: {
    kind: "number",
    default: 80,
    min: 1e-3,
    unit: "pixels",
    group: crf,
    help: "bilateral kernel's width in space",
  },
  crfBilateralSrgb: {
    kind: "number",
    default: 13,
    min: 1e-3,
    unit: "of 255",
    group: crf,
    help: "bilateral kernel's width in colour",
  },
  crfBilateralCompat: { kind: "number", default: 10, min: 0, group: crf, help: "bilateral kernel's weight" },
  crfThreads: {
    kind: "integer",
    default: 2,
    min: 1,
    max: 64,
    group: crf,
    help: "worker threads for the two dense CRFs of an image, which run while the network sees the next one",
  },
  shard: {
    kind: "text",
    default: "launched",
    group: running,
    help: "launched: under mpiexec or srun each process takes its part, alone it takes all; i/n: every n-th image; auto: from a Slurm or AWS Batch array, auto/n: Kubernetes",
  },
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
  const { outCam, crf, oriCrf, outCrf, outCamPred } = config;
  if ([outCam, crf, oriCrf, outCrf, outCamPred].some((output) => output !== undefined)) return { config, notices };
  notices.push(
    `no output named: confident labels go to ${DEFAULT_OUTPUT.crf}, full labels to ${DEFAULT_OUTPUT.oriCrf}`,
  );
  return { config: { ...config, ...DEFAULT_OUTPUT }, notices };
}
