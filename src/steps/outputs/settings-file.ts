/**
 * The settings that files of a folder were made with: `settings-HASH.json` for each that was ever used, so that records
 * of files need only the hash, and processes that share a folder write the same bytes.
 */

import { createHash } from "node:crypto";
import path from "node:path";
import { writeAtomic } from "../../atomic-write";
import { type Affects, type Option, type OptionTable, touching } from "../../config/option";
import { fileExists, readBoundedJson } from "../../data/bounded-file";

export type Settings = Readonly<
  Record<string, string | number | boolean | readonly string[] | readonly number[] | undefined>
>;

const MAX_BYTES = 1 << 20;

/** The settings among a step's options that its numbers depend on; files and folders count by their content, elsewhere. */
export function settingsOf<C extends object>(
  config: C,
  table: OptionTable<C>,
  parts: readonly Affects[] = ["fit", "label"],
): Settings {
  const options = table as Record<string, Option<unknown>>;
  const entries = Object.entries(touching(config, table, parts)).filter(([key]) => options[key].kind !== "path");
  return Object.fromEntries(entries) as Settings;
}

/** The same for settings in whatever order, and with or without entries that are undefined. */
export function hashSettings(settings: Settings): string {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 16);
}

/** @returns the settings' hash @throws UserError "output" */
export async function writeSettings(folder: string, settings: Settings): Promise<string> {
  const hash = hashSettings(settings);
  const file = fileOf(folder, hash);
  if (!(await fileExists(file))) await writeAtomic(file, `${JSON.stringify(settings, null, 2)}\n`);
  return hash;
}

/** Unreadable settings are none: they only serve notices. */
export async function readSettings(folder: string, hash: string): Promise<Settings> {
  try {
    const value = await readBoundedJson(fileOf(folder, hash), MAX_BYTES, "settings");
    return typeof value === "object" && value !== null ? (value as Settings) : {};
  } catch {
    return {};
  }
}

/** What differs between settings, e.g. `epochs 20, now 40`. */
export function differences(before: Settings, now: Settings): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const text = (value: unknown): string => JSON.stringify(value) ?? "none";
  return keys.flatMap((key) =>
    text(before[key]) === text(now[key]) ? [] : [`${key} ${text(before[key])}, now ${text(now[key])}`],
  );
}

function fileOf(folder: string, hash: string): string {
  return path.join(folder, `settings-${hash}.json`);
}
