/**
 * One process at a time: two clones that are set up at once share the cache, and two runs that begin at once share a folder.
 * The holder keeps touching the lock file, so a lock left behind by a killed process is recognised, on this machine at once
 * and across a shared home after two minutes.
 */

import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessMark, thisProcess } from "./living-process";

export interface LockOptions {
  /** Called once when another process holds the lock. */
  readonly onWait?: (holder: string) => void;
  /** Age in milliseconds at which an untouched lock is taken over. */
  readonly staleAfter?: number;
  /** Interval between checks, in milliseconds. */
  readonly poll?: number;
  readonly signal?: AbortSignal;
}

interface Holder extends ProcessMark {
  readonly token: string;
}

/** Runs `work` while holding `file`; waits for another holder, takes over from a dead one, and always releases. */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const { onWait, staleAfter = 120_000, poll = 250, signal } = options;
  const mine: Holder = { ...thisProcess(), token: randomUUID() };
  fs.mkdirSync(path.dirname(file), { recursive: true });
  for (let waited = false; !take(file, mine); ) {
    const holder = read(file);
    if (isAbandoned(file, holder, staleAfter)) {
      remove(file, holder);
      continue;
    }
    if (!waited) onWait?.(describe(holder));
    waited = true;
    await sleep(poll, undefined, { signal });
  }
  const heartbeat = setInterval(() => touch(file), Math.max(1, staleAfter / 8));
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    remove(file, mine);
  }
}

function take(file: string, mine: Holder): boolean {
  try {
    fs.writeFileSync(file, JSON.stringify(mine), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    fs.rmSync(file, { force: true }); // a full disk leaves an empty one, which is nobody's
    throw error;
  }
}

/** Removes this holder's lock only: two processes may notice the same abandoned lock, and the quicker one already holds a new one. */
function remove(file: string, holder: Holder | undefined): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    fs.renameSync(file, aside);
    if (read(aside)?.token === holder?.token) fs.rmSync(aside);
    else fs.renameSync(aside, file);
  } catch {
    // already gone
  }
}

function isAbandoned(file: string, holder: Holder | undefined, staleAfter: number): boolean {
  if (holder !== undefined && isAlive(holder) === false) return true;
  try {
    return Date.now() - fs.statSync(file).mtimeMs > staleAfter;
  } catch {
    return false; // released a moment ago
  }
}

function read(file: string): Holder | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as Holder;
  } catch {
    return undefined; // gone, or being written
  }
}

function touch(file: string): void {
  try {
    fs.utimesSync(file, new Date(), new Date());
  } catch {
    // taken over; the finished folder is still put in place by one rename
  }
}

function describe(holder: Holder | undefined): string {
  return holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
}
