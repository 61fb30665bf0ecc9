/**
 * The training loop: batches made ahead, counts and gradients summed over all processes, checkpoints from which a run
 * resumes as if it had never stopped, and logs its losses. What is trained is a `TrainingTask` (task.ts, which also says why
 * counts come first); how samples are made is a `SampleLoader`.
 *
 *   for every step: count → sum counts → losses and gradients, part by part → sum them → update
 */

import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { messageOf, UserError } from "../errors";
import { type Communicator, singleProcess } from "../parallel/communicator";
import type { ImageFailure, StepContext } from "../running/step";
import { type CheckpointOptions, readCheckpoint, writeCheckpoint } from "./checkpoint";
import { requestsOf, type Schedule, stepsPerEpoch } from "./epoch-order";
import { SampleQueue } from "./sample-queue";
import { sumCounts, trainStep } from "./step";
import type { Optimizer, SampleLoader, TrainingTask } from "./task";
import { createTrainingLog, type LogOptions } from "./training-log";

export interface TrainerOptions<S> {
  readonly task: TrainingTask<S>;
  readonly optimizer: Optimizer;
  readonly loader: SampleLoader<S>;
  readonly schedule: Schedule;
  readonly communicator?: Communicator;
  /**
   * Samples whose forward and backward pass run together. Fewer need less memory; the result is the same. Default: all
   * of this process's.
   */
  readonly microBatch?: number;
  /** Where the state is kept after every epoch and when stopped, and where training resumes from. Default: nowhere. */
  readonly checkpoint?: CheckpointOptions;
  /** Where the state goes when the training is stopped and the disk refuses the checkpoint. Default: the system's. */
  readonly spare?: string;
  /** Losses of every step as CSV and TensorBoard events. Default: none. */
  readonly log?: LogOptions;
  /** Called after every step with its losses by name. */
  readonly onStep?: (step: number, losses: Readonly<Record<string, number>>) => void;
}

export interface TrainingResult {
  /** Steps done, and of the whole run. */
  readonly steps: number;
  readonly totalSteps: number;
  /** The step it went on from; 0 for a new run. */
  readonly resumedFrom: number;
  /** True where it was asked to stop before the end. */
  readonly interrupted: boolean;
  /** Mean of each loss over the last epoch's steps, by name. */
  readonly losses: Readonly<Record<string, number>>;
  /** Images that could not be used, each once. */
  readonly failed: readonly ImageFailure[];
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** How long steps waited for samples, of `seconds`. */
  readonly waitingSeconds: number;
}

/**
 * @throws UserError "input" where a loss is no number or no image can be used, "weights" for a checkpoint of another
 *   run, "output" where the state cannot be kept when stopped; the last checkpoint stays
 */
