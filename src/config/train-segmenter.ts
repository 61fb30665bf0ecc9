/**
 * Every option of `train-segmenter` (docs/method.md, section 4), and the recipes that fill them in: `full` as each
 * reference trains on true masks, `pseudo` for labels that are partly wrong.
 */

import { UserError } from "../errors";
import { checkLearningRate, type LearningRateConfig, learningRateOptions } from "./learning-rate";
import { type MaskRcnnConfig, maskRcnnOptions } from "./mask-rcnn-options";
import { NORM_MODES, type NormMode } from "./norm-mode";
import { completeConfig, type OptionTable } from "./option";
import {
  INSTANCE_MODELS,
  type InstanceModelName,
  isInstanceModel,
  LIGHT_MODEL,
  MODELS,
  type ModelName,
} from "./segmentation-models";
import { type TrainingConfig, trainingOptions } from "./training";

export type Recipe = "pseudo" | "full";

export interface TrainSegmenterConfig extends TrainingConfig, LearningRateConfig, MaskRcnnConfig {
  readonly model: ModelName | InstanceModelName;
  readonly recipe: Recipe;
  readonly labelDir: string;
  readonly scaleRange: readonly number[];
  readonly balanced: boolean;
  readonly norm?: NormMode;
  readonly freezeBackbone: boolean;
}

type RecipeValues = Pick<
  TrainSegmenterConfig,
  "learningRate" | "weightDecay" | "batchSize" | "epochs" | "cropSize" | "scaleRange" | "balanced"
>;

/** Ours: small batches and crops, for a laptop. Rate and epochs are a first choice, not compared with others yet. */
const LIGHT: RecipeValues = {
  ...{ learningRate: 1e-3, weightDecay: 1e-4, batchSize: 4, epochs: 12, cropSize: 256 },
  ...{ scaleRange: [0.5, 1.5], balanced: false },
};

/**
 * The references' values on VOC's 10,582 training images: kazuto1011/deeplab-pytorch configs/voc12.yaml (20,000 steps
 * of 2 × 5 images); the authors' solver.prototxt of VGG16; hszhao/semseg voc2012_pspnet101.yaml; TreeFilter-Torch
 * voc.fcn_32d.R101_v1c.extra.tree_filter/config.py, whose drawn sizes are 0.5, 0.75, 1, 1.5, 1.75, 2. deeplab-pytorch
 * lets the learning rate fall every ten steps; here it falls at each, to the same values every tenth.
 */
const FULL: Readonly<Record<ModelName, RecipeValues>> = {
  "deeplab-v2-vgg16": {
    ...{ learningRate: 1e-3, weightDecay: 5e-4, batchSize: 10, epochs: 19, cropSize: 321 },
    ...{ scaleRange: [0.5, 1.5], balanced: false },
  },
  "deeplab-v2-resnet101": {
    ...{ learningRate: 2.5e-4, weightDecay: 5e-4, batchSize: 10, epochs: 19, cropSize: 321 },
    ...{ scaleRange: [0.5, 1.5], balanced: false },
  },
  "deeplab-v3plus-efficientnet-lite2": LIGHT,
  "pspnet-resnet101": {
    ...{ learningRate: 0.01, weightDecay: 1e-4, batchSize: 16, epochs: 50, cropSize: 473 },
    ...{ scaleRange: [0.5, 2], balanced: false },
  },
  "tree-fcn-resnet101": {
    ...{ learningRate: 4e-3, weightDecay: 1e-4, batchSize: 32, epochs: 60, cropSize: 512 },
    ...{ scaleRange: [0.5, 2], balanced: false },
  },
};

/**
 * On pseudo labels of the others: a learning rate of SC-CAM's class (Chang et al., CVPR 2020, train DeepLab v2 with 2.5e-4), whatever
 * the model, so that the network does not memorise the labels' mistakes; background and foreground weigh the same
 * (balanced cross-entropy, as in SEC, Kolesnikov and Lampert 2016), since pseudo labels err on the background's side.
 */
const PSEUDO: Pick<RecipeValues, "learningRate" | "balanced"> = { learningRate: 2.5e-4, balanced: true };

/** Detectron2's "1x": 0.02 for 16 images a step, in proportion; twelve passes over COCO, whatever the labels. */
const MASK_RCNN: RecipeValues = {
  ...{ learningRate: 2.5e-3, weightDecay: 1e-4, batchSize: 2, epochs: 12, cropSize: 800 },
  ...{ scaleRange: [1, 1], balanced: false },
};

export function recipeValues(model: ModelName | InstanceModelName, recipe: Recipe): RecipeValues {
  if (isInstanceModel(model)) return MASK_RCNN;
  if (recipe === "full") return FULL[model];
  return model === LIGHT_MODEL ? { ...LIGHT, balanced: true } : { ...FULL[model], ...PSEUDO };
}

const DEFAULT_MODEL: ModelName = "deeplab-v2-resnet101";
const defaults = recipeValues(DEFAULT_MODEL, "pseudo");
const shared = trainingOptions({
  sessionName: "segmenter",
  weights: "none",
  momentum: 0.9,
  jitter: false,
  ...defaults,
});
const method = "Method";

