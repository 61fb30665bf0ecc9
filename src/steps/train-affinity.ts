/**
 * `train-affinity`: trains the network that turns an image into a graph (docs/method.md, section 2.3; reference
 * train_gated_aff.py), or the plain affinity network before it (SEAM's train_aff.py). In one process or, under mpiexec,
 * srun or `--gpus`, in many.
 */

import { AffinityNet } from "../affinity/affinity-net";
import { ignoredFlags, resolveConfig, type TrainAffinityConfig, trainAffinityOptions } from "../config/train-affinity";
import { type DatasetDescription, readDataset } from "../data/dataset";
import { TRAINING_JITTER } from "../image-ops/colour-jitter";
import { openInitialWeights } from "../network/initial-weights";
import { withoutOtherHead } from "../network/other-head";
import { silentReporter } from "../running/reporter";
import { TRAINING_BYTES } from "../running/result-bytes";
import type { Step, StepContext } from "../running/step";
import type { AffinityLossWeights } from "../training/affinity/affinity-loss";
import type { AffinitySample, AffinitySampleOptions } from "../training/affinity/affinity-sample";
import { affinityTask } from "../training/affinity/affinity-task";
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
import { usableImages } from "../training/usable-images";

export const trainAffinity: Step<TrainAffinityConfig, TrainingSummary> = {
  name: "train-affinity",
  about: "train the network that estimates how alike neighbouring cells are, from seed labels",
  options: trainAffinityOptions,
  ignored: ignoredFlags,
  examples: [
    "a2gnn train-affinity --radius 4 --label_dir data/Init_Label/SEAM_Box --weights netWeights/resnet38_aff_SEAM.pth --session_name res_aff_box --voc12_root VOC2012",
    "a2gnn train-affinity --stage plain --label-dir out/seam-full --weights resnet38_SEAM.pth --session-name out/aff --voc12-root my-photographs",
    "a2gnn train-affinity --backbone efficientnet-lite2 --label-dir out/seeds --voc12-root my-photographs --session-name out/affinity",
    "mpiexec -n 4 npx a2gnn train-affinity --backend gpu --batch-size 4 …",
  ],
  canPlan: true,
  everyday: ["labelDir", "trainList", "weights", "sessionName", "batchSize", "epochs", "radius", "gpus", "dryRun"],
  bytes: TRAINING_BYTES,
  needsBackend: true,
  run,
  describe: describeTraining,
};

async function run(
  given: Partial<TrainAffinityConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<TrainingSummary> {
  const config = resolveConfig(given);
  return inProcesses(trainAffinity.name, given, context, async (communicator) => {
    const dataset = await readDataset(config.voc12Root);
    const images = await usableImages(config, given.trainList !== undefined, {
      folder: config.labelDir,
      dataset,
    });
    const { classes, ignore } = dataset;
    const plan: TrainingPlan<AffinitySample> = {
      step: trainAffinity.name,
      config,
      images,
      run: { ...numbersOf(config, trainAffinityOptions), classes: classes.length, ignore },
      open: (schedule) => openTraining(config, dataset, schedule),
    };
    return runTraining(plan, communicator, context);
  });
}

async function openTraining(
  config: TrainAffinityConfig,
  dataset: DatasetDescription,
  schedule: Schedule,
): Promise<OpenTraining<AffinitySample>> {
  const { width, ...initial } = await openInitialWeights(config);
  const { source, notices } = withoutOtherHead(initial.source, "affinity");
  const { backbone, freezeBackbone, seed } = config;
  const loading = { trained: "frozen", initialSeed: seed, width, backbone, freezeBackbone } as const;
  const net = await AffinityNet.load(source, loading).finally(initial.close);
  const fromScratch = width !== undefined;
  const loader = createSampleLoader<AffinitySampleOptions, AffinitySample>(
    require.resolve("../training/affinity/affinity-sample"),
    sampleOptions(config, dataset),
    config.numWorkers,
  );
  if (fromScratch) await calibrateNorms(net, loader, schedule, config.cropSize);
  return {
    task: affinityTask(net, { weights: lossWeights(config), dropout: config.dropout, fromScratch }),
    loader,
    notices: [...notices, ...initial.noticesOf(net.store)],
    dispose: () => net.dispose(),
  };
}

function lossWeights(config: TrainAffinityConfig): AffinityLossWeights {
  const { bgWeight: background, fgWeight: foreground, negWeight: negative, crfWeight: crf } = config;
  return { background, foreground, negative, crf };
}

function sampleOptions(config: TrainAffinityConfig, dataset: DatasetDescription): AffinitySampleOptions {
  const plain = config.stage === "plain";
  return {
    voc12Root: config.voc12Root,
    labelDir: config.labelDir,
    dataset,
    ignore: dataset.ignore,
    annotationFrame: config.annotationFrame,
    cropSize: config.cropSize,
    radius: plain ? config.radius - 1 : config.radius,
    pairs: plain ? "disc" : "window",
    jitter: config.jitter ? TRAINING_JITTER : undefined,
    crf: config.crfWeight > 0,
    fill: plain ? 0 : 255,
  };
}