export async function train<S>(options: TrainerOptions<S>, context: StepContext): Promise<TrainingResult> {
  const { task, optimizer, schedule, communicator = singleProcess, checkpoint } = options;
  const { reporter, signal } = context;
  const perEpoch = stepsPerEpoch(schedule);
  const totalSteps = perEpoch * schedule.epochs;
  const state = [...task.variables, ...(task.statistics ?? [])];
  const resumedFrom = checkpoint === undefined ? 0 : await readCheckpoint(checkpoint, state, optimizer, totalSteps);
  const isFirst = communicator.rank === 0;
  if (resumedFrom > 0 && isFirst) reporter.notice(`resuming at step ${resumedFrom} of ${totalSteps}`);

  const log =
    isFirst && options.log
      ? await createTrainingLog(options.log, task.lossNames, resumedFrom, reporter.warn)
      : undefined;
  const queue = new SampleQueue(options.loader, totalSteps, resumedFrom, (at) =>
    requestsOf(schedule, at, communicator),
  );
  const means = new EpochMeans(task.lossNames);
  const started = performance.now();
  let samplesDone = 0;
  let step = resumedFrom;
  let interrupted = false;
  const save = async (): Promise<void> => {
    if (isFirst && checkpoint !== undefined) await writeCheckpoint(checkpoint, state, optimizer, step);
  };
  const rescue = async (error: unknown): Promise<never> => {
    const { file, run } = checkpoint as CheckpointOptions; // without one, nothing was to be written
    const folder = await fs.mkdtemp(path.join(options.spare ?? os.tmpdir(), "a2gnn-"));
    const rescued = path.join(folder, path.basename(file));
    await writeCheckpoint({ file: rescued, run }, state, optimizer, step);
    throw new UserError(
      "output",
      `${messageOf(error)}; the state after step ${step} is in ${rescued}: once there is room, move it to ${file}, and the same command resumes`,
      { cause: error },
    );
  };

  try {
    while (step < totalSteps) {
      const samples = await queue.next(({ image, reason }) => reporter.warn(`image "${image}": ${reason}`));
      const totals = sumCounts(task.count(samples), samples.length, signal?.aborted === true, communicator);
      interrupted = totals.stop;
      if (interrupted) {
        task.forget?.(samples);
        break;
      }
      const learningRate = optimizer.learningRate;
      const losses = trainStep(task, optimizer, samples, totals.counts, communicator, options.microBatch);
      const epoch = Math.floor(step / perEpoch);
      step++;
      if (!losses.every(Number.isFinite))
        throw new UserError(
          "input",
          `the loss became ${losses[0]} at step ${step} of ${totalSteps}, with ${imagesOf(schedule, step - 1)}: try a lower --learning-rate`,
        );

      samplesDone += totals.samples;
      means.add(epoch, losses);
      const seconds = (performance.now() - started) / 1000;
      const imagesPerSecond = samplesDone / seconds;
      await log?.step({ step, epoch: epoch + 1, learningRate, losses, imagesPerSecond });
      options.onStep?.(step, byName(task.lossNames, losses));
      if (isFirst) {
        const waiting = Math.round((100 * queue.waitingSeconds) / seconds);
        const detail = `${lossText(task.lossNames, losses)}  ${imagesPerSecond.toFixed(2)} images/s, waiting ${waiting} %`;
        reporter.progress({
          done: step,
          total: totalSteps,
          label: `epoch ${epoch + 1}/${schedule.epochs}`,
          detail,
          unit: "step",
        });
      }
      if (step % perEpoch === 0) {
        if (samplesDone === 0) throw noneUsable(queue.failures);
        if (step < totalSteps) await save().catch((error) => reporter.warn(`${messageOf(error)}; training continues`));
      }
      await new Promise(setImmediate); // signals and workers have their turn
    }
    if (interrupted) await save().catch((error: unknown) => rescue(error));
  } finally {
    await log?.close();
  }
  const seconds = (performance.now() - started) / 1000;
  return {
    steps: step,
    totalSteps,
    resumedFrom,
    interrupted,
    losses: means.last(),
    failed: allFailures(schedule.ids, queue.failures, communicator),
    seconds,
    imagesPerSecond: samplesDone / Math.max(seconds, 1e-9),
    waitingSeconds: queue.waitingSeconds,
  };
}

/** The names of a step's images, over all processes. */
function imagesOf(schedule: Schedule, step: number): string {
  const names = requestsOf(schedule, step, { rank: 0, size: 1 }).map(({ id }) => `"${id}"`);
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  return names.slice(0, MAX_NAMED).join(", ") + more;
}

const MAX_NAMED = 32;

/** Means of the losses over the epoch in hand. */
class EpochMeans {
  private epoch = -1;
  private steps = 0;
  private sums: number[] = [];

  constructor(private readonly names: readonly string[]) {}

  add(epoch: number, losses: readonly number[]): void {
    if (epoch !== this.epoch) {
      this.epoch = epoch;
      this.steps = 0;
      this.sums = losses.map(() => 0);
    }
    this.steps++;
    this.sums = this.sums.map((sum, i) => sum + losses[i]);
  }

  last(): Record<string, number> {
    return byName(
      this.names,
      this.sums.map((sum) => sum / this.steps),
    );
  }
}

function byName(names: readonly string[], values: readonly number[]): Record<string, number> {
  return Object.fromEntries(values.map((value, i) => [names[i], value]));
}

function lossText(names: readonly string[], losses: readonly number[]): string {
  return names.map((name, i) => `${name} ${losses[i].toPrecision(3)}`).join("  ");
}

function noneUsable(failures: ReadonlyMap<string, ImageFailure>): UserError {
  const [first] = failures.values();
  const example = first === undefined ? "" : `, e.g. "${first.image}": ${first.reason}`;
  return new UserError("input", `not one image of the first epoch could be used${example}`);
}

/** Those of every process, in the list's order; of the others' only the names are known here. */
function allFailures(
  ids: readonly string[],
  own: ReadonlyMap<string, ImageFailure>,
  communicator: Communicator,
): ImageFailure[] {
  const flags = Float64Array.from(ids, (id) => (own.has(id) ? 1 : 0));
  communicator.sum(flags);
  return ids
    .filter((_, i) => flags[i] > 0)
    .map((id) => own.get(id) ?? { image: id, reason: "failed in another process, which has said why" });
}
