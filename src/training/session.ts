/**
 * The files of a training run: checkpoint and logs while it runs, weights in two formats once it is done. They belong to one
 * run at a time, and weights of an earlier run are never lost: refused, or moved to `.old/` where the user starts over.
 */

import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileExists } from "../data/bounded-file";
import { messageOf, UserError } from "../errors";
import { type Claim, claimFolder } from "../files/claim";
import { sweepLeftovers } from "../files/leftovers";
import { setAside } from "../files/set-aside";
import { isTorn } from "../files/torn-file";
import type { NdArray } from "../nd-array";
import { openByteSource } from "../weights/byte-source";
import { writePth } from "../weights/pth-writer";
import { openSafetensors, writeSafetensors } from "../weights/safetensors";
import { type CheckpointOptions, differences, removeCheckpoint } from "./checkpoint";
import { isLossTable, type LogOptions } from "./training-log";

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
 * Makes the session this process's own until it releases it, and sweeps away what a killed one left half written.
 * @throws UserError "output" where another training of that name runs, or NAME.csv is somebody's own
 */
export async function claimSession({ weights, log }: TrainingSession): Promise<Claim | undefined> {
  const { dir, name } = path.parse(weights.safetensors);
  const folder = dir === "" ? "." : dir;
  const cure = "choose another --session-name";
  const claim = await claimFolder(folder, {
    what: `the session ${path.join(dir, name)}`,
    cure,
    name: `session-${name}`,
  });
  try {
    if (!(await isLossTable(log.csv)))
      throw new UserError("output", `${log.csv} already exists and is no log of a training: ${cure}, or move it`);
    await sweepLeftovers(folder, (file) => file.startsWith(`${name}.`));
    return claim;
  } catch (error) {
    claim?.release();
    throw error;
  }
}

/**
 * Whether the run's weights already exist.
 * @throws UserError "output" where weights of another run exist, which would be lost
 */
export async function isFinished({ weights, checkpoint }: TrainingSession): Promise<boolean> {
  const { safetensors, pth } = weights;
  const names = [safetensors, pth];
  const there = await Promise.all(names.map(async (file) => (await fileExists(file)) && !(await isTorn(file))));
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
 * Writes the result, then takes the checkpoint away. Weights of another run under that name are moved to `.old/`.
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
    if (!(await areOfRun(weights.safetensors, checkpoint.run)))
      for (const file of Object.values(weights)) if (await fileExists(file)) await setAside(file);
    await writeSafetensors(weights.safetensors, state, notes); // first: it tells whose they are, the .pth does not
    await writePth(weights.pth, state);
  } catch (error) {
    const rescued = path.join(await fs.mkdtemp(path.join(spare, "a2gnn-")), path.basename(weights.safetensors));
    await writeSafetensors(rescued, state, notes);
    throw new UserError("output", `${messageOf(error)}; the trained weights are in ${rescued}`, { cause: error });
  }
  await removeCheckpoint(checkpoint);
}

/** Whether a file's notes tell of this run. */
async function areOfRun(file: string, run: CheckpointOptions["run"]): Promise<boolean> {
  if (!(await fileExists(file))) return false;
  try {
    const source = await openByteSource(file);
    const { metadata } = await openSafetensors(source).finally(() => source.close());
    return differences(metadata.get("run"), run)?.length === 0;
  } catch {
    return false; // damaged, or of another kind
  }
}
