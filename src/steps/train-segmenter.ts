/**
 * `train-segmenter`: trains a segmentation network on labels of every pixel, pseudo labels above all, or a Mask R-CNN on
 * objects (docs/method.md, section 4). In one process or, under mpiexec, srun or `--gpus`, in many.
 */

import { type LearningRateConfig, learningRateOptions } from "../config/learning-rate";
import { type MaskRcnnConfig, maskRcnnOptions } from "../config/mask-rcnn-options";
import { checkBatchSize } from "../config/norm-mode";
import { isInstanceModel } from "../config/segmentation-models";
import { resolveConfig, type TrainSegmenterConfig, trainSegmenterOptions } from "../config/train-segmenter";
import { type DatasetDescription, readDataset } from "../data/dataset";
import { UserError } from "../errors";
import { TRAINING_JITTER } from "../image-ops/colour-jitter";
import type { Communicator } from "../parallel/communicator";
import { silentReporter } from "../running/reporter";
import { TRAINING_BYTES } from "../running/result-bytes";
import type { Step, StepContext } from "../running/step";
import type { SegmentationNetwork } from "../segmentation/network";
import { openTrainable } from "../segmentation/open-segmenter";
import { calibrateNorms } from "../training/calibrate";
import type { Schedule } from "../training/epoch-order";
import type { InstanceSample } from "../training/mask-rcnn/instance-sample";
import {
  type InstanceTrainingConfig,
  imagesWithObjects,
  openInstanceTraining,
} from "../training/mask-rcnn/open-training";
import { inProcesses } from "../training/processes";
import {
  describeTraining,
  numbersOf,
  type OpenTraining,
  runTraining,
  type TrainingPlan,
  type TrainingSummary,
} from "../training/run-training";
import { createSampleLoader } from "../training/sample-loader";
import type { SegmentationSample, SegmentationSampleOptions } from "../training/segmentation/segmentation-sample";
import { segmentationTask } from "../training/segmentation/segmentation-task";
import { usableImages } from "../training/usable-images";

export const trainSegmenter: Step<TrainSegmenterConfig, TrainingSummary> = {
  name: "train-segmenter",
  about:
    "train a segmentation network on labels of every pixel, or Mask R-CNN on objects: pseudo labels, or true masks",
  options: trainSegmenterOptions,
  examples: [
    "a2gnn train-segmenter --model deeplab-v2-resnet101 --weights resnet101.pth --voc12-root VOC2012 --label-dir out/box_pred --session-name out/deeplab",
    "a2gnn train-segmenter --model pspnet-resnet101 --recipe full --weights resnet101.pth --voc12-root VOC2012 --label-dir VOC2012/SegmentationClass --train-list train.txt",
    "a2gnn train-segmenter --model tree-fcn-resnet101 --weights none --width 8 --voc12-root my-photographs --label-dir labels --crop-size 256",
    "a2gnn train-segmenter --model deeplab-v3plus-efficientnet-lite2 --voc12-root my-photographs --label-dir labels --session-name out/light",
    "a2gnn train-segmenter --model mask-rcnn-resnet50-fpn --weights resnet50.pth --voc12-root my-photographs --instances instances.json --schedule step --warm-up 1000",
  ],
  canPlan: true,
  everyday: [
    "model",
    "recipe",
    "labelDir",
    "trainList",
    "weights",
    "sessionName",
    "batchSize",
    "epochs",
    "gpus",
    "instances",
    "dryRun",
  ],
  bytes: TRAINING_BYTES,
  needsBackend: true,
  run,
  describe: describeTraining,
};

async function run(
  given: Partial<TrainSegmenterConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<TrainingSummary> {
  const config = resolveConfig(given);
  return inProcesses(trainSegmenter.name, given, context, async (communicator) => {
    const dataset = await readDataset(config.voc12Root);
    const usesObjects = isInstanceTraining(config);
    const labels = usesObjects && config.objectDir === undefined ? undefined : { folder: config.labelDir, dataset };
    const found = await usableImages(config, given.trainList !== undefined, labels);
    const images = usesObjects ? await imagesWithObjects(found, config, dataset) : found;
    const { classes, ignore } = dataset;
    const plan = {
      step: trainSegmenter.name,
      config,
      images,
      run: { ...ownNumbers(config), classes: classes.length, ignore },
      rates: { warmUp: config.warmUp, milestones: config.schedule === "step" ? config.milestones : undefined },
    };
    if (usesObjects) {
      const open: TrainingPlan<InstanceSample>["open"] = (schedule) => openInstanceTraining(config, dataset, schedule);
      return runTraining({ ...plan, open }, communicator, context);
    }
    const open: TrainingPlan<SegmentationSample>["open"] = (schedule) =>
      openTraining(config, dataset, schedule, communicator);
    return runTraining({ ...plan, open }, communicator, context);
  });
}

function isInstanceTraining(config: TrainSegmenterConfig): config is InstanceTrainingConfig {
  return isInstanceModel(config.model);
}

/** What the numbers of this training depend on: without other models' options, and without a schedule that is the usual one. */
function ownNumbers(config: TrainSegmenterConfig): Partial<TrainSegmenterConfig> {
  const others = isInstanceTraining(config) ? [] : (Object.keys(maskRcnnOptions) as (keyof MaskRcnnConfig)[]);
  const isUsual = config.schedule === "poly" && config.warmUp === 0;
  const rates = isUsual ? (Object.keys(learningRateOptions) as (keyof LearningRateConfig)[]) : [];
  const unused: readonly string[] = [...others, ...rates];
  const numbers = Object.entries(numbersOf<TrainSegmenterConfig>(config, trainSegmenterOptions));
  return Object.fromEntries(numbers.filter(([key]) => !unused.includes(key)));
}

async function openTraining(
  config: TrainSegmenterConfig,
  dataset: DatasetDescription,
  schedule: Schedule,
  communicator: Communicator,
): Promise<OpenTraining<SegmentationSample>> {
  const { cropSize, balanced, dropout } = config;
  const { model } = config;
  const { classes } = dataset;
  if (isInstanceModel(model)) throw new Error(`${model} labels no pixels`);
  const { segmenter, norm, notices } = await openTrainable({ ...config, model }, classes.length);
  try {
    checkCrop(segmenter.network, config);
    checkBatchSize(norm, config.batchSize);
  } catch (error) {
    segmenter.dispose();
    throw error;
  }
  const [smallest, largest] = config.scaleRange;
  const loader = createSampleLoader<SegmentationSampleOptions, SegmentationSample>(
    require.resolve("../training/segmentation/segmentation-sample"),
    {
      voc12Root: config.voc12Root,
      labelDir: config.labelDir,
      dataset,
      ignore: dataset.ignore,
      annotationFrame: config.annotationFrame,
      cropSize,
      input: segmenter.shape.input,
      labelSides: segmenter.network.labelSides(cropSize),
      scaleRange: [smallest, largest],
      jitter: config.jitter ? TRAINING_JITTER : undefined,
    },
    config.numWorkers,
  );
  if (segmenter.needsCalibration) await calibrateNorms(segmenter, loader, schedule, cropSize);
  return {
    task: segmentationTask(segmenter, { norm, balanced, dropout, cropSize, communicator }),
    loader,
    notices,
    dispose: () => segmenter.dispose(),
  };
}

function checkCrop(network: SegmentationNetwork, { model, cropSize }: TrainSegmenterConfig): void {
  const fitting = network.fit(cropSize);
  if (fitting !== cropSize)
    throw new UserError("usage", `--crop-size ${cropSize} does not fit ${model}; the next that does is ${fitting}`);
}
