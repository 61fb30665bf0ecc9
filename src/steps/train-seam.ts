/**
 * `train-seam`: trains SEAM's classification network from image tags (docs/method.md, section 1.1; reference
 * train_SEAM.py). In one process or, under mpiexec, srun or `--gpus`, in many.
 */

import { ignoredFlags, resolveConfig, type TrainSeamConfig, trainSeamOptions } from "../config/train-seam";
import { type DatasetDescription, readDataset } from "../data/dataset";
import { type ImageTags, readImageTags } from "../data/image-tags";
import { messageOf, UserError } from "../errors";
import { TRAINING_JITTER } from "../image-ops/colour-jitter";
import { openInitialWeights } from "../network/initial-weights";
import { withoutOtherHead } from "../network/other-head";
import type { Communicator } from "../parallel/communicator";
import { silentReporter } from "../running/reporter";
import { TRAINING_BYTES } from "../running/result-bytes";
import type { Step, StepContext } from "../running/step";
import { SeamNet } from "../seam/seam-net";
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
import { type SeamSample, type SeamSampleConfig, type UntaggedSample, withTags } from "../training/seam/seam-sample";
import { seamTask } from "../training/seam/seam-task";
import { type UsableImages, usableImages } from "../training/usable-images";

export const trainSeam: Step<TrainSeamConfig, TrainingSummary> = {
  name: "train-seam",
  about: "train the classification network whose activation maps become seeds, from image tags",
  options: trainSeamOptions,
  ignored: ignoredFlags,
  examples: [
    "a2gnn train-seam --voc12_root VOC2012 --train_list train_aug.txt --weights ilsvrc-cls_rna-a1_cls1000_ep-0001.params --session_name resnet38_SEAM",
    "a2gnn train-seam --voc12-root my-photographs --tags tags.json --weights resnet38_SEAM.pth --session-name out/seam",
    "mpiexec -n 4 npx a2gnn train-seam --backend gpu --batch-size 8 …",
  ],
  canPlan: true,
  everyday: ["trainList", "tags", "weights", "sessionName", "batchSize", "epochs", "gpus", "dryRun"],
  bytes: TRAINING_BYTES,
  needsBackend: true,
  run,
  describe: describeTraining,
};

async function run(
  given: Partial<TrainSeamConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<TrainingSummary> {
  const config = resolveConfig(given);
  return inProcesses(trainSeam.name, given, context, async (communicator) => {
    const dataset = await readDataset(config.voc12Root);
    const found = await usableImages(config, given.trainList !== undefined);
    const tags = await readImageTags(config.voc12Root, dataset, config.tags, config.tagsForm);
    const { images, tagsOf } = await taggedImages(found, tags);
    const plan: TrainingPlan<SeamSample> = {
      step: trainSeam.name,
      config,
      images,
      run: { ...numbersOf(config, trainSeamOptions), classes: dataset.classes.length },
      tensorboard: config.tblogDir,
      open: (schedule) => openTraining(config, dataset, tagsOf, schedule, communicator),
    };
    return runTraining(plan, communicator, context);
  });
}

/** The images whose tags are known; the others are named and left out. */
async function taggedImages(
  found: UsableImages,
  tags: ImageTags,
): Promise<{ images: UsableImages; tagsOf: Map<string, readonly number[]> }> {
  const tagsOf = new Map<string, readonly number[]>();
  const failed = [...found.failed];
  for (const id of found.ids) {
    try {
      tagsOf.set(id, await tags.tagsOf(id));
    } catch (error) {
      failed.push({ image: id, reason: messageOf(error) });
    }
  }
  const ids = found.ids.filter((id) => tagsOf.has(id));
  if (ids.length === 0)
    throw new UserError("input", `no image has tags, e.g. "${failed[0].image}": ${failed[0].reason}`);
  const notices = [...found.notices, `image tags: ${tags.source}`];
  return { images: { ...found, ids, failed, notices }, tagsOf };
}

async function openTraining(
  config: TrainSeamConfig,
  { classes }: DatasetDescription,
  tagsOf: ReadonlyMap<string, readonly number[]>,
  schedule: Schedule,
  communicator: Communicator,
): Promise<OpenTraining<SeamSample>> {
  const { stage, norm, dropout, cropSize } = config;
  const { width, ...initial } = await openInitialWeights(config);
  const { source, notices } = withoutOtherHead(initial.source, "classification");
  const { backbone, freezeBackbone, seed } = config;
  const loading = { trained: norm, initialSeed: seed, width, backbone, freezeBackbone, classes: classes.length };
  const network = await SeamNet.load(source, loading).finally(initial.close);
  const [shortest, longest] = config.longSide;
  const samples: SeamSampleConfig = {
    root: config.voc12Root,
    cropSize,
    longSide: [shortest, longest],
    jitter: config.jitter ? TRAINING_JITTER : undefined,
  };
  const module = require.resolve("../training/seam/seam-sample");
  const loader = createSampleLoader<SeamSampleConfig, UntaggedSample>(module, samples, config.numWorkers);
  const fromScratch = width !== undefined;
  if (fromScratch && norm === "frozen") await calibrateNorms(network, loader, schedule, cropSize);
  const batchNorm = norm === "batch" ? { cropSize, communicator } : undefined;
  return {
    task: seamTask(network, { stage, dropout, fromScratch, batchNorm }),
    loader: withTags(loader, tagsOf, classes.length - 1),
    notices: [...notices, ...initial.noticesOf(network.store)],
    dispose: () => network.dispose(),
  };
}
