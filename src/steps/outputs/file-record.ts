/**
 * Beside every file that a step writes for an image lies a record of it, `.a2gnn/FILE.json` in the same folder: the hash
 * of its bytes, the settings and the hashes of the inputs that it was made of. A file without a record, or whose bytes are
 * not those of its record, is somebody's own work. One small file each, written whole, so that many processes may share
 * a folder.
 */

import path from "node:path";
import { writeAtomic } from "../../atomic-write";
import { readBoundedJson } from "../../data/bounded-file";
import { hashBytes, hashFile, type Inputs } from "../../data/file-hash";
import { isTorn } from "../../files/torn-file";
import { hashSettings, type Settings, writeSettings } from "./settings-file";

/** What a file is made of. */
export interface Origin {
  /** Without paths: another place with the same content gives the same file. */
  readonly settings: Settings;
  readonly inputs: Inputs;
}

/**
 * missing    does not exist
 * current    is what this run would write
 * stale      was written by this program, of other settings or inputs; nobody has touched it since
 * torn       breaks off: it has no end that its kind must have
 * corrected  was written by this program and changed by somebody else
 * foreign    was never written by this program, or before it kept records
 */
export type FileState = "missing" | "current" | "stale" | "torn" | "corrected" | "foreign";

/** Whether a run makes a file of that state. */
export function isToDo(state: FileState): boolean {
  return state === "missing" || state === "stale" || state === "torn";
}

export interface FileRecord {
  readonly sha256: string;
  /** The hash of the file that this one replaced: a run that is killed between record and file leaves that. */
  readonly replaced?: string;
  /** Hash of the settings, which `.a2gnn/settings-HASH.json` has in full. */
  readonly settings: string;
  readonly inputs: Readonly<Record<string, string>>;
}

export interface FoundFile {
  readonly state: FileState;
  /** Hash of the file's bytes, where the file exists. */
  readonly sha256?: string;
  /** Where this program has written the file. */
  readonly record?: FileRecord;
}

/** Folder of the records, in the folder of the files. */
export const RECORDS = ".a2gnn";
const MAX_BYTES = 1 << 20;
/** Longer names are recorded under their hash: a file system allows 255 bytes with the temporary name's own. */
const MAX_NAME_BYTES = 180;

/** What a file is, seen from a run that would write it of `origin`. The origin is asked for only where it counts. */
export async function findFile(file: string, origin: () => Promise<Origin>): Promise<FoundFile> {
  const sha256 = await hashFile(file);
  if (sha256 === undefined) return { state: "missing" };
  const record = await readFileRecord(file);
  if (record === undefined) return { state: (await isTorn(file)) ? "torn" : "foreign", sha256 };
  if (record.replaced === sha256 && record.sha256 !== sha256) return { state: "stale", sha256, record };
  if (record.sha256 !== sha256) return { state: (await isTorn(file)) ? "torn" : "corrected", sha256, record };
  const { settings, inputs } = await origin();
  const isSame = record.settings === hashSettings(settings) && isEqual(record.inputs, inputs);
  return { state: isSame ? "current" : "stale", sha256, record };
}

/** Writes a file and its record; the record exists before the file takes its name. @throws UserError "output" */
export async function writeRecorded(file: string, bytes: Uint8Array | string, origin: Origin): Promise<void> {
  const settings = await writeSettings(path.join(path.dirname(file), RECORDS), origin.settings);
  const replaced = await hashFile(file);
  const record: FileRecord = {
    sha256: hashBytes(bytes),
    ...(replaced === undefined ? {} : { replaced }),
    settings,
    inputs: defined(origin.inputs),
  };
  await writeAtomic(file, bytes, () => writeAtomic(recordOf(file), `${JSON.stringify(record)}\n`));
}

/** An unreadable record is none: the file counts as somebody's own then. */
export async function readFileRecord(file: string): Promise<FileRecord | undefined> {
  try {
    const value = (await readBoundedJson(recordOf(file), MAX_BYTES, "record of a file")) as Partial<FileRecord> | null;
    const { sha256, settings, inputs } = value ?? {};
    const isWhole = typeof sha256 === "string" && typeof settings === "string" && typeof inputs === "object";
    return isWhole && inputs !== null ? (value as FileRecord) : undefined;
  } catch {
    return undefined;
  }
}

// --- internal ---

function recordOf(file: string): string {
  const name = path.basename(file);
  const short = Buffer.byteLength(name) <= MAX_NAME_BYTES ? name : hashBytes(name);
  return path.join(path.dirname(file), RECORDS, `${short}.json`);
}

function defined(inputs: Inputs): Record<string, string> {
  return Object.fromEntries(
    Object.entries(inputs).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function isEqual(before: Readonly<Record<string, string>>, now: Inputs): boolean {
  const known = defined(now);
  const keys = new Set([...Object.keys(before), ...Object.keys(known)]);
  return [...keys].every((key) => before[key] === known[key]);
}
