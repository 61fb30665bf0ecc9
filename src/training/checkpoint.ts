/**
 * The state of a training run on disk: variables, the optimizer's state, the number of steps done. Everything else
 * (order, augmentation, dropout) follows from the step and the seed, so a resumed run has the losses of one that was
 * never interrupted.
 */

import fs from "node:fs/promises";
import * as tf from "@tensorflow/tfjs";
import { fileExists } from "../data/bounded-file";
import { parseJson } from "../data/json";
import { expected, UserError } from "../errors";
import type { NdArray } from "../nd-array";
import { openByteSource } from "../weights/byte-source";
import { openSafetensors, writeSafetensors } from "../weights/safetensors";
import type { Optimizer, StateVariable } from "./task";

export interface CheckpointOptions {
  /** A `.safetensors` file; there is one, of the last epoch or interruption. */
  readonly file: string;
  /** What the run's numbers depend on, by the option's name: a checkpoint of another run is refused. */
  readonly run: Readonly<Record<string, unknown>>;
}

const VARIABLE = "variable/";

export async function writeCheckpoint(
  { file, run }: CheckpointOptions,
  variables: readonly StateVariable[],
  optimizer: Optimizer,
  steps: number,
): Promise<void> {
  const state = await optimizer.state();
  for (const { name, variable } of variables)
    state.set(VARIABLE + name, { shape: variable.shape, data: (await variable.data()) as Float32Array });
  await writeSafetensors(file, state, { steps: String(steps), run: JSON.stringify(run) });
}

/**
 * Restores variables and optimizer.
 * @param totalSteps of the whole run; a checkpoint beyond them is not of this run
 * @returns the number of steps done; 0 where there is no checkpoint
 * @throws UserError "weights" for a damaged file or one of another run, naming what differs
 */
export async function readCheckpoint(
  { file, run }: CheckpointOptions,
  variables: readonly StateVariable[],
  optimizer: Optimizer,
  totalSteps: number = Number.POSITIVE_INFINITY,
): Promise<number> {
  if (!(await fileExists(file))) return 0;
  try {
    return await restore({ file, run }, variables, optimizer, totalSteps);
  } catch (error) {
    if (!(error instanceof UserError) || error.message.includes(CURE)) throw error;
    throw new UserError("weights", `${error.message}; the checkpoint cannot be resumed from: ${CURE}`, {
      cause: error,
    });
  }
}

/** What the message about an unusable checkpoint advises. */
const CURE = "start over with --resume false";

async function restore(
  { file, run }: CheckpointOptions,
  variables: readonly StateVariable[],
  optimizer: Optimizer,
  totalSteps: number,
): Promise<number> {
  const source = await openByteSource(file);
  try {
    const content = await openSafetensors(source);
    checkRun(content.metadata.get("run"), run, file);
    const noted = content.metadata.get("steps");
    const steps = Number(noted);
    if (noted === undefined || !/^\d{1,9}$/.test(noted) || steps > totalSteps) {
      const most = Number.isFinite(totalSteps) ? ` from 0 to ${totalSteps}` : "";
      throw expected("weights", `a number of steps${most}`, noted === undefined ? "none" : `"${noted}"`, file);
    }
    for (const { name, variable } of variables) {
      const { shape, data } = await content.read(VARIABLE + name);
      if (shape.join() !== variable.shape.join())
        throw expected("weights", `"${name}" of [${variable.shape.join(", ")}]`, `[${shape.join(", ")}]`, file);
      const value = tf.tensor(data as Float32Array, variable.shape);
      variable.assign(value);
      value.dispose();
    }
    const state = new Map<string, NdArray>();
    for (const name of content.names()) if (!name.startsWith(VARIABLE)) state.set(name, await content.read(name));
    optimizer.restore(state, steps);
    return steps;
  } finally {
    await source.close();
  }
}

/** Removes the checkpoint; called once the final weights are written. */
export async function removeCheckpoint({ file }: CheckpointOptions): Promise<void> {
  await fs.rm(file, { force: true });
}

/**
 * What differs between the run that a file's notes tell of and this one, e.g. `learningRate 0.01 (now 0.02)`; undefined where the
 * notes tell of none.
 */
export function differences(notes: string | undefined, run: CheckpointOptions["run"]): string[] | undefined {
  let old: Record<string, unknown>;
  try {
    old = { ...(parseJson(notes ?? "") as Record<string, unknown>) };
  } catch {
    return undefined;
  }
  return [...new Set([...Object.keys(old), ...Object.keys(run)])]
    .filter((key) => JSON.stringify(old[key]) !== JSON.stringify(run[key]))
    .map((key) => `${key} ${JSON.stringify(old[key]) ?? "absent"} (now ${JSON.stringify(run[key]) ?? "absent"})`);
}

function checkRun(notes: string | undefined, run: CheckpointOptions["run"], file: string): void {
  const differing = differences(notes, run);
  if (differing === undefined) throw expected("weights", "a checkpoint of a training run", "another file", file);
  if (differing.length === 0) return;
  throw new UserError(
    "weights",
    `${file} is the checkpoint of another run: ${differing.join(", ")}; give its options, choose another --session-name, or start over with --resume false`,
  );
}
