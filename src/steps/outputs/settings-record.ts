/**
 * A folder of results remembers the settings it was made with, so that a run that resumes in it with others reports it,
 * and numbers can be traced to what made them: `settings.json`, a list of distinct settings in the order they were
 * used.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../atomic-write";
import { readBoundedJson } from "../../data/bounded-file";
import { differences, type Settings } from "./settings-file";

const NAME = "settings.json";
const MAX_BYTES = 1 << 24;

/**
 * Notes `settings` in the folder.
 * @returns where they differ from those that files in it may have been made with: a notice, or undefined
 */
export async function recordSettings(folder: string, settings: Settings): Promise<string | undefined> {
  const file = path.join(folder, NAME);
  const stated = JSON.parse(JSON.stringify(settings)) as Settings; // without undefined, as it is read back
  const earlier = (await holdsResults(folder)) ? await readSettings(file) : [];
  if (earlier.some((each) => differences(each, stated).length === 0)) return undefined;
  await writeAtomic(file, `${JSON.stringify([...earlier, stated], null, 2)}\n`);
  const last = earlier.at(-1);
  if (last === undefined) return undefined;
  return `${folder} holds results of other settings (${differences(last, stated).join("; ")}); existing results stay`;
}

/** A run of other settings that made nothing left nothing to be mixed with. */
async function holdsResults(folder: string): Promise<boolean> {
  const names = await fs.readdir(folder).catch(() => []);
  return names.some((name) => /\.(png|npy)$/.test(name));
}

/** An unreadable record is none: it only serves notices. */
async function readSettings(file: string): Promise<Settings[]> {
  try {
    const value: unknown = await readBoundedJson(file, MAX_BYTES, "record of settings");
    return Array.isArray(value) ? value.filter((entry) => typeof entry === "object" && entry !== null) : [];
  } catch {
    return [];
  }
}
