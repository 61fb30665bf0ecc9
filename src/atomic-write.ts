/**
 * Files appear whole or not at all: written under a temporary name in the same folder, then renamed. A process killed
 * anywhere leaves at most a `.name.….tmp`, which nothing reads.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { messageOf, UserError } from "./errors";

let counter = 0;

/** A name beside `file` that no other process or call uses. */
export function temporaryName(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.${counter++}.tmp`);
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
  await replaceAtomic(file, async (temporary) => {
    await fs.writeFile(temporary, bytes);
    await beforeItAppears?.();
  });
}

/** The same for content that is written piece by piece: `write` fills the temporary file it is given the name of. */
export async function replaceAtomic(file: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryName(file);
  try {
    await fs.mkdir(path.dirname(file), { recursive: true });
    await write(temporary);
    await fs.rename(temporary, file);
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => undefined);
    if (error instanceof UserError) throw error;
    throw new UserError("output", `cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether a write failed for want of room: the next one will as well. */
export function isDiskFull(error: unknown): boolean {
  const { code } = ((error instanceof Error ? error.cause : undefined) ?? {}) as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}
