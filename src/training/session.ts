/** The files of a training run: checkpoint and logs while it runs, weights in two formats once it is done. */

import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileExists } from "../data/bounded-file";
import { messageOf, UserError } from "../errors";
import type { NdArray } from "../nd-array";
import { openByteSource } from "../weights/byte-source";
import { writePth } from "../weights/pth-writer";
import { openSafetensors, writeSafetensors } from "../weights/safetensors";
import { type CheckpointOptions, differences, removeCheckpoint } from "./checkpoint";
import type { LogOptions } from "./training-log";

export interface TrainingSession {
  readonly checkpoint: CheckpointOptions;
  readonly log: LogOptions;
  /** The result: NAME.safetensors and NAME.pth, which PyTorch loads. */
  readonly weights: { readonly safetensors: string; readonly pth: string };
}

/**
 * @param name path without extension
 * @param run what the run's numbers depend on, by the option's name
 */
export function trainingSession(name: string, run: Readonly<Record<string, unknown>>): TrainingSession {
  return {
    checkpoint: { file: `${name}.checkpoint.safetensors`, run },
    log: { csv: `${name}.csv`, tensorboard: `${name}.tensorboard` },
    weights: { safetensors: `${name}.safetensors`, pth: `${name}.pth` },
  };
}

/**
 * Whether the run's weights already exist.
 * @throws UserError "output" where weights of another run exist, which would be lost
 */
export async function isFinished({ weights, checkpoint }: TrainingSession): Promise<boolean> {
  const { safetensors, pth } = weights;
  const names = [safetensors, pth];
  const there = await Promise.all(names.map(fileExists));
  if (!there.some(Boolean)) return false;
  const advice = "choose another --session-name, delete it, or overwrite it with --resume false";
  if (!there[0]) throw new UserError("output", `${pth} already exists and is not of this run: ${advice}`);
  const source = await openByteSource(safetensors);
  try {
    const { metadata } = await openSafetensors(source);
    const differing = differences(metadata.get("run"), checkpoint.run);
    if (differing === undefined)
      throw new UserError("output", `${safetensors} already exists and is not of a training: ${advice}`);
    if (differing.length > 0)
      throw new UserError("output", `${safetensors} is of another run: ${differing.join(", ")}; ${advice}`);
  } finally {
    await source.close();
  }
  return there[1];
}

/**
 * Writes the result, then takes the checkpoint away.
 * @param spare folder for the weights where the disk refuses them: there may be no checkpoint either, for the same
 *   reason
 * @throws UserError "output" that says where they are
 */
export async function finishSession(
  { weights, checkpoint }: TrainingSession,
  state: ReadonlyMap<string, NdArray>,
  spare: string = os.tmpdir(),
): Promise<void> {
  const notes = { run: JSON.stringify(checkpoint.run) };
  try {
    await writeSafetensors(weights.safetensors, state, notes); // first: it tells whose they are, the .pth does not
    await writePth(weights.pth, state);
  } catch (error) {
    const rescued = path.join(await fs.mkdtemp(path.join(spare, "a2gnn-")), path.basename(weights.safetensors));
    await writeSafetensors(rescued, state, notes);
    throw new UserError("output", `${messageOf(error)}; the trained weights are in ${rescued}`, { cause: error });
  }
  await removeCheckpoint(checkpoint);
}
