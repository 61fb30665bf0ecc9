/** One training from its options to its weights, in one process of maybe many: what every training step shares. */

import { backendInUse } from "../backend";
import { type OptionTable, touching } from "../config/option";
import type { Precision, TrainingConfig } from "../config/training";
import { fileExists } from "../data/bounded-file";
import { inBfloat16 } from "../network/bfloat16";
import type { Communicator } from "../parallel/communicator";
import type { StepContext, StepPlan, Summary } from "../running/step";
import { removeCheckpoint } from "./checkpoint";
import { type Schedule, stepsPerEpoch } from "./epoch-order";
import type { LearningRateOptions } from "./learning-rate";
import { PolySgd } from "./poly-sgd";
import { checkPrecision } from "./precision";
import { claimSession, finishSession, isFinished, type TrainingSession, trainingSession } from "./session";
import type { SampleLoader, TrainingTask } from "./task";
import { type TrainingResult, train } from "./trainer";
import type { UsableImages } from "./usable-images";

export interface TrainingSummary extends Summary {
  readonly split: string;
  /** The result, where the training came to its end. */
  readonly weights?: { readonly safetensors: string; readonly pth: string };
  readonly processes: number;
  /** In use. */
  readonly precision: Precision;
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

/** A network ready to be trained. */
export interface OpenTraining<S> {
  readonly task: TrainingTask<S>;
  readonly loader: SampleLoader<S>;
  readonly notices: readonly string[];
  dispose(): void;
}

export interface TrainingPlan<S> {
  /** The step's name. */
  readonly step: string;
  readonly config: TrainingConfig;
  readonly images: UsableImages;
  /** What the run's numbers depend on beside the images, by the option's name: `numbersOf` and the class list. */
  readonly run: Readonly<Record<string, unknown>>;
  /** How the learning rate goes. Default: it falls by the power. */
  readonly rates?: Pick<LearningRateOptions, "milestones" | "warmUp">;
  /** Folder of the TensorBoard events. Default: NAME.tensorboard. */
  readonly tensorboard?: string;
  /** Loads the network; called where there is something to train. */
  open(schedule: Schedule): Promise<OpenTraining<S>>;
}

/** @throws UserError as the parts do: see precision.ts, trainer.ts, session.ts, checkpoint.ts */
export async function runTraining<S>(
  { step, config, images, run, rates, tensorboard, open }: TrainingPlan<S>,
  communicator: Communicator,
  { reporter, signal, plan }: StepContext,
): Promise<TrainingSummary> {
  const started = performance.now();
  const isFirst = communicator.rank === 0;
  const notices: string[] = [];
  const notice = (message: string): void => {
    notices.push(message);
    if (isFirst) reporter.notice(message);
  };
  const precision = checkPrecision(config.precision, backendInUse(), notice);
  images.notices.forEach(notice);
  if (isFirst) for (const { image, reason } of images.failed) reporter.warn(`image "${image}": ${reason}`);

  const session = trainingSession(config.sessionName, { step, ...run, images: images.ids.length });
  const summary = (result: TrainingResult | undefined, isThere: boolean): TrainingSummary => ({
    step,
    split: images.split,
    ...(isThere ? { weights: session.weights } : {}),
    processes: communicator.size,
    precision,
    steps: result?.steps ?? 0,
    totalSteps: result?.totalSteps ?? 0,
    resumedFrom: result?.resumedFrom ?? 0,
    interrupted: result?.interrupted ?? false,
    losses: result?.losses ?? {},
    imagesPerSecond: result?.imagesPerSecond ?? 0,
    waitingSeconds: result?.waitingSeconds ?? 0,
    images: images.ids.length + images.failed.length,
    done: result === undefined ? 0 : images.ids.length - result.failed.length,
    skipped: result === undefined ? images.ids.length : 0,
    failed: [...images.failed, ...(result?.failed ?? [])],
    seconds: (performance.now() - started) / 1000,
    notices,
  });
  if (plan !== undefined) {
    plan(await planned(session, images, config));
    return summary(undefined, false);
  }
  const claim = isFirst ? await claimSession(session) : undefined;
  try {
    if (!config.resume) {
      if (isFirst) await removeCheckpoint(session.checkpoint);
      communicator.sum(new Float64Array(1)); // no process continues before it is gone
    }
    if (config.resume && (await isFinished(session))) {
      if (isFirst) await removeCheckpoint(session.checkpoint); // of a run that was killed before it did
      notice(`${session.weights.safetensors} already exists: nothing to train`);
      return summary(undefined, true);
    }

    const schedule = { ids: images.ids, batchSize: config.batchSize, epochs: config.epochs, seed: config.seed };
    const steps = stepsPerEpoch(schedule) * config.epochs;
    const { task, loader, notices: opening, dispose } = await open(schedule);
    opening.forEach(notice);
    const { learningRate, weightDecay, momentum, power } = config;
    const optimizer = new PolySgd(task.variables, { learningRate, weightDecay, steps, momentum, power, ...rates });
    try {
      // On a CPU larger parts are no faster, and need memory for all their activations.
      const microBatch = config.microBatch ?? (backendInUse()?.usesGpu === true ? undefined : 1);
      const { checkpoint } = session;
      const log = { ...session.log, ...(tensorboard === undefined ? {} : { tensorboard }) };
      const trainer = { task, optimizer, loader, schedule, communicator, microBatch, checkpoint, log };
      const work = (): Promise<TrainingResult> => train(trainer, { reporter, signal });
      const result = await (precision === "bfloat16" ? inBfloat16(work) : work());
      if (result.interrupted)
        notice(`stopped after step ${result.steps} of ${result.totalSteps}; the same command resumes`);
      else if (isFirst) await finishSession(session, await task.toStateDict());
      return summary(result, !result.interrupted);
    } finally {
      await loader.close();
      optimizer.dispose();
      dispose();
    }
  } finally {
    claim?.release();
  }
}

/** What `--dry-run` tells of a training. */
async function planned(session: TrainingSession, images: UsableImages, config: TrainingConfig): Promise<StepPlan> {
  const { batchSize, epochs, resume } = config;
  const { ids } = images;
  const isDone = resume && (await isFinished(session));
  const isBegun = resume && (await fileExists(session.checkpoint.file));
  const steps = epochs * stepsPerEpoch({ ids, batchSize });
  return {
    make: isDone ? [] : ids,
    kept: isDone ? ids : [],
    unusable: images.failed,
    training: {
      ...{ epochs, steps, batchSize },
      weights: [session.weights.safetensors, session.weights.pth],
      state: isDone ? "finished" : isBegun ? "resumed" : "new",
    },
  };
}

/** The options that a training's numbers depend on. */
export function numbersOf<C extends TrainingConfig>(config: C, table: OptionTable<C>): Partial<C> {
  return touching(config, table, ["fit", "label"]);
}

/** The summary as a few lines. */
export function describeTraining(summary: TrainingSummary): string {
  const { step, steps, totalSteps, losses, failed, weights, imagesPerSecond, waitingSeconds, seconds } = summary;
  const { precision } = summary;
  const share = (100 * waitingSeconds) / Math.max(seconds, 1e-9);
  const where = summary.processes > 1 ? ` in ${summary.processes} processes` : "";
  const pace = `${imagesPerSecond.toFixed(2)} images/s, ${share.toFixed(0)} % of the time waiting for images`;
  return [
    steps === 0 ? `${step}: nothing to do` : `${step}: ${steps} of ${totalSteps} steps${where}, ${precision}, ${pace}`,
    ...Object.entries(losses).map(
      ([name, value]) => `  ${name.padEnd(12)} ${value.toFixed(4)} (mean of the last epoch)`,
    ),
    ...(weights === undefined ? [] : [`  weights: ${weights.safetensors}, ${weights.pth}`]),
    ...failed.map(({ image, reason }) => `  failed: ${image}: ${reason}`),
  ].join("\n");
}
