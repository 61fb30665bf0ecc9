/**
 * Who works in a folder. Two runs of different settings would mix their results there, and two trainings of one name their
 * logs, so each run leaves a mark, `.a2gnn/running/…`, and looks at the marks of others first. Runs that share a key
 * may work side by side: shards, or one command on several machines. Marks of dead processes do not count; one of another
 * machine counts until it has not been touched for ten minutes.
 */

import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { isDryRun } from "../dry-run";
import { UserError } from "../errors";
import { writeError } from "../write-error";
import { isAlive, type ProcessMark, thisProcess } from "./living-process";
import { withLock } from "./lock";

export interface ClaimOptions {
  /** What is claimed, for messages: `the folder out/labels`. */
  readonly what: string;
  /** The runs that may share it have the same. Default: none may. */
  readonly key?: string;
  /** Of claims that lie in one folder and have nothing to do with each other. Default: there is one. */
  readonly name?: string;
  /** What to do where another run works in the folder, e.g. `choose another --save-path`. */
  readonly cure: string;
  /** Age in milliseconds from which an untouched mark of another machine is a dead one's. */
  readonly staleAfter?: number;
}

export interface Claim {
  release(): void;
}

interface Mark extends ProcessMark {
  readonly token: string;
  readonly key: string | null;
}

/** Folder of this program's own files, in the folder of the results. */
const OWN = ".a2gnn";
const STALE_MS = 600_000;
/** The lock is held for as long as it takes to read the marks. */
const LOCK_STALE_MS = 10_000;

/**
 * @returns undefined where the disk has no room for the mark: the run itself will see how far it gets
 * @throws UserError "output" where another run works there, or nothing can be written there
 */
export async function claimFolder(folder: string, options: ClaimOptions): Promise<Claim | undefined> {
  if (isDryRun()) return undefined;
  const { key = null, name = "run", staleAfter = STALE_MS } = options;
  const marks = path.join(folder, OWN, "running", name);
  const mine: Mark = { ...thisProcess(), token: randomUUID(), key };
  const file = path.join(marks, `${mine.pid}-${mine.token}.json`);
  let made: string | undefined; // the first of the folders that this claim makes
  const release = (): void => {
    clearInterval(heartbeat);
    if (fs.existsSync(file)) remove(file);
    const isOurs = made !== undefined && path.resolve(folder).startsWith(path.resolve(made));
    removeEmpty(marks, isOurs ? path.dirname(made as string) : folder);
  };
  const heartbeat = setInterval(() => touch(file), staleAfter / 10);
  heartbeat.unref();
  try {
    made = fs.mkdirSync(marks, { recursive: true });
    const lock = { staleAfter: LOCK_STALE_MS, poll: 20 };
    const enter = async (): Promise<void> => {
      const other = livingMarks(marks, staleAfter).find((mark) => key === null || mark.key !== key);
      if (other !== undefined) throw taken(other, options, path.join(marks, other.file));
      fs.writeFileSync(file, `${JSON.stringify(mine)}\n`);
    };
    await withLock(path.join(marks, "lock"), enter, lock);
    return { release };
  } catch (error) {
    release();
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") return undefined;
    throw writeError(`cannot write in the folder ${folder}`, folder, error);
  }
}

// --- internal ---

/** Those of dead processes are removed on the way. */
function livingMarks(folder: string, staleAfter: number): (Mark & { readonly file: string })[] {
  return fs.readdirSync(folder).flatMap((name) => {
    if (!name.endsWith(".json")) return [];
    const file = path.join(folder, name);
    const mark = readMark(file);
    if (mark !== undefined && (isAlive(mark) ?? ageOf(file) < staleAfter)) return [{ ...mark, file: name }];
    remove(file);
    return [];
  });
}

/** Undefined for a torn one: its writer was killed, as marks are written under the lock. */
function readMark(file: string): Mark | undefined {
  try {
    const { pid, host, started, token, key } = JSON.parse(fs.readFileSync(file, "utf8")) as Partial<Mark>;
    if (typeof pid !== "number" || typeof host !== "string" || typeof token !== "string") return undefined;
    return { pid, host, token, key: key ?? null, ...(started === undefined ? {} : { started }) };
  } catch {
    return undefined;
  }
}

function remove(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // another user's: it does not count, and stays
  }
}

function ageOf(file: string): number {
  return Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}

function taken({ pid, host }: Mark, { what, key, cure }: ClaimOptions, mark: string): UserError {
  const who = `process ${pid} on ${host}`;
  const does = key === undefined ? `${who} works on ${what}` : `${who} writes into ${what} with other settings`;
  return new UserError("output", `${does}: wait for it, or ${cure}; if that process no longer exists, delete ${mark}`);
}

function touch(file: string): void {
  try {
    fs.utimesSync(file, new Date(), new Date());
  } catch {
    // removed by hand: then others may come
  }
}

/** Removes a folder and those above it up to `end`, as far as they are empty. */
function removeEmpty(folder: string, end: string): void {
  try {
    for (let each = path.resolve(folder); each !== path.resolve(end); each = path.dirname(each)) fs.rmdirSync(each);
  } catch {
    // somebody's marks, or results
  }
}
