/** Ranges of a file that is too large to be in memory: nothing is allocated before it is known to be in the file. */

import type fs from "node:fs/promises";
import { expected, messageOf, UserError } from "../errors";
import { openPlainFile } from "../plain-file";

export interface ByteSource {
  /** The file's name, for messages. */
  readonly where: string;
  readonly size: number;
  /** Bytes of one's own. @throws UserError "weights" where the range is not wholly in the file */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

const MAX_READ = 1 << 30;

/** @throws UserError "weights" where the file cannot be opened */
export async function openByteSource(file: string): Promise<ByteSource> {
  let handle: fs.FileHandle | undefined;
  try {
    handle = await openPlainFile(file, "weights", "weights");
    return byteSource(handle, (await handle.stat()).size, file);
  } catch (error) {
    await handle?.close();
    if (error instanceof UserError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError("weights", `${missing ? "no such file" : messageOf(error)} (${file})`, { cause: error });
  }
}

function byteSource(handle: fs.FileHandle, size: number, where: string): ByteSource {
  return {
    where,
    size,
    async read(offset, length) {
      if (!(offset >= 0 && length >= 0 && offset + length <= size))
        throw expected("weights", `${length} bytes from byte ${offset}`, `a file of ${size} bytes: cut off?`, where);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(bytes, done, Math.min(MAX_READ, length - done), offset + done);
        if (bytesRead === 0) throw expected("weights", `${size} bytes`, `the end at ${offset + done}`, where);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}
