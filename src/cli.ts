#!/usr/bin/env node
/** `a2gnn <step> [--option value …]`: the only file that writes to the console and ends the process. */

import { useBackend } from "./backend";
import { describeOptions, type OptionTable, parseFlags } from "./config/option";
import { messageOf, UserError } from "./errors";
import { steps } from "./steps/index";
import { createReporter, silentReporter } from "./steps/reporter";
import type { Step, StepContext, Summary } from "./steps/step";

interface GlobalOptions {
  readonly backend: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

const globalOptions: OptionTable<GlobalOptions> = {
  backend: {
    kind: "choice",
    choices: ["native", "gpu", "cpu"],
    default: "native",
    group: "General",
    help: "TensorFlow backend: native (CPU), gpu (CUDA), cpu (plain JavaScript, slow)",
  },
  json: { kind: "boolean", default: false, group: "General", help: "print the Summary as JSON on standard output" },
  quiet: { kind: "boolean", default: false, group: "General", help: "no progress and no notices" },
};

async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(`${overview()}\n`);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${(require("../package.json") as { version: string }).version}\n`);
    return 0;
  }
  const step = steps.find((candidate) => candidate.name === name) as Step<object> | undefined;
  if (step === undefined)
    throw new UserError("usage", `unknown step "${name}"; steps: ${steps.map((each) => each.name).join(", ")}`);
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(`${help(step)}\n`);
    return 0;
  }
  const table = { ...step.options, ...globalOptions } as OptionTable<object & GlobalOptions>;
  const { given, notices } = parseFlags(rest, table, step.ignored);
  const { backend = "native", json = false, quiet = false, ...config } = given;
  const reporter = quiet ? silentReporter : createReporter();
  for (const notice of notices) reporter.notice(notice);
  if (step.needsBackend) await useBackend(backend);
  const summary = await step.run(config, { reporter, signal: stopOnInterrupt() });
  reporter.finish();
  if (json) process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
  else if (!quiet) process.stdout.write(`${(step.describe ?? describeSummary)(summary)}\n`);
  return summary.failed.length > 0 ? 1 : 0;
}

/** The first Ctrl-C ends after the image in hand, the second at once. */
function stopOnInterrupt(): StepContext["signal"] {
  const controller = new AbortController();
  process.once("SIGINT", () => {
    process.stderr.write("\nstopping after the image in hand; press Ctrl-C again to stop at once\n");
    controller.abort();
    process.once("SIGINT", () => process.exit(130));
  });
  return controller.signal;
}

function overview(): string {
  const lines = steps.map((step) => `  ${step.name.padEnd(20)} ${step.about}`);
  return `usage: a2gnn <step> [--option value …]\n\nSteps, in the order of the method:\n${lines.join("\n")}\n\na2gnn <step> --help lists the options of a step.`;
}

function help(step: Step<object>): string {
  const table = { ...step.options, ...globalOptions } as OptionTable<object>;
  const examples = step.examples?.map((line) => `  ${line}`).join("\n");
  return `usage: a2gnn ${step.name} [--option value …]\n\n${step.about}\n\n${describeOptions(table)}${examples ? `\n\nExamples:\n${examples}` : ""}`;
}

function describeSummary(summary: Summary): string {
  const failures = summary.failed.map(({ image, reason }) => `  failed: ${image}: ${reason}`);
  const head = `${summary.step}: ${summary.done} done, ${summary.skipped} already there, ${summary.failed.length} failed of ${summary.images} in ${summary.seconds.toFixed(1)} s`;
  return [head, ...failures].join("\n");
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const known = error instanceof UserError;
    process.stderr.write(`a2gnn: ${known ? error.message : error instanceof Error ? error.stack : messageOf(error)}\n`);
    process.exitCode = known && error.code === "usage" ? 2 : 1;
  },
);
