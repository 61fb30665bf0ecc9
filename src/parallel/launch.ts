/** Starts a step in several processes by itself: `--gpus 2` is `mpiexec -n 2` without writing it. */

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { backendInUse } from "../backend";
import { expected, UserError } from "../errors";
import { silentReporter } from "../running/reporter";
import type { StepContext, Summary } from "../running/step";
import { findGpu } from "../setup/gpu";
import { findMpi } from "../setup/mpi";

/** Environment of the started processes. */
export interface RankJob {
  readonly step: string;
  readonly config: object;
  readonly backend?: string;
  readonly quiet?: boolean;
  /** Where the first process writes the Summary, under mpiexec. */
  readonly summary?: string;
  /**
   * A file that asks the processes to stop as soon as it exists. (mpiexec would not wait for what a signal reaches.)
   */
  readonly stop?: string;
}

export const JOB_VARIABLE = "A2GNN_RANK_JOB";

/** How long processes have to end after they were asked to stop. */
const PATIENCE_SECONDS = 600;

/**
 * Runs `step` with `config` in `count` processes on this machine and waits for them.
 * @returns the first process's Summary
 * @throws UserError "environment" where there is no mpiexec, "input" where a process failed; it has said why
 */
export async function launchStep<S extends Summary>(
  step: string,
  config: object,
  count: number,
  { reporter, signal }: StepContext,
): Promise<S> {
  const mpi = findMpi();
  if (mpi === undefined)
    throw new UserError(
      "environment",
      `--gpus ${count} needs mpiexec, and there is none: a2gnn setup --mpi fetches it`,
    );
  const quiet = reporter.progress === silentReporter.progress;
  checkCards(count);
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "a2gnn-"));
  const summary = path.join(folder, "summary.json");
  const stopFile = path.join(folder, "stop");
  const job: RankJob = { step, config, backend: backendInUse()?.name, quiet, summary, stop: stopFile };
  const entry = path.join(__dirname, "..", `rank${path.extname(__filename)}`);
  const words = ["-n", String(count), process.execPath, ...process.execArgv, entry];
  const child = spawn(mpi.mpiexec, words, {
    env: { ...process.env, [JOB_VARIABLE]: JSON.stringify(job) },
    stdio: ["ignore", "ignore", "inherit"],
    detached: true, // Ctrl-C reaches this process only, which passes it on
  });
  const end = (): boolean => child.kill("SIGTERM");
  process.once("exit", end);
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    closeSync(openSync(stopFile, "w"));
    timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_SECONDS * 1000);
  };
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code !== 0)
      throw new UserError("input", `${step} failed in one of its ${count} processes (mpiexec ended with ${code})`);
    return JSON.parse(await fs.readFile(summary, "utf8")) as S;
  } finally {
    process.removeListener("exit", end);
    await fs.rm(folder, { recursive: true, force: true });
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** On GPUs one process each; on a CPU they share the cores. @throws UserError "environment" where GPUs are lacking */
function checkCards(count: number): void {
  if (backendInUse()?.usesGpu !== true) return;
  const { gpu } = findGpu();
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(",").filter((card) => card.trim() !== "").length;
  const cards = visible ?? gpu?.cards.length ?? 0;
  if (gpu !== undefined && cards > 0 && cards < count)
    throw expected("environment", `${count} GPUs for ${count} processes`, `${cards}`, `--gpus ${count}`);
}
