/** Losses of every step on disk: a CSV to read and plot, and TensorBoard events to watch. */

import fs from "node:fs/promises";
import path from "node:path";
import { messageOf, UserError } from "../errors";
import { type EventWriter, openEventWriter } from "./tensorboard";

export interface LogOptions {
  /** The table; rows from the step at which a run resumes are rewritten. */
  readonly csv: string;
  /** Folder of the event files. Default: none are written. */
  readonly tensorboard?: string;
}

export interface StepRecord {
  /** Steps done, from 1. */
  readonly step: number;
  readonly epoch: number;
  readonly learningRate: number;
  readonly losses: readonly number[];
  readonly imagesPerSecond: number;
}

export interface TrainingLog {
  step(record: StepRecord): Promise<void>;
  close(): Promise<void>;
}

/** @param resumedFrom steps done before: later rows of an earlier attempt are dropped */
export async function createTrainingLog(
  { csv, tensorboard }: LogOptions,
  lossNames: readonly string[],
  resumedFrom: number,
): Promise<TrainingLog> {
  const table = await openTable(
    csv,
    ["step", "epoch", "learning_rate", ...lossNames, "images_per_second"],
    resumedFrom,
  );
  let events: EventWriter | undefined;
  try {
    events = tensorboard === undefined ? undefined : await openEventWriter(tensorboard, resumedFrom);
  } catch (error) {
    await table.close();
    throw error;
  }
  return {
    async step({ step, epoch, learningRate, losses, imagesPerSecond }) {
      await table.write(`${[step, epoch, learningRate, ...losses, imagesPerSecond.toFixed(3)].join(",")}\n`);
      await events?.scalars(step, { learning_rate: learningRate, ...named(lossNames, losses), imagesPerSecond });
    },
    async close() {
      await table.close();
      await events?.close();
    },
  };
}

function named(names: readonly string[], values: readonly number[]): Record<string, number> {
  return Object.fromEntries(names.map((name, i) => [`loss/${name}`, values[i]]));
}

async function openTable(file: string, head: readonly string[], resumedFrom: number): Promise<fs.FileHandle> {
  try {
    await fs.mkdir(path.dirname(file), { recursive: true });
    const old = resumedFrom === 0 ? "" : await fs.readFile(file, "utf8").catch(() => "");
    const kept = old.split("\n").filter((line) => /^\d/.test(line) && Number.parseInt(line, 10) <= resumedFrom);
    await fs.writeFile(file, [head.join(","), ...kept, ""].join("\n"));
    return await fs.open(file, "a");
  } catch (error) {
    throw new UserError("output", `cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
}