export const trainSegmenterOptions: OptionTable<TrainSegmenterConfig> = {
  ...shared,
  ...learningRateOptions,
  ...maskRcnnOptions,
  model: {
    kind: "choice",
    affects: "fit",
    choices: [...MODELS, ...INSTANCE_MODELS],
    default: DEFAULT_MODEL,
    group: method,
    help: "the network; mask-rcnn-… find objects, the others label pixels",
  },
  recipe: {
    kind: "choice",
    affects: "fit",
    choices: ["pseudo", "full"],
    default: "pseudo",
    group: method,
    help: "values of options that are not given. pseudo: a low learning rate and balanced classes, for pseudo labels; full: those with which the model's reference trains on true masks",
  },
  labelDir: {
    kind: "path",
    affects: "place",
    default: "./out/box_pred",
    group: "Data",
    help: "folder of labels, NAME.png of class indices, unknown = the ignore value; pseudo labels, or SegmentationClass for true masks",
  },
  weights: {
    ...shared.weights,
    help: "initial weights: .pth or .safetensors of the backbone (torchvision's names; with a deep stem semseg's or TreeFilter-Torch's) or of a whole network of the model; those of deeplab-pytorch see Caffe's colours and keep their names; Mask R-CNN reads Detectron2's .pkl too; new layers are initialised. imagenet: EfficientNet-Lite2 as a2gnn setup fetches it, the light network's default; none: from scratch, with --width",
  },
  batchSize: { ...shared.batchSize, symbol: "VGG16 10, PSPNet 16, Tree-FCN 32, Mask R-CNN 2" },
  epochs: { ...shared.epochs, symbol: "PSPNet 50, Tree-FCN 60, Mask R-CNN 12" },
  learningRate: {
    ...shared.learningRate,
    symbol: "recipe full: VGG16 1e-3, PSPNet 0.01, Tree-FCN 4e-3; Mask R-CNN 2.5e-3",
    help: "learning rate; on a trained backbone new layers of DeepLab and PSPNet learn ten times as fast; biases twice as fast where the reference has it so",
  },
  weightDecay: {
    ...shared.weightDecay,
    symbol: "PSPNet, Tree-FCN, Mask R-CNN 1e-4",
    help: "weight decay of the parameters that decay in the reference",
  },
  momentum: { ...shared.momentum, help: "momentum of SGD" },
  cropSize: {
    ...shared.cropSize,
    symbol: "PSPNet 473, Tree-FCN 512",
    help: "side of the square cut out of each photograph; PSPNet's is 1 above a multiple of 8, Tree-FCN's a multiple of 32; Mask R-CNN sees whole photographs (--short-side)",
  },
  dropout: { ...shared.dropout, help: "dropout in VGG16's pyramid and in PSPNet's classifiers" },
  microBatch: {
    ...shared.microBatch,
    help: "images computed together; the result is the same, fewer need less memory; not with --norm batch, which sees all of a process's at once [default: 1 on a CPU, all on a GPU]",
  },
  scaleRange: {
    kind: "numbers",
    affects: "fit",
    default: defaults.scaleRange,
    min: 0.05,
    max: 8,
    symbol: "PSPNet, Tree-FCN 0.5,2",
    group: "Training",
    help: "smallest and largest size of the photograph, drawn for each sample",
  },
  balanced: {
    kind: "boolean",
    affects: "fit",
    default: defaults.balanced,
    symbol: "recipe full false",
    group: method,
    help: "the loss is half the mean over background and half that over foreground pixels, not the mean over all",
  },
  norm: {
    kind: "choice",
    affects: "fit",
    choices: NORM_MODES,
    group: method,
    help: "batch normalisation by the weights' running statistics, which stay, or by the batch's over all processes [default: frozen for DeepLab with weights, else batch]",
  },
  freezeBackbone: {
    kind: "boolean",
    affects: "fit",
    default: false,
    group: method,
    help: `of ${LIGHT_MODEL}: the backbone stays as it is and only the pyramid and the decoder learn, which takes half the time`,
  },
};

/** Options of a model that the recipes do not tell apart. */
function modelValues(
  model: ModelName | InstanceModelName,
  { width }: Partial<TrainSegmenterConfig>,
): Partial<TrainSegmenterConfig> {
  return model === LIGHT_MODEL && width === undefined ? { weights: "imagenet" } : {};
}

/** @throws UserError "usage" */
export function resolveConfig(given: Partial<TrainSegmenterConfig>): TrainSegmenterConfig {
  const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const model = [...MODELS, ...INSTANCE_MODELS].find((name) => name === given.model) ?? DEFAULT_MODEL;
  const recipe = given.recipe === "full" ? "full" : "pseudo";
  const config = completeConfig<TrainSegmenterConfig>(
    { ...recipeValues(model, recipe), ...modelValues(model, given), ...stated },
    trainSegmenterOptions,
  );
  checkLearningRate(config);
  if (isInstanceModel(config.model) && (config.instances === undefined) === (config.objectDir === undefined))
    throw new UserError(
      "usage",
      `--model ${config.model} needs --instances FILE.json or --object-dir FOLDER, one of them`,
    );
  if (isInstanceModel(config.model) && config.norm === "batch")
    throw new UserError("usage", `--norm batch is not for ${config.model}: its normalisations stay as they are`);
  if (config.freezeBackbone && (config.model !== LIGHT_MODEL || config.weights === "none"))
    throw new UserError("usage", `--freeze-backbone goes with --model ${LIGHT_MODEL} and weights of its backbone`);
  const [smallest, largest, ...rest] = config.scaleRange;
  if (largest === undefined || rest.length > 0 || smallest > largest)
    throw new UserError("usage", `expected --scale-range MIN,MAX, got ${config.scaleRange.join(",")}`);
  return config;
}
