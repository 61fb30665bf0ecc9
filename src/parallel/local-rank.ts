/** What a launcher (mpiexec, srun, torchrun's kin) tells a process about its place among the others on its machine. */

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
 * Gives this process its own GPU and its share of the cores, before TensorFlow is loaded. What the launcher or the user has
 * set stays: a `CUDA_VISIBLE_DEVICES` of several cards is taken as the list to choose from.
 */
export function bindLocalRank(env: Record<string, string | undefined> = process.env): void {
  const launched = launchedRank(env === process.env ? undefined : env);
  if (launched === undefined) return;
  const { localRank, localSize } = launched;
  const cards = env.CUDA_VISIBLE_DEVICES?.split(",").filter((card) => card.trim() !== "");
  if (cards === undefined) env.CUDA_VISIBLE_DEVICES = String(localRank);
  else if (cards.length > 1) env.CUDA_VISIBLE_DEVICES = cards[localRank % cards.length];
  env.TF_NUM_INTRAOP_THREADS ??= String(Math.max(1, Math.floor(os.availableParallelism() / localSize)));
}
