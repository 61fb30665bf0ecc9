/**
 * What a step may write and what it must leave alone. A file that somebody has made or corrected is never replaced; one
 * that this program has written is made again where its settings or inputs have changed, and any file that breaks off.
 * `--remake` replaces all of them, and moves what was there to `.old/` in the same folder.
 */

import path from "node:path";
import { hashBytes, hashFile } from "../../data/file-hash";
import { setAside } from "../../files/set-aside";
import { type FileState, findFile, type Origin, RECORDS, writeRecorded } from "./file-record";
import { differences, readSettings } from "./settings-file";

export interface OutputKeeper {
  /** What a file of an image is to this run; "missing" where it is to be made again. */
  stateOf(id: string, file: string, origin: () => Promise<Origin>): Promise<FileState>;
  /** Writes a file unless it is somebody's own. @returns whether it was written @throws UserError "output" */
  write(id: string, file: string, bytes: Uint8Array | string, origin: Origin): Promise<boolean>;
  /** Says what was kept, and what was made again and why: once, at the end of a run. */
  notices(): string[];
  /** How many images have a file that is kept because it is somebody's own. */
  kept(): number;
}

/** File names that a notice lists. */
const MOST_NAMED = 3;

/** @param remake ids, or "all" among them */
export function openOutputKeeper(remake: readonly string[] = []): OutputKeeper {
  const isAll = remake.length === 1 && remake[0] === "all";
  const made = new Set<string>();
  const kept = new Map<string, { id: string; state: FileState; isOutdated?: boolean }>();
  const again = new Map<string, string>();
  const torn = new Set<string>();
  const shallRemake = (id: string, file: string): boolean => (isAll || remake.includes(id)) && !made.has(file);
  const keep = (id: string, file: string, state: FileState): void => {
    kept.set(file, { ...kept.get(file), id, state });
  };
  return {
    async stateOf(id, file, origin) {
      if (shallRemake(id, file)) return "missing";
      const { state, record } = await findFile(file, origin);
      if (state === "corrected" || state === "foreign") keep(id, file, state);
      if (state === "torn") torn.add(file);
      if (record === undefined || (state !== "stale" && state !== "corrected")) return state;
      const { settings, inputs } = await origin();
      const before = await readSettings(path.join(path.dirname(file), RECORDS), record.settings);
      const other = Object.keys({ ...record.inputs, ...inputs }).filter((key) => record.inputs[key] !== inputs[key]);
      const changed = [...other.map((key) => `changed ${key}`), ...differences(before, known(settings))];
      if (changed.length > 0 && state === "stale") again.set(file, changed.join("; "));
      if (changed.length > 0 && state === "corrected") kept.set(file, { id, state, isOutdated: true });
      return state;
    },
    async write(id, file, bytes, origin) {
      if (shallRemake(id, file)) {
        if ((await hashFile(file)) !== hashBytes(bytes)) await setAside(file);
      } else if (!made.has(file)) {
        const { state } = await findFile(file, async () => origin);
        if (state === "corrected" || state === "foreign") {
          keep(id, file, state);
          return false;
        }
        if (state === "torn") await setAside(file);
      }
      await writeRecorded(file, bytes, origin);
      made.add(file);
      return true;
    },
    notices() {
      const entries = [...kept].filter(([file]) => !made.has(file));
      const of = (state: FileState): string[] =>
        entries.filter(([, each]) => each.state === state).map(([file]) => file);
      const outdated = entries.filter(([, each]) => each.isOutdated).map(([file]) => file);
      const replaced = [...again].filter(([file]) => made.has(file));
      return [
        ...said(of("corrected"), "kept, as somebody has changed what this program wrote"),
        ...said(of("foreign"), "kept, as this program has no record of writing them"),
        ...said(outdated, "kept, though what they were made of has changed: --remake makes them again"),
        ...said(
          [...torn].filter((file) => made.has(file)),
          "made again, as they broke off, which a full disk or a power failure does; what there was of them is in .old/",
        ),
        ...said(
          replaced.map(([file]) => file),
          `made again, as settings or inputs have changed (${replaced[0]?.[1]})`,
        ),
      ];
    },
    kept: () => new Set([...kept].filter(([file]) => !made.has(file)).map(([, { id }]) => id)).size,
  };
}

// --- internal ---

/** A line for each folder: how many, what of them, and the first names. */
function said(files: readonly string[], what: string): string[] {
  const folders = new Map<string, string[]>();
  for (const file of files) folders.set(path.dirname(file), [...(folders.get(path.dirname(file)) ?? []), file]);
  return [...folders].map(([folder, own]) => {
    const names = own.slice(0, MOST_NAMED).map((file) => path.basename(file));
    const more = own.length > names.length ? `, and ${own.length - names.length} more` : "";
    return `${own.length} file${own.length === 1 ? "" : "s"} in ${folder} ${what}: ${names.join(", ")}${more}`;
  });
}

/** As they are read back. */
function known(settings: Origin["settings"]): Origin["settings"] {
  return JSON.parse(JSON.stringify(settings)) as Origin["settings"];
}
