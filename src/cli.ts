#!/usr/bin/env node

/** `a2gnn <step> [--option value …]`: the only file that writes to the console and ends the process. */

import { SYNC_VARIABLE } from "./atomic-write";
import { type BackendName, backendNames, preferBackend, useBackend } from "./backend";
import { steps } from "./commands";
import { describeOptions, type OptionTable, parseFlags, suggestion } from "./config/option";
import { asksForTf32 } from "./config/training";
import { messageOf, UserError } from "./errors";
import { bindLocalRank, launchedRank } from "./parallel/local-rank";
import { createReporter, silentReporter } from "./running/reporter";
import type { Step } from "./running/step";
import { describeSummary } from "./running/summary-text";
import { withoutControls } from "./shown-text";
import { version } from "./version";

interface GlobalOptions {
  readonly backend: BackendName;
  readonly threads?: number;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly sync: boolean;
  readonly deterministic: boolean;
}

const globalOptions: OptionTable<GlobalOptions> = {
  backend: {
    kind: "choice",
    affects: "fit",
    choices: backendNames,
    default: "native",
    group: "General",
    help: "TensorFlow backend: native (CPU), gpu (CUDA), cpu (plain JavaScript, slow)",
  },
  threads: {
    kind: "integer",
    affects: "speed",
    min: 1,
    max: 1024,
    group: "General",
    help: "threads of the TensorFlow backend [default: one a core]",
  },
  json: {
    kind: "boolean",
    affects: "place",
    default: false,
    group: "General",
    help: "print the Summary as JSON on standard output",
  },
  quiet: {
    kind: "boolean",
    affects: "place",
    default: false,
    group: "General",
    help: "no progress, notices or summary; only warnings",
  },
  deterministic: {
    kind: "boolean",
    affects: "fit",
    default: false,
    group: "General",
    help: "one thread for each of TensorFlow's operations, whose sums depend on the number of threads: the same bytes on CPUs of any number of cores (docs/trust.md has the cost)",
  },
  sync: {
    kind: "boolean",
    affects: "speed",
    default: true,
    group: "General",
    help: "flush each file to the disk before it takes its name; false is faster on slow disks, and a power failure may then leave torn files, which the next run finds and makes again",
  },
};

async function main(words: readonly string[]): Promise<number> {
  const [first, ...others] = words;
  const asked = first === "help" && others.length > 0;
  const [name, rest] = asked ? [others[0], ["--help"]] : [first, others];
  if (name === undefined) {
    process.stderr.write(`${overview()}\n`);
    return 2;
  }
  if (name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(`${overview()}\n`);
    return 0;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const step = steps.find((candidate) => candidate.name === name) as Step<object> | undefined;
  if (step === undefined)
    throw new UserError(
      "usage",
      `unknown step "${name}"${suggestion(
        name,
        steps.map((each) => each.name),
      )}; steps: ${steps.map((each) => each.name).join(", ")}`,
    );
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(`${help(step)}\n`);
    return 0;
  }
  const table = { ...step.options, ...globalOptions } as OptionTable<object & GlobalOptions>;
  const { given, notices } = parseFlags(rest, table, step.ignored, step.positional);
  const { backend, threads, json = false, quiet = false, ...less } = given;
  const { sync = true, deterministic = false, ...config } = less;
  if (deterministic) useOneThread(backend, threads);
  if (!sync) process.env[SYNC_VARIABLE] = "false";
  const visible = createReporter();
  const reporter = quiet ? { ...silentReporter, warn: visible.warn } : visible;
  for (const notice of notices) reporter.notice(notice);
  bindLocalRank();
  preferBackend(backend, { threads: deterministic ? 1 : threads, tf32: asksForTf32(config), notice: reporter.notice });
  if (step.needsBackend) await useBackend();
  const signal = stopOnSignal();
  const summary = await step.run(config, { reporter, signal });
  reporter.finish();
  const isOneOfMany = "processes" in summary && (launchedRank()?.rank ?? 0) > 0; // the first process tells for all
  if (isOneOfMany) return signal.aborted ? INTERRUPTED : 0;
  if (json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  else if (!quiet) process.stdout.write(`${withoutControls((step.describe ?? describeSummary)(summary))}\n`);
  return signal.aborted ? INTERRUPTED : summary.failed.length > 0 ? 1 : 0;
}

/** For this process and those that it starts. @throws UserError "usage" where the options ask for something else */
function useOneThread(backend: BackendName | undefined, threads: number | undefined): void {
  if (backend === "gpu") throw new UserError("usage", "--deterministic is for CPUs: a GPU's sums have no fixed order");
  if (threads !== undefined && threads !== 1)
    throw new UserError("usage", `--deterministic means --threads 1, not ${threads}: leave --threads out`);
  for (const variable of ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"]) process.env[variable] = "1";
}

/** As shells report a process that Ctrl-C ended. */
const INTERRUPTED = 130;

/** How long after SIGTERM the process may finish the image in hand; batch systems wait about as long before they kill. */
const GRACE_MS = 30_000;

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

function overview(): string {
  const lines = steps.map((step) => `  ${step.name.padEnd(20)} ${step.about}`);
  return `usage: a2gnn <step> [--option value …]\n\nSteps, in the order of the method:\n${lines.join("\n")}\n\na2gnn <step> --help lists the options of a step.
Exit status: 0 done, 1 failed (images that failed are named, the rest is done), 2 wrong usage, 130 interrupted.`;
}

function help(step: Step<object>): string {
  const table = { ...step.options, ...globalOptions } as OptionTable<object>;
  const examples = step.examples?.map((line) => `  ${line}`).join("\n");
  const word = step.positional === undefined ? "" : ` ${step.positional.toUpperCase()}`;
  return `usage: a2gnn ${step.name}${word} [--option value …]\n\n${step.about}\n\n${describeOptions(table)}${step.bytes === undefined ? "" : `\n\nBytes: ${step.bytes}`}${examples ? `\n\nExamples:\n${examples}` : ""}`;
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
    process.stderr.write(`a2gnn: ${known ? error.message : error instanceof Error ? error.stack : messageOf(error)}\n`);
    const usage = known && error.code === "usage";
    if (usage) process.stderr.write(`a2gnn ${hintStep(process.argv[2])} lists what there is\n`);
    process.exitCode = usage ? 2 : 1;
  },
);
