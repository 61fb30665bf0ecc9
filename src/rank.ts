/**
 * One of the processes that `parallel/launch.ts` or `parallel/shards.ts` starts, an entry like `cli.ts`: runs the step it is
 * told. Under mpiexec the first one writes the Summary; a shard sends its own, and its progress, to who started it.
 */

import fs from "node:fs";
import { writeAtomic } from "./atomic-write";
import { type BackendName, preferBackend, useBackend } from "./backend";
import { steps } from "./commands";
import { asksForTf32 } from "./config/training";
import { messageOf, UserError } from "./errors";
import { JOB_VARIABLE, type RankJob } from "./parallel/launch";
import { bindLocalRank, launchedRank } from "./parallel/local-rank";
import type { ShardMessage } from "./parallel/shards";
import { createReporter, type Reporter, silentReporter } from "./running/reporter";
import type { Step } from "./running/step";

/** How often to look whether the launching process wants to stop. */
const STOP_INTERVAL_MS = 500;

async function main(): Promise<void> {
  const {
    step: name,
    config,
    backend,
    quiet,
    summary: file,
    stop,
  } = JSON.parse(process.env[JOB_VARIABLE] ?? "{}") as RankJob;
  const step = steps.find((each) => each.name === name) as Step<object> | undefined;
  if (step === undefined) throw new Error(`no step "${name}"`);
  const first = (launchedRank()?.rank ?? 0) === 0;
  const visible = createReporter();
  const send = process.send?.bind(process) as ((message: ShardMessage) => void) | undefined;
  const reporter =
    send !== undefined
      ? sendingReporter(send)
      : first && quiet !== true
        ? visible
        : { ...silentReporter, warn: visible.warn };
  const controller = new AbortController();
  for (const event of ["SIGINT", "SIGTERM", "disconnect"] as const) process.on(event, () => controller.abort());
  if (stop !== undefined) setInterval(() => fs.existsSync(stop) && controller.abort(), STOP_INTERVAL_MS).unref();
  bindLocalRank();
  preferBackend(backend as BackendName | undefined, { tf32: asksForTf32(config), notice: reporter.notice });
  if (step.needsBackend) await useBackend();
  const summary = await step.run(config, { reporter, signal: controller.signal });
  reporter.finish();
  if (first && file !== undefined) await writeAtomic(file, JSON.stringify(summary));
  send?.({ summary });
}

function sendingReporter(send: (message: ShardMessage) => void): Reporter {
  return { ...silentReporter, warn: (warning) => send({ warning }), progress: (progress) => send({ progress }) };
}

main().then(
  () => process.connected && process.disconnect(),
  (error: unknown) => {
    const text = error instanceof UserError ? error.message : error instanceof Error ? error.stack : messageOf(error);
    process.stderr.write(`${text}\n`);
    process.exit(1);
  },
);
