/**
 * Runs a step in several processes of this machine, each with its part of the work: `--shard 1/n` to `n/n`, started and
 * watched by one. They do not communicate, so no MPI is needed.
 */

import { type ChildProcess, fork } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { backendInUse } from "../backend";
import { UserError } from "../errors";
import type { ProgressUpdate } from "../running/reporter";
import type { StepContext, Summary } from "../running/step";
import { JOB_VARIABLE, type RankJob } from "./launch";

/** What a process sends to the one that started it. */
export interface ShardMessage {
  readonly warning?: string;
  readonly progress?: ProgressUpdate;
  readonly summary?: Summary;
}

/**
 * @param config of the step, which has an option `shard`
 * @returns the Summaries of the parts
 * @throws UserError "input" where a process failed; it has said why
 */
export async function runShards<S extends Summary>(
  step: string,
  config: object,
  count: number,
  { reporter, signal }: StepContext,
): Promise<S[]> {
  const updates: (ProgressUpdate | undefined)[] = [];
  const children: ChildProcess[] = [];
  let idle = 0; // ended without progress: nothing was left for them. The total is known once all others have told theirs.
  const stop = (): void => {
    for (const child of children) if (child.connected) child.disconnect();
  };
  signal?.addEventListener("abort", stop, { once: true });
  const run = (index: number): Promise<S> =>
    new Promise((resolve, reject) => {
      const shard = `${index + 1}/${count}`;
      const child = fork(path.join(__dirname, "..", `rank${path.extname(__filename)}`), {
        env: environment({ step, config: { ...config, shard }, backend: backendInUse()?.name }, count),
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      children.push(child);
      let summary: S | undefined;
      child.on("message", (message: ShardMessage) => {
        if (message.warning !== undefined) reporter.warn(message.warning);
        if (message.summary !== undefined) summary = message.summary as S;
        if (message.summary !== undefined && updates[index] === undefined) idle++;
        if (message.progress === undefined) return;
        updates[index] = message.progress;
        if (updates.filter((update) => update !== undefined).length + idle === count)
          reporter.progress(together(updates, message.progress));
      });
      child.once("error", reject);
      child.once("close", (code) => {
        if (summary !== undefined) resolve(summary);
        else reject(new UserError("input", `${step} failed in one of its ${count} processes (ended with ${code})`));
      });
    });
  try {
    return await Promise.all(Array.from({ length: count }, (_, index) => run(index)));
  } finally {
    stop(); // where one failed, the others end after the image in hand
    signal?.removeEventListener("abort", stop);
  }
}

function environment(job: RankJob, count: number): NodeJS.ProcessEnv {
  const threads = String(Math.max(1, Math.floor(os.availableParallelism() / count)));
  return { TF_NUM_INTRAOP_THREADS: threads, ...process.env, [JOB_VARIABLE]: JSON.stringify(job) };
}

function together(updates: readonly (ProgressUpdate | undefined)[], latest: ProgressUpdate): ProgressUpdate {
  const sum = (key: "done" | "total"): number => updates.reduce((total, update) => total + (update?.[key] ?? 0), 0);
  return { ...latest, done: sum("done"), total: sum("total") };
}
