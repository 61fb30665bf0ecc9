/** What a launcher (mpiexec, srun, torchrun's kin) tells a process about its place among the others on its machine. */

import fs from "node:fs";
import os from "node:os";
import { isLaunched } from "./launcher";

type Environment = Readonly<Record<string, string | undefined>>;

export interface LaunchedRank {
  /** Among all processes. */
  readonly rank: number;
  readonly size: number;
  /** Among those of this machine. */
  readonly localRank: number;
  readonly localSize: number;
}

/** Rank, size, local rank, local size: Hydra (MPICH and its kin), Open MPI, Slurm's srun. */
const LAUNCHERS: readonly (readonly [string, string, string, string])[] = [
  ["PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"],
  ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"],
  ["SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"],
];

/** Undefined where this process was started alone, whatever a launcher that is gone has left in the environment. */
export function launchedRank(env?: Environment): LaunchedRank | undefined {
  const rank = statedRank(env ?? process.env);
  return rank !== undefined && env === undefined && isLeftOver() ? undefined : rank;
}

/** What to tell the user where a rank in the environment is not obeyed. */
export function leftOverRank(): string | undefined {
  const rank = statedRank(process.env);
  if (rank === undefined || !isLeftOver()) return undefined;
  const name = LAUNCHERS.map(([each]) => each).find((each) => process.env[each] !== undefined);
  return `${name}=${rank.rank} is in the environment, but no launcher (mpiexec, srun) started this process: it is left over, and this process works alone`;
}

function isLeftOver(): boolean {
  leftOver ??= !isLaunched();
  return leftOver;
}

let leftOver: boolean | undefined;

function statedRank(env: Environment): LaunchedRank | undefined {
  const number = (name: string): number | undefined => {
    const digits = /^\d+/.exec(env[name] ?? "")?.[0]; // Slurm writes "2(x4)" for two tasks on each of four machines
    return digits === undefined ? undefined : Number(digits);
  };
  for (const names of LAUNCHERS) {
    const [rank, size, localRank, localSize] = names.map(number);
    if (rank === undefined || size === undefined || size < 2) continue;
    return { rank, size, localRank: localRank ?? 0, localSize: localSize ?? 1 };
  }
  return undefined;
}

/**
 * Gives this process its own GPU and its share of the cores, before TensorFlow is loaded. More processes than cards share
 * these in turn: issuing operations occupies a core, and several processes fill a card better than one. What the launcher or
 * the user has set stays: a `CUDA_VISIBLE_DEVICES` of several cards is taken as the list to choose from.
 * @param cards of this machine; 0 where nothing tells
 */
export function bindLocalRank(
  env: Record<string, string | undefined> = process.env,
  cards: number = countCards(),
): void {
  const launched = launchedRank(env === process.env ? undefined : env);
  if (launched === undefined) return;
  const { localRank, localSize } = launched;
  const listed = env.CUDA_VISIBLE_DEVICES?.split(",").filter((card) => card.trim() !== "");
  if (listed === undefined) env.CUDA_VISIBLE_DEVICES = String(cards === 0 ? localRank : localRank % cards);
  else if (listed.length > 1) env.CUDA_VISIBLE_DEVICES = listed[localRank % listed.length];
  env.TF_NUM_INTRAOP_THREADS ??= String(Math.max(1, Math.floor(os.availableParallelism() / localSize)));
}

/** NVIDIA's cards by their devices, `/dev/nvidia0` and so on; 0 where there are none, or none can be seen (WSL). */
function countCards(): number {
  try {
    return fs.readdirSync("/dev").filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}
