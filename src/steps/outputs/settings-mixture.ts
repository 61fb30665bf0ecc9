/** Whether the labels of a folder were made with one and the same settings, as the records beside them say. */

import fs from "node:fs/promises";
import path from "node:path";
import { RECORDS, readFileRecord } from "./file-record";
import { readSettings, type Settings } from "./settings-file";

/** Settings that a notice tells apart, and options of each that it names. */
const MOST_NAMED = 4;

/**
 * A notice where the files of a folder were made with several settings; undefined where it has one, or no records.
 * @param only names of the files that count. Default: every one
 */
export async function settingsMixture(folder: string, only?: readonly string[]): Promise<string | undefined> {
  const counts = new Map<string, number>();
  const names = only ?? (await fs.readdir(folder).catch(() => []));
  for (const name of names.filter((each) => /\.(png|npy|json)$/.test(each))) {
    const settings = (await readFileRecord(path.join(folder, name)))?.settings;
    if (settings !== undefined) counts.set(settings, (counts.get(settings) ?? 0) + 1);
  }
  if (counts.size < 2) return undefined;
  const groups: { count: number; settings: Settings }[] = [];
  for (const [hash, count] of [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_NAMED))
    groups.push({ count, settings: await readSettings(path.join(folder, RECORDS), hash) });
  const keys = [...new Set(groups.flatMap(({ settings }) => Object.keys(settings)))].filter(
    (key) => new Set(groups.map(({ settings }) => JSON.stringify(settings[key]))).size > 1,
  );
  const told = groups.map(({ count, settings }) => {
    const values = keys.slice(0, MOST_NAMED).map((key) => `${key} ${JSON.stringify(settings[key]) ?? "none"}`);
    return `${count} with ${values.join(", ") || "others"}`;
  });
  const more = counts.size > groups.length ? `; and ${counts.size - groups.length} settings more` : "";
  return `${folder} holds results of ${counts.size} settings: ${told.join("; ")}${more}`;
}
