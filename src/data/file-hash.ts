/** SHA-256 of files and of what is read of them: by it a result knows whether what it was made of has changed. */

import { createHash } from "node:crypto";
import fs from "node:fs";

/** Hashes of what a result is made of, by what it is: `photograph`, `boxes`; undefined where there is none. */
export type Inputs = Readonly<Record<string, string | undefined>>;

/** Of a file's bytes; undefined where there is no such file. */
export async function hashFile(file: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
  return hash.digest("hex");
}

/** Of several files in their order, missing ones too; undefined where there is none of them. */
export async function hashFiles(files: readonly string[]): Promise<string | undefined> {
  const hashes = await Promise.all(files.map(hashFile));
  if (hashes.every((hash) => hash === undefined)) return undefined;
  return hashes.length === 1 ? hashes[0] : hashBytes(JSON.stringify(hashes));
}

export function hashBytes(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Of a part of a file that holds many photographs; undefined where it has none. */
export function hashValue(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return hashBytes(JSON.stringify(value, (_, part: unknown) => (part instanceof Map ? [...part] : part)));
}
