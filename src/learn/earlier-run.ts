/**
 * What an earlier run has left in the output folder: the same settings and weak labels resume it with the very plan that it
 * began with; weak labels that were drawn since begin the network anew, with what was made before put aside.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomic-write";
import { fileExists, readBoundedJson } from "../data/bounded-file";
import { UserError } from "../errors";
import type { Plan } from "./plan";
import type { Surveyed } from "./survey";

export interface RunState {
  /** All options that the results depend on. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly plan: Plan;
  /** The weak label of each photograph, by its mark. */
  readonly marks: Readonly<Record<string, string>>;
}

const MAX_BYTES = 1 << 28;

/**
 * @returns the plan to resume, and what was put aside
 * @throws UserError "output" where the folder is another command's
 */
export async function resumeRun(
  out: string,
  settings: RunState["settings"],
  photographs: readonly Surveyed[],
): Promise<{ readonly plan?: Plan; readonly notices: readonly string[] }> {
  const file = stateFile(out);
  if (!(await fileExists(file))) return { notices: [] };
  const earlier = (await readBoundedJson(file, MAX_BYTES, "record of learn")) as RunState;
  const differing = Object.keys({ ...earlier.settings, ...settings }).filter(
    (key) => JSON.stringify(earlier.settings[key]) !== JSON.stringify(settings[key]),
  );
  if (differing.length > 0)
    throw new UserError(
      "output",
      `${out} holds a run with other options: ${differing.map((key) => `${key} ${JSON.stringify(earlier.settings[key]) ?? "not given"}, now ${JSON.stringify(settings[key]) ?? "not given"}`).join("; ")}; choose another --out`,
    );
  const marks = marksOf(photographs);
  const changed = [...new Set([...Object.keys(earlier.marks), ...Object.keys(marks)])].filter(
    (id) => earlier.marks[id] !== marks[id],
  );
  if (changed.length === 0) return { plan: earlier.plan, notices: [] };
  const aside = await putAside(out);
  return {
    notices: [
      `${changed.length} photographs or weak labels are new or changed since the last run: the network is trained again; what it had made is in ${aside}`,
    ],
  };
}

export async function recordState(
  out: string,
  settings: RunState["settings"],
  plan: Plan,
  photographs: readonly Surveyed[],
): Promise<void> {
  const state: RunState = { settings, plan, marks: marksOf(photographs) };
  await writeAtomic(stateFile(out), `${JSON.stringify(state, null, 1)}\n`);
}

// --- internal ---

function stateFile(out: string): string {
  return path.join(out, "learn.json");
}

function marksOf(photographs: readonly Surveyed[]): Record<string, string> {
  return Object.fromEntries(photographs.map(({ id, mark }) => [id, mark]));
}

/** Moves all rounds; own labels are kept or made again one by one. @returns the folder that they are in */
async function putAside(out: string): Promise<string> {
  const earlier = await fs.readdir(path.join(out, ".old")).catch(() => []);
  const aside = path.join(out, ".old", String(earlier.length + 1));
  await fs.mkdir(aside, { recursive: true });
  for (const name of await fs.readdir(out))
    if (/^round-\d+$/.test(name)) await fs.rename(path.join(out, name), path.join(aside, name));
  await fs.rm(stateFile(out), { force: true });
  return aside;
}
