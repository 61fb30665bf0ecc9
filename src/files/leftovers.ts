/** Temporary files of killed processes, which nothing reads: swept away when a run begins in their folder. */

import fs from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { hostMark } from "../atomic-write";
import { isAliveProcess } from "./living-process";

/** Age in milliseconds from which a temporary file of another machine is a dead process's. */
const STALE_MS = 60 * 60 * 1000;
/** `.NAME.HOST.PID.COUNT.tmp` (atomic-write.ts); the host was missing once. */
const TEMPORARY = /^\.(.+?)\.(?:([0-9a-f]{6})\.)?(\d+)\.\d+\.tmp$/;

/**
 * Of a folder that exists, if it does.
 * @param isOurs whether a file of that final name is looked at. Default: every one
 */
export async function sweepLeftovers(folder: string, isOurs: (name: string) => boolean = () => true): Promise<void> {
  if (!fs.existsSync(folder)) return;
  for (const name of await readdir(folder)) {
    const [, final, host, pid] = TEMPORARY.exec(name) ?? [];
    if (final === undefined || !isOurs(final)) continue;
    const file = path.join(folder, name);
    const entry = await stat(file).catch(() => undefined);
    if (entry === undefined) continue;
    const isGone = host === hostMark && !isAliveProcess(Number(pid));
    if (isGone || Date.now() - entry.mtimeMs > STALE_MS) await rm(file, { force: true });
  }
}
