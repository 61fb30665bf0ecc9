/**
 * `train-affinity`: trains the network that turns an image into a graph (METHOD 2.3; reference train_gated_aff.py), or the
 * plain affinity network before it (SEAM's train_aff.py). In one process or, under mpiexec, srun or `--gpus`, in many.
 */

import type { AFFINITY_LOSS_WEIGHTS } from "../affinity-training/affinity-loss";
import type { AffinitySample, AffinitySampleOptions } from "../affinity-training/affinity-sample";
import { affinityTask } from "../affinity-training/affinity-task";
import { backendInUse } from "../backend";
import {
  type AffinityStage,
  ignoredFlags,
  resolveConfig,
  type TrainAffinityConfig,
  trainAffinityOptions,
} from "../config/train-affinity";
import { type DatasetDescription, readDataset } from "../data/dataset";
import { TRAINING_JITTER } from "../image-ops/colour-jitter";
import { AffinityNet } from "../network/affinity-net";
import type { Communicator } from "../parallel/communicator";
import { launchStep } from "../parallel/launch";
import { launchedRank } from "../parallel/local-rank";
import { withCommunicator } from "../parallel/mpi";
import { calibrateNorms } from "../training/calibrate";
import { removeCheckpoint } from "../training/checkpoint";
import { stepsPerEpoch } from "../training/epoch-order";
import { openInitialWeights } from "../training/initial-weights";
import { PolySgd } from "../training/poly-sgd";
import { createSampleLoader } from "../training/sample-loader";
import { finishSession, isFinished, trainingSession } from "../training/session";
import { type TrainingResult, train } from "../training/trainer";
import { usableImages } from "../training/usable-images";
import { silentReporter } from "./reporter";
import type { ImageFailure, Step, StepContext, Summary } from "./step";

export interface TrainAffinitySummary extends Summary {
  readonly split: string;
  readonly stage: AffinityStage;
  /** The result, where the training came to its end. */
  readonly weights?: { readonly safetensors: string; readonly pth: string };
  readonly processes: number;
  /** Steps done, of all. */
  readonly steps: number;
  readonly totalSteps: number;
  readonly resumedFrom: number;
  readonly interrupted: boolean;
  /** Means over the last epoch. */
  readonly losses: Readonly<Record<string, number>>;
  readonly imagesPerSecond: number;
  readonly waitingSeconds: number;
}

export const trainAffinity: Step<TrainAffinityConfig, TrainAffinitySummary> = {
  name: "train-affinity",
  about: "train the network that tells how alike neighbouring cells are, from seed labels",
  options: trainAffinityOptions,
  ignored: ignoredFlags,
  examples: [
    "a2gnn train-affinity --radius 4 --label_dir data/Init_Label/SEAM_Box --weights netWeights/resnet38_aff_SEAM.pth --session_name res_aff_box --voc12_root VOC2012",
    "a2gnn train-affinity --stage plain --label-dir out/seam-full --weights resnet38_SEAM.pth --session-name out/aff --voc12-root my-photographs",
    "mpiexec -n 4 npx a2gnn train-affinity --backend gpu --batch-size 4 …",
  ],
  needsBackend: true,
  run,
  describe,
};

