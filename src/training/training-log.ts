/**
 * Losses of every step on disk: a CSV to read and plot, and TensorBoard events to watch. A disk that refuses them does not
 * end a training (files/log-file.ts).
 */

import fs from "node:fs/promises";
import { openLogFile } from "../files/log-file";
import { openEventWriter } from "./tensorboard";

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

/** The first columns of every table. */
const COLUMNS = ["step", "epoch", "learning_rate"];

/**
 * @param resumedFrom steps done before: later rows of an earlier attempt are dropped
 * @param warn called once for each of the two, where something cannot be written; nothing is thrown
 */
export async function createTrainingLog(
  { csv, tensorboard }: LogOptions,
  lossNames: readonly string[],
  resumedFrom: number,
  warn: (message: string) => void,
): Promise<TrainingLog> {
  const head = [...COLUMNS, ...lossNames, "images_per_second"];
  const rows = resumedFrom === 0 ? [] : await wholeRows(csv, head.length, resumedFrom);
  const table = await openLogFile(csv, [head.join(","), ...rows, ""].join("\n"), warn);
  const events = tensorboard === undefined ? undefined : await openEventWriter(tensorboard, resumedFrom, warn);
  return {
    async step({ step, epoch, learningRate, losses, imagesPerSecond }) {
      await table.append(`${[step, epoch, learningRate, ...losses, imagesPerSecond.toFixed(3)].join(",")}\n`);
      await events?.scalars(step, { learning_rate: learningRate, ...named(lossNames, losses), imagesPerSecond });
    },
    async close() {
      await table.close();
      await events?.close();
    },
  };
}

/** Whether a file is a table of losses as they are written here; so is one of 0 bytes, and one that does not exist. */
export async function isLossTable(file: string): Promise<boolean> {
  const text = await fs.readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    return error.code === "ENOENT" || error.code === "ENOTDIR" ? "" : undefined;
  });
  return text === "" || text?.startsWith(`${COLUMNS.join(",")},`) === true;
}

// --- internal ---

function named(names: readonly string[], values: readonly number[]): Record<string, number> {
  return Object.fromEntries(names.map((name, i) => [`loss/${name}`, values[i]]));
}

/**
 * The rows of an earlier attempt up to a step, by step: torn ones are dropped, and what comes after the row of a later step,
 * which another attempt or another run wrote.
 */
async function wholeRows(file: string, columns: number, lastStep: number): Promise<string[]> {
  const text = await fs.readFile(file, "utf8").catch(() => "");
  const rows: string[] = [];
  let last = 0;
  for (const row of text.split("\n").slice(0, -1)) {
    const cells = row.split(",");
    const step = Number(cells[0]);
    const isWhole = cells.length === columns && cells.every((cell) => cell !== "" && Number.isFinite(Number(cell)));
    if (!isWhole || !Number.isInteger(step) || step <= last || step > lastStep) continue;
    rows.push(row);
    last = step;
  }
  return rows;
}
