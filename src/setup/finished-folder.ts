/**
 * A folder in the cache that is either finished or not there. It is built under another name and renamed when done; its
 * stamp holds the hash of the recipe it was made from and the sizes of its key files. A killed set-up, a
 * lost file, or a newer recipe is noticed by a few look-ups, and the next set-up repairs it.
 */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { isAliveProcess } from "../files/living-process";
import { type LockOptions, withLock } from "../files/lock";

export interface FolderRecipe {
  /** Where the finished folder stands. */
  readonly folder: string;
  /** Changes whenever the folder's contents would. */
  readonly hash: string;
  /** Files that the folder must hold, relative to it. */
  readonly keyFiles: readonly string[];
}

export type FolderState =
  | { readonly state: "ready" }
  | { readonly state: "missing" | "stale" | "damaged"; readonly why: string };

interface Stamp {
  readonly recipe: string;
  /** Bytes of each key file. */
  readonly files: Readonly<Record<string, number>>;
}

/** The file in a finished folder that says what it was made from. */
export const STAMP = "stamp.json";

/** Looks, without changing anything: a few milliseconds. */
export function inspectFolder({ folder, hash, keyFiles }: FolderRecipe): FolderState {
  if (!fs.existsSync(folder)) return { state: "missing", why: "not set up" };
  let stamp: Stamp;
  try {
    stamp = JSON.parse(fs.readFileSync(path.join(folder, STAMP), "utf8")) as Stamp;
  } catch {
    return { state: "damaged", why: `${STAMP} is missing or unreadable` };
  }
  if (stamp.recipe !== hash) return { state: "stale", why: "made by another version of the set-up" };
  for (const file of keyFiles) {
    const bytes = sizeOfFile(path.join(folder, file));
    if (bytes === undefined) return { state: "damaged", why: `${file} is missing` };
    if (bytes !== stamp.files?.[file]) return { state: "damaged", why: `${file} has changed its size` };
  }
  return { state: "ready" };
}

export interface FinishOptions extends LockOptions {
  /** Rebuild it even if it is ready. */
  readonly force?: boolean;
}

/**
 * Builds the folder unless it is ready. `build` fills an empty folder; if it throws, nothing remains but what it keeps
 * elsewhere on purpose. Processes that come at the same time wait, then find the work done.
 * @returns whether this call built it
 */
export async function finishFolder(
  recipe: FolderRecipe,
  build: (folder: string) => Promise<void>,
  { force = false, ...lock }: FinishOptions = {},
): Promise<boolean> {
  if (!force && inspectFolder(recipe).state === "ready") {
    removeLeftovers(recipe.folder, os.hostname());
    return false;
  }
  return withLock(
    `${recipe.folder}.lock`,
    async () => {
      if (!force && inspectFolder(recipe).state === "ready") return false;
      removeLeftovers(recipe.folder);
      const building = `${recipe.folder}.building-${os.hostname()}-${process.pid}`;
      try {
        fs.mkdirSync(building, { recursive: true });
        await build(building);
        writeStamp(building, recipe);
        replaceFolder(building, recipe.folder);
      } finally {
        fs.rmSync(building, { recursive: true, force: true });
      }
      return true;
    },
    lock,
  );
}

function writeStamp(folder: string, { hash, keyFiles }: FolderRecipe): void {
  const files: Record<string, number> = {};
  for (const file of keyFiles) {
    const bytes = sizeOfFile(path.join(folder, file));
    if (bytes === undefined) throw new Error(`the build left no ${file} in ${folder}`);
    files[file] = bytes;
  }
  const stamp: Stamp = { recipe: hash, files };
  fs.writeFileSync(path.join(folder, STAMP), `${JSON.stringify(stamp, null, 2)}\n`);
}

/** Swaps the folders by two renames: a process that has the old folder's files open keeps them. */
function replaceFolder(from: string, to: string): void {
  const old = `${to}.old-${process.pid}`;
  if (fs.existsSync(to)) fs.renameSync(to, old);
  fs.renameSync(from, to);
  fs.rmSync(old, { recursive: true, force: true });
}

/**
 * Removes what killed set-ups left behind, but for folders of this machine's living processes.
 * @param host whose alone are removed; default: everybody's, which takes the lock
 */
function removeLeftovers(folder: string, host?: string): void {
  const prefix = path.basename(folder);
  for (const name of fs.readdirSync(path.dirname(folder))) {
    const match = /^\.(?:building|old)-(.*-)?(\d+)$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : "");
    if (match === null || (host !== undefined && match[1] !== `${host}-`)) continue;
    if (Number(match[2]) === process.pid ? host !== undefined : isAliveProcess(Number(match[2]))) continue;
    fs.rmSync(path.join(path.dirname(folder), name), { recursive: true, force: true });
  }
}

function sizeOfFile(file: string): number | undefined {
  return fs.statSync(file, { throwIfNoEntry: false })?.size;
}
