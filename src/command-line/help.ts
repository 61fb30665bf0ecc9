/** Help texts, read off the steps and their option tables; they fit a terminal of 80 columns. */

import { describeOptions, type Option, type OptionTable } from "../config/option";
import type { Step } from "../running/step";
import { COLUMNS, wrapped } from "../shown-text";
import { globalOptions } from "./global-options";

/** Where the steps' descriptions begin. */
const MARGIN = 22;

/** `a2gnn --help` */
export function overview(steps: readonly Step<object>[]): string {
  const lines = steps.map(({ name, about }) => {
    const text = wrapped(about, COLUMNS - MARGIN).replaceAll("\n", `\n${" ".repeat(MARGIN)}`);
    return `  ${name.padEnd(MARGIN - 2)}${text}`;
  });
  return `usage: a2gnn <step> [--option value …]

Steps, in the order of the method:
${lines.join("\n")}

a2gnn <step> --help        the options that are needed most
a2gnn <step> --help all    every option
a2gnn completion bash      completion for the shell: bash, zsh or fish

${wrapped("Exit status: 0 done, 1 failed (images that failed are named, the rest is done), 2 wrong usage, 130 interrupted.")}`;
}

/** `a2gnn STEP --help`, or with `all` every option. */
export function stepHelp(step: Step<object>, isAll: boolean): string {
  const table: Readonly<Record<string, Option<unknown>>> = { ...step.options, ...ownGlobals(step) };
  const { everyday } = step;
  const isShort = !isAll && everyday !== undefined;
  const shown = isShort
    ? Object.fromEntries(Object.entries(table).filter(([key, option]) => option.required || everyday.includes(key)))
    : table;
  const word = step.positional === undefined ? "" : ` ${POSITIONAL}`;
  const hidden = Object.keys(table).length - Object.keys(shown).length;
  const more = hidden === 0 ? [] : [`a2gnn ${step.name} --help all shows the other ${hidden} options.`];
  const examples = step.examples?.map((line) => `  ${brokenCommand(line)}`).join("\n");
  return [
    `usage: a2gnn ${step.name}${word} [--option value …]`,
    wrapped(step.about),
    describeOptions(shown as OptionTable<object>),
    ...(isShort || step.bytes === undefined ? [] : [`Bytes of the results:\n${wrapped(step.bytes)}`]),
    ...more,
    ...(examples === undefined ? [] : [`Examples:\n${examples}`]),
  ].join("\n\n");
}

/** What one word without a flag stands for, where a step takes one. */
const POSITIONAL = "FOLDER";

/** Global options that mean something for the step. */
export function ownGlobals(step: Step<object>): Readonly<Record<string, Option<unknown>>> {
  const { dryRun, backend, threads, deterministic, ...others } = globalOptions;
  return {
    ...(step.canPlan && !("dryRun" in step.options) ? { dryRun } : {}),
    ...(step.needsBackend ? { backend, threads, deterministic } : {}),
    ...others,
  } as Readonly<Record<string, Option<unknown>>>;
}

/** A long command over several lines, as a shell takes it. */
function brokenCommand(command: string): string {
  const parts = command.split(/ (?=--)/);
  const lines = [""];
  for (const part of parts) {
    const last = lines[lines.length - 1];
    const joined = last === "" ? part : `${last} ${part}`;
    if (joined.length <= COLUMNS - 8 || last === "") lines[lines.length - 1] = joined;
    else lines.push(part);
  }
  return lines.join(" \\\n      ");
}
