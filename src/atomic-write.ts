/**
 * Files appear whole or not at all: written under a temporary name in the same folder, flushed to the disk, then renamed. A
 * process killed anywhere leaves at most a `.name.….tmp`, which nothing reads and the next run sweeps away; a power failure
 * leaves the old file or the new one. `A2GNN_SYNC=false` leaves the flushing out, for speed on slow disks: after a power
 * failure the newest files may then be torn, which the next run notices (files/torn-file.ts).
 */

import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { isDryRun } from "./dry-run";
import { writeError } from "./write-error";

/** Tells temporary files of this machine from those of others in a shared folder. */
export const hostMark: string = createHash("sha256").update(os.hostname()).digest("hex").slice(0, 6);

/** Whether files are flushed before they are renamed; child processes inherit it. */
export const SYNC_VARIABLE = "A2GNN_SYNC";

let counter = 0;

/** Longer names are cut: a file system allows 255 bytes, the process's and the call's number among them. */
const MAX_NAME_BYTES = 180;

/** A name beside `file` that no other process or call uses. */
export function temporaryName(file: string): string {
  const name = Buffer.from(path.basename(file));
  const short = name.length <= MAX_NAME_BYTES ? name.toString() : name.subarray(0, MAX_NAME_BYTES / 2).toString("hex");
  return path.join(path.dirname(file), `.${short}.${hostMark}.${process.pid}.${counter++}.tmp`);
}

/**
 * Writes `bytes` to `file`, replacing what was there; its folder is made where needed.
 * @param beforeItAppears runs once the bytes are on the disk and before the file takes its name: what must be known by then
 * @throws UserError "output" when the disk refuses; nothing is left behind then
 */
export async function writeAtomic(
  file: string,
  bytes: Uint8Array | string,
  beforeItAppears?: () => Promise<void>,
): Promise<void> {
  await replaceAtomic(file, (temporary) => fs.writeFile(temporary, bytes), beforeItAppears);
}

/** The same for content that is written piece by piece: `write` fills the temporary file it is given the name of. */
export async function replaceAtomic(
  file: string,
  write: (temporary: string) => Promise<void>,
  beforeItAppears?: () => Promise<void>,
): Promise<void> {
  if (isDryRun()) return;
  const temporary = temporaryName(file);
  try {
    await fs.mkdir(path.dirname(file), { recursive: true });
    await write(temporary);
    await flush(temporary);
    await beforeItAppears?.();
    await fs.rename(temporary, file);
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(`cannot write ${file}`, file, error);
  }
}

/** Whether a write failed for want of room: the next one will as well. */
export function isDiskFull(error: unknown): boolean {
  const { code } = ((error instanceof Error ? error.cause : undefined) ?? {}) as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}

// --- internal ---

/** Network disks say here that there is no room, or no quota; some file systems cannot flush, and need not. */
async function flush(file: string): Promise<void> {
  if (process.env[SYNC_VARIABLE] === "false") return;
  const handle = await fs.open(file, "r+");
  try {
    await handle.sync();
  } catch (error) {
    if (!["EINVAL", "ENOTSUP", "ENOSYS"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await handle.close();
  }
}
