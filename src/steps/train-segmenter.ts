/**
 * `train-segmenter`: trains a segmentation network on labels of every pixel, pseudo labels above all (docs/method.md,
 * section 4). In one process or, under mpiexec, srun or `--gpus`, in many.
 */

import { checkBatchSize } from "../config/norm-mode";
import { resolveConfig, type TrainSegmenterConfig, trainSegmenterOptions } from "../config/train-segmenter";
import { type DatasetDescription, readDataset } from "../data/dataset";
import { UserError } from "../errors";
import { TRAINING_JITTER } from "../image-ops/colour-jitter";
import type { Communicator } from "../parallel/communicator";
import { silentReporter } from "../running/reporter";
import type { Step, StepContext } from "../running/step";
import type { SegmentationNetwork } from "../segmentation/network";
import { openTrainable } from "../segmentation/open-segmenter";
import { calibrateNorms } from "../training/calibrate";
import type { Schedule } from "../training/epoch-order";
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
  about: "train a segmentation network on labels of every pixel: pseudo labels, or true masks",
  options: trainSegmenterOptions,
  examples: [
    "a2gnn train-segmenter --model deeplab-v2-resnet101 --weights resnet101.pth --voc12-root VOC2012 --label-dir out/box_pred --session-name out/deeplab",
    "a2gnn train-segmenter --model pspnet-resnet101 --recipe full --weights resnet101.pth --voc12-root VOC2012 --label-dir VOC2012/SegmentationClass --train-list train.txt",
    "a2gnn train-segmenter --model tree-fcn-resnet101 --weights none --width 8 --voc12-root my-photographs --label-dir labels --crop-size 256",
  ],
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
    const images = await usableImages(config, given.trainList !== undefined, {
      folder: config.labelDir,
      dataset,
    });
    const { classes, ignore } = dataset;
    const plan: TrainingPlan<SegmentationSample> = {
      step: trainSegmenter.name,
      config,
      images,
      run: { ...numbersOf(config, ["labelDir"]), classes: classes.length, ignore },
      open: (schedule) => openTraining(config, dataset, schedule, communicator),
    };
    return runTraining(plan, communicator, context);
  });
}

async function openTraining(
  config: TrainSegmenterConfig,
  dataset: DatasetDescription,
  schedule: Schedule,
  communicator: Communicator,
): Promise<OpenTraining<SegmentationSample>> {
  const { cropSize, balanced, dropout } = config;
  const { classes } = dataset;
  const { segmenter, norm, notices } = await openTrainable(config, classes.length);
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
  if (segmenter.fromScratch && !segmenter.store.hasNorms) await calibrateNorms(segmenter, loader, schedule, cropSize);
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
