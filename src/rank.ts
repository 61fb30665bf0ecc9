/**
 * One of the processes that `parallel/launch.ts` starts, an entry like `cli.ts`: runs the step it is told; the first one
 * writes the Summary.
 */

import fs from "node:fs";
import { writeAtomic } from "./atomic-write";
import { type BackendName, preferBackend, useBackend } from "./backend";
import { messageOf, UserError } from "./errors";
import { JOB_VARIABLE, type RankJob } from "./parallel/launch";
import { bindLocalRank, launchedRank } from "./parallel/local-rank";
import { createReporter, silentReporter } from "./running/reporter";
import type { Step } from "./running/step";
import { steps } from "./steps/index";

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
  const reporter = first && quiet !== true ? visible : { ...silentReporter, warn: visible.warn };
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => controller.abort());
  setInterval(() => fs.existsSync(stop) && controller.abort(), STOP_INTERVAL_MS).unref();
  bindLocalRank();
  preferBackend(backend as BackendName | undefined, { notice: reporter.notice });
  if (step.needsBackend) await useBackend();
  const summary = await step.run(config, { reporter, signal: controller.signal });
  reporter.finish();
  if (first) await writeAtomic(file, JSON.stringify(summary));
}

main().catch((error: unknown) => {
  const text = error instanceof UserError ? error.message : error instanceof Error ? error.stack : messageOf(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
});
