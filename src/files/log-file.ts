/**
 * A file that a long run adds to while it works. It is never worth the run: where the disk refuses, that is said once, what
 * could not be written is kept and tried again with the next piece, and a write that broke off is written over.
 */

import fs from "node:fs/promises";
import { writeAtomic } from "../atomic-write";
import { messageOf } from "../errors";

export interface LogFile {
  append(piece: string | Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** What is kept in memory for a disk that refuses; beyond it the log is given up. */
const MOST_PENDING = 1 << 24;

/**
 * @param begin what the file holds to begin with: it replaces what was there, whole
 * @param warn called once, where something cannot be written; nothing is thrown
 */
export async function openLogFile(
  file: string,
  begin: string | Uint8Array,
  warn: (message: string) => void,
): Promise<LogFile> {
  let handle: fs.FileHandle | undefined;
  let pending: Buffer = Buffer.from(begin);
  let written = 0;
  let isWarned = false;
  const failed = (error: unknown): void => {
    if (!isWarned) warn(`the log ${file} cannot be written for now, and the training continues: ${messageOf(error)}`);
    isWarned = true;
    if (pending.length > MOST_PENDING) pending = Buffer.alloc(0);
  };
  const flush = async (): Promise<void> => {
    if (handle === undefined) {
      await writeAtomic(file, pending);
      written = pending.length;
      pending = Buffer.alloc(0);
      handle = await fs.open(file, "r+");
    }
    while (pending.length > 0) {
      const { bytesWritten } = await handle.write(pending, 0, pending.length, written);
      written += bytesWritten;
      pending = pending.subarray(bytesWritten);
    }
  };
  await flush().catch(failed);
  return {
    async append(piece) {
      pending = Buffer.concat([pending, Buffer.from(piece)]);
      await flush().catch(failed);
    },
    async close() {
      await flush().catch(failed);
      await handle?.truncate(written).catch(failed); // what broke off and could not be written over
      await handle?.close().catch(failed);
    },
  };
}
