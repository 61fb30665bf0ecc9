/**
 * Splitting an image list between processes: process i of n takes every n-th image. Nothing else depends on the shard,
 * so any split gives the same files.
 */

import { UserError } from "../../errors";
import { launchedRank } from "../../parallel/local-rank";

export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `launched` (the part of this process where mpiexec or srun started several, else all), `3/8` (the third of eight),
 * or `auto`: the position that an array job or an MPI launcher put in the environment. `auto/8` gives the count by hand
 * where the launcher tells only the index (Kubernetes).
 * @throws UserError "usage" for anything else, or where `auto` finds nothing
 */
export function readShard(text: string, environment?: Environment): Shard {
  if (text.trim() === "launched") {
    const { rank: index, size: count } = launchedRank(environment) ?? { rank: 0, size: 1 };
    return { index, count };
  }
  const [first, second, ...rest] = text.trim().split("/");
  const count = second === undefined ? undefined : Number(second);
  const isCount = count === undefined || (Number.isInteger(count) && count >= 1);
  if (first === "auto" && rest.length === 0 && isCount) return shardFromEnvironment(environment ?? process.env, count);
  const position = Number(first);
  if (rest.length > 0 || count === undefined || !isCount || !Number.isInteger(position) || first === "")
    throw new UserError("usage", `expected launched, i/n (1/8 … 8/8), auto, or auto/n, got "${text}" (--shard)`);
  return checked({ index: position - 1, count }, text);
}

/** The entries of this shard, in their order. */
export function shardOf<T>(entries: readonly T[], shard: Shard): T[] {
  return entries.filter((_, position) => position % shard.count === shard.index);
}

/** Array jobs first: inside one, MPI variables may describe a launcher of a single process. */
function shardFromEnvironment(environment: Environment, given: number | undefined): Shard {
  const number = (name: string): number | undefined => {
    const text = environment[name];
    return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
  };
  const sources: readonly { readonly index?: number; readonly count?: number; readonly name: string }[] = [
    {
      name: "SLURM_ARRAY_TASK_ID",
      index: slurmPosition(number),
      count: number("SLURM_ARRAY_TASK_COUNT"),
    },
    {
      name: "AWS_BATCH_JOB_ARRAY_INDEX",
      index: number("AWS_BATCH_JOB_ARRAY_INDEX"),
      count: number("AWS_BATCH_JOB_ARRAY_SIZE"),
    },
    { name: "JOB_COMPLETION_INDEX", index: number("JOB_COMPLETION_INDEX") }, // Kubernetes does not tell the count
    { name: "SLURM_PROCID", index: number("SLURM_PROCID"), count: number("SLURM_STEP_NUM_TASKS") },
    {
      name: "OMPI_COMM_WORLD_RANK",
      index: number("OMPI_COMM_WORLD_RANK"),
      count: number("OMPI_COMM_WORLD_SIZE"),
    },
    { name: "PMI_RANK", index: number("PMI_RANK"), count: number("PMI_SIZE") },
  ];
  const source = sources.find(({ index, count }) => index !== undefined && (given ?? count) !== undefined);
  if (source?.index !== undefined)
    return checked({ index: source.index, count: given ?? source.count ?? 1 }, source.name);
  const countless = sources.find(({ index }) => index !== undefined);
  throw new UserError(
    "usage",
    countless === undefined
      ? `--shard auto found no array job: expected one of ${sources.map(({ name }) => name).join(", ")} in the environment`
      : `--shard auto knows the position (${countless.name}) but not the count: write --shard auto/N`,
  );
}

/** Slurm's arrays may start anywhere and have a step (`--array=10-40:10`): the position counts from the first. */
function slurmPosition(number: (name: string) => number | undefined): number | undefined {
  const id = number("SLURM_ARRAY_TASK_ID");
  if (id === undefined) return undefined;
  return (id - (number("SLURM_ARRAY_TASK_MIN") ?? 0)) / (number("SLURM_ARRAY_TASK_STEP") ?? 1);
}

function checked(shard: Shard, where: string): Shard {
  if (Number.isInteger(shard.index) && shard.index >= 0 && shard.index < shard.count) return shard;
  throw new UserError(
    "usage",
    `expected a shard from 1/${shard.count} to ${shard.count}/${shard.count}, got ${shard.index + 1}/${shard.count} (${where})`,
  );
}