async function run(
  given: Partial<TrainAffinityConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<TrainAffinitySummary> {
  const config = resolveConfig(given);
  if (config.gpus !== undefined && config.gpus > 1 && launchedRank() === undefined)
    return launchStep(trainAffinity.name, { ...given, gpus: undefined }, config.gpus, context);
  return withCommunicator((communicator) => trainHere(config, given.trainList !== undefined, communicator, context));
}

async function trainHere(
  config: TrainAffinityConfig,
  listStated: boolean,
  communicator: Communicator,
  context: StepContext,
): Promise<TrainAffinitySummary> {
  const started = performance.now();
  const notices: string[] = [];
  const notice = (message: string): void => {
    notices.push(message);
    if (communicator.rank === 0) context.reporter.notice(message);
  };
  const dataset = await readDataset(config.voc12Root);
  const images = await usableImages(config.voc12Root, config.trainList, listStated, config.labelDir);
  images.notices.forEach(notice);
  if (communicator.rank === 0)
    for (const { image, reason } of images.failed) context.reporter.warn(`image "${image}": ${reason}`);

  const session = trainingSession(config.sessionName, runOf(config, images.ids, dataset));
  const summary = (result: Partial<TrainingResult>, done: boolean): TrainAffinitySummary => ({
    step: trainAffinity.name,
    split: images.split,
    stage: config.stage,
    ...(done ? { weights: session.weights } : {}),
    processes: communicator.size,
    steps: result.steps ?? 0,
    totalSteps: result.totalSteps ?? 0,
    resumedFrom: result.resumedFrom ?? 0,
    interrupted: result.interrupted ?? false,
    losses: result.losses ?? {},
    imagesPerSecond: result.imagesPerSecond ?? 0,
    waitingSeconds: result.waitingSeconds ?? 0,
    images: images.ids.length + images.failed.length,
    done: result.steps === undefined ? 0 : images.ids.length - (result.failed?.length ?? 0),
    skipped: result.steps === undefined ? images.ids.length : 0,
    failed: [...images.failed, ...(result.failed ?? [])],
    seconds: (performance.now() - started) / 1000,
    notices,
  });
  if (!config.resume && communicator.rank === 0) await removeCheckpoint(session.checkpoint);
  if (config.resume && (await isFinished(session))) {
    notice(`${session.weights.safetensors} is there already: nothing to train`);
    return summary({}, true);
  }

  const initial = await openInitialWeights(config, "affinity");
  const net = await AffinityNet.load(initial.weights, { ...initial.options, trainable: true }).finally(initial.close);
  initial.noticesOf(net.parameters).forEach(notice);
  const task = affinityTask(net, { weights: lossWeights(config), dropout: config.dropout });
  const schedule = { ids: images.ids, batchSize: config.batchSize, epochs: config.epochs, seed: config.seed };
  const optimizer = new PolySgd(task.variables, {
    learningRate: config.lr,
    weightDecay: config.wtDec,
    steps: stepsPerEpoch(schedule) * config.epochs,
    momentum: config.momentum,
    power: config.power,
  });
  const loader = createSampleLoader<AffinitySampleOptions, AffinitySample>(
    require.resolve("../affinity-training/affinity-sample"),
    sampleOptions(config, dataset),
    config.numWorkers,
  );
  try {
    if (initial.fromScratch) await calibrateNorms(net.backbone, loader, schedule, config.cropSize);
    const microBatch = config.microBatch ?? (backendInUse()?.usesGpu === true ? undefined : 1);
    const { checkpoint, log } = session;
    const result = await train(
      { task, optimizer, loader, schedule, communicator, microBatch, checkpoint, log },
      context,
    );
    if (result.interrupted) {
      notice(`stopped after step ${result.steps} of ${result.totalSteps}; the same command goes on`);
      return summary(result, false);
    }
    if (communicator.rank === 0) await finishSession(session, await task.toStateDict());
    return summary(result, true);
  } finally {
    await loader.close();
    optimizer.dispose();
    net.dispose();
  }
}

function lossWeights(config: TrainAffinityConfig): typeof AFFINITY_LOSS_WEIGHTS {
  const { bgWeight: background, fgWeight: foreground, negWeight: negative, crfWeight: crf } = config;
  return { background, foreground, negative, crf };
}

function sampleOptions(config: TrainAffinityConfig, { classes, ignore }: DatasetDescription): AffinitySampleOptions {
  const plain = config.stage === "plain";
  return {
    voc12Root: config.voc12Root,
    labelDir: config.labelDir,
    classCount: classes.length,
    ignore,
    cropSize: config.cropSize,
    radius: plain ? config.radius - 1 : config.radius,
    pairs: plain ? "disc" : "window",
    jitter: config.jitter ? TRAINING_JITTER : undefined,
    crf: config.crfWeight > 0,
    fill: plain ? 0 : 255,
  };
}

/** What the numbers depend on: all but folders, and what changes speed and memory only. */
function runOf(
  config: TrainAffinityConfig,
  ids: readonly string[],
  { classes, ignore }: DatasetDescription,
): Record<string, unknown> {
  const { voc12Root, trainList, labelDir, weights, sessionName, numWorkers, microBatch, gpus, resume, ...numbers } =
    config;
  return { step: trainAffinity.name, ...numbers, classes: classes.length, ignore, images: ids.length };
}

function describe(summary: TrainAffinitySummary): string {
  const { steps, totalSteps, losses, failed, weights, imagesPerSecond, waitingSeconds, seconds, processes } = summary;
  const share = (100 * waitingSeconds) / Math.max(seconds, 1e-9);
  const lines = [
    steps === 0
      ? `train-affinity: nothing to do`
      : `train-affinity: ${steps} of ${totalSteps} steps${processes > 1 ? ` in ${processes} processes` : ""}, ${imagesPerSecond.toFixed(2)} images/s, ${share.toFixed(0)} % of the time waiting for images`,
    ...Object.entries(losses).map(
      ([name, value]) => `  ${name.padEnd(12)} ${value.toFixed(4)} (mean of the last epoch)`,
    ),
    ...(weights === undefined ? [] : [`  weights: ${weights.safetensors}, ${weights.pth}`]),
    ...failed.map(({ image, reason }: ImageFailure) => `  failed: ${image}: ${reason}`),
  ];
  return lines.join("\n");
}
