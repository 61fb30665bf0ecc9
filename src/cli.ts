#!/usr/bin/env node

/** `a2gnn <step> [--option value …]`: the only file that writes to the console and ends the process. */

import { SYNC_VARIABLE } from "./atomic-write";
import { type BackendName, preferBackend, useBackend } from "./backend";
import { completionScript, SHELLS, type Shell } from "./command-line/completion";
import { type GlobalOptions, globalOptions } from "./command-line/global-options";
import { overview, stepHelp } from "./command-line/help";
import { describePlan } from "./command-line/plan-text";
import { readRunConfig } from "./command-line/run-config";
import { steps } from "./commands";
import { type OptionTable, parseFlags, suggestion } from "./config/option";
import { asksForTf32 } from "./config/training";
import { beginDryRun } from "./dry-run";
import { messageOf, UserError } from "./errors";
import { bindLocalRank, launchedRank } from "./parallel/local-rank";
import { createReporter, type Reporter, silentReporter } from "./running/reporter";
import type { Step, StepPlan, Summary } from "./running/step";
import { describeSummary } from "./running/summary-text";
import { withoutControls, wrapped } from "./shown-text";
import { version } from "./version";

async function main(words: readonly string[]): Promise<number> {
  const [first, ...others] = words;
  const asked = first === "help" && others.length > 0;
  const [name, rest] = asked ? [others[0], ["--help", ...others.slice(1)]] : [first, others];
  if (name === undefined) {
    process.stderr.write(`${overview(steps)}\n`);
    return 2;
  }
  if (name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(`${overview(steps)}\n`);
    return 0;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  if (name === "completion") {
    process.stdout.write(completionScript(shellOf(rest), steps));
    return 0;
  }
  const step = stepOf(name);
  const help = rest.findIndex((word) => word === "--help" || word === "-h");
  if (help >= 0) {
    process.stdout.write(`${stepHelp(step, rest.includes("all", help))}\n`);
    return 0;
  }
  return run(step, rest);
}

async function run(step: Step<object>, words: readonly string[]): Promise<number> {
  const table = { ...step.options, ...globalOptions } as OptionTable<object & GlobalOptions>;
  const { given, notices } = parseFlags(words, table, step.ignored, step.positional);
  const { backend, threads, json = false, quiet = false, dryRun = false, config: file, ...less } = given;
  const { sync = true, deterministic = false, ...others } = less;
  if (deterministic) useOneThread(backend, threads);
  if (!sync) process.env[SYNC_VARIABLE] = "false";
  const plansItself = "dryRun" in step.options;
  const flags = plansItself && dryRun ? { ...others, dryRun } : others;
  const config = file === undefined ? flags : { ...(await readRunConfig(file, step.name, step.options)), ...flags };
  const visible = createReporter();
  const reporter = quiet ? { ...silentReporter, warn: visible.warn } : visible;
  for (const notice of notices) reporter.notice(notice);
  bindLocalRank();
  preferBackend(backend, { threads: deterministic ? 1 : threads, tf32: asksForTf32(config), notice: reporter.notice });
  if (dryRun && !plansItself) return planOnly(step, config, reporter, json);
  if (step.needsBackend) await useBackend();
  const signal = stopOnSignal();
  const summary = await step.run(config, { reporter, signal });
  reporter.finish();
  const isOneOfMany = "processes" in summary && (launchedRank()?.rank ?? 0) > 0; // the first process tells for all
  if (isOneOfMany) return signal.aborted ? INTERRUPTED : 0;
  if (json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  else if (!quiet) print(withoutControls((step.describe ?? describeSummary)(summary)));
  return signal.aborted ? INTERRUPTED : summary.failed.length > 0 ? 1 : 0;
}

/** For this process and those that it starts. @throws UserError "usage" where the options ask for something else */
function useOneThread(backend: BackendName | undefined, threads: number | undefined): void {
  if (backend === "gpu") throw new UserError("usage", "--deterministic is for CPUs: a GPU's sums have no fixed order");
  if (threads !== undefined && threads !== 1)
    throw new UserError("usage", `--deterministic means --threads 1, not ${threads}: leave --threads out`);
  for (const variable of ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"]) process.env[variable] = "1";
}

/** `--dry-run` @throws UserError "usage" for a step that has no images to go through */
async function planOnly(step: Step<object>, given: object, reporter: Reporter, json: boolean): Promise<number> {
  if (!step.canPlan) {
    const able = steps.filter(({ canPlan, options }) => canPlan || "dryRun" in options).map(({ name }) => name);
    throw new UserError("usage", `${step.name} has no --dry-run; these have: ${able.join(", ")}`);
  }
  beginDryRun();
  if (step.needsBackend) await useBackend();
  const plans: StepPlan[] = [];
  const { gpus: _, ...config } = given as { readonly gpus?: number }; // one process is enough to say it
  const summary: Summary = await step.run(config, { reporter, plan: (plan) => plans.push(plan) });
  reporter.finish();
  if (json)
    process.stdout.write(
      `${JSON.stringify({ step: step.name, dryRun: true, plans, notices: summary.notices }, null, 2)}\n`,
    );
  else print(withoutControls(describePlan(step.name, plans, summary)));
  return plans.some(({ unusable }) => unusable.length > 0) ? 1 : 0;
}

/** On a terminal lines are broken between words; in a file they stay as they are. */
function print(text: string): void {
  const { isTTY, columns } = process.stdout;
  process.stdout.write(`${isTTY ? wrapped(text, columns, 4) : text}\n`);
}

/** @throws UserError "usage" with the nearest first */
function stepOf(name: string): Step<object> {
  const step = steps.find((candidate) => candidate.name === name);
  if (step !== undefined) return step;
  const names = steps.map((each) => each.name);
  const hint = suggestion(name, names);
  throw new UserError("usage", `unknown step "${name}"${hint}${hint === "" ? `; steps: ${names.join(", ")}` : ""}`);
}

/** @throws UserError "usage" */
function shellOf([shell, ...more]: readonly string[]): Shell {
  const known = SHELLS.find((each) => each === shell);
  if (known !== undefined && more.length === 0) return known;
  throw new UserError("usage", `expected a2gnn completion ${SHELLS.join("|")}, got "${[shell, ...more].join(" ")}"`);
}

/** As shells report a process that Ctrl-C ended. */
const INTERRUPTED = 130;

/** How long after SIGTERM the process may finish the image in hand: containers are killed after 10 s, batch jobs after 30. */
const GRACE_MS = 8_000;

/** The first Ctrl-C, or SIGTERM of a batch system, ends after the image in hand; the second Ctrl-C at once. */
function stopOnSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    process.stderr.write("\nstopping after the image in hand; press Ctrl-C again to stop at once\n");
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.once("SIGTERM", () => {
    setTimeout(() => process.exit(INTERRUPTED), GRACE_MS).unref(); // whatever hangs: files are whole or absent
    stop();
  });
  return controller.signal;
}

function hintStep(name: string | undefined): string {
  return steps.some((step) => step.name === name) ? `${name} --help` : "--help";
}

process.exitCode = 1; // until `main` comes to its end: a process that runs dry before has not done its work
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const known = error instanceof UserError;
    const text = `a2gnn: ${known ? error.message : error instanceof Error ? error.stack : messageOf(error)}`;
    process.stderr.write(`${process.stderr.isTTY && known ? wrapped(text, process.stderr.columns, 2) : text}\n`);
    const usage = known && error.code === "usage";
    if (usage) process.stderr.write(`a2gnn ${hintStep(process.argv[2])} lists what there is\n`);
    process.exitCode = usage ? 2 : 1;
  },
);
