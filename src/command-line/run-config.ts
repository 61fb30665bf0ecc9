/**
 * `--config FILE`: a step's options from the record that an earlier run has left (`run.json`, whose last entry of this step
 * counts), or from a plain object `{option: value}`.
 */

import { type Option, type OptionTable, suggestion } from "../config/option";
import { readBoundedJson } from "../data/bounded-file";
import { shown } from "../data/json";
import { expected, UserError } from "../errors";

const MAX_BYTES = 1 << 24;
/** What a record says of one run alone: which images it was to make. */
const OF_ONE_RUN: readonly string[] = ["remake", "only"];

/** @throws UserError "input" for a file that holds something else, "usage" for a key that is no option of the step */
export async function readRunConfig<C>(file: string, step: string, table: OptionTable<C>): Promise<Partial<C>> {
  const value = await readBoundedJson(file, MAX_BYTES, "options");
  const isRecord = Array.isArray(value);
  const options = isRecord ? lastRunOf(value, step, file) : value;
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw expected("input", "the run.json of an earlier run, or an object {option: value}", shown(value), file);
  const known = table as Readonly<Record<string, Option<unknown>>>;
  const given: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(options)) {
    if (!Object.hasOwn(known, key))
      throw new UserError(
        "usage",
        `unknown option "${key}" of ${step} (${file})${suggestion(key, Object.keys(known))}`,
      );
    if (entry !== null && !(isRecord && OF_ONE_RUN.includes(key))) given[key] = entry;
  }
  return given as Partial<C>;
}

function lastRunOf(entries: readonly unknown[], step: string, file: string): unknown {
  const runs = entries.filter((entry): entry is Record<string, unknown> => typeof entry === "object" && entry !== null);
  const run = runs.filter((each) => each.step === step).at(-1);
  if (run !== undefined) return run.settings;
  const others = [...new Set(runs.map((each) => shown(each.step)))].join(", ") || "none";
  throw expected("input", `a run of ${step}`, `runs of ${others}`, file);
}
