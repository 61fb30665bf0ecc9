/**
 * The one way from `annotate` to the disk: every file it reads or writes lies within the folder it was started for, also
 * after every link on the way is followed.
 */

import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../atomic-write";
import { UserError } from "../errors";

export interface ContainedFolder {
  /** Absolute, without links. */
  readonly root: string;
  /** The absolute name of a file or folder that may not exist yet. @throws UserError "input" for one that leads outside */
  locate(...parts: readonly string[]): Promise<string>;
  /** Writes a file whole or not at all. @throws UserError for one that leads outside, or a disk that refuses */
  write(parts: readonly string[], bytes: Uint8Array | string): Promise<void>;
  /** The bytes of a file, or undefined where there is none. */
  readIfThere(...parts: readonly string[]): Promise<Buffer | undefined>;
  /** Names in a subfolder; none where it does not exist. */
  names(...parts: readonly string[]): Promise<readonly string[]>;
}

/** Largest annotation or label that is read into memory at once. */
const MAX_BYTES = 1 << 28;

/** @throws UserError "input" where there is no such folder */
export async function openContainedFolder(folder: string): Promise<ContainedFolder> {
  const root = await fs.realpath(folder).catch(() => undefined);
  if (root === undefined || !(await fs.stat(root)).isDirectory())
    throw new UserError("input", `expected a folder of photographs, got no such folder (${folder})`);
  const locate = async (...parts: readonly string[]): Promise<string> => {
    const wanted = path.resolve(root, ...parts);
    const real = await realName(wanted);
    if (!isWithin(root, wanted) || !isWithin(root, real))
      throw new UserError(
        "input",
        `${path.join(...parts)} leads out of the folder ${root}; only files within it are read and written`,
      );
    return real;
  };
  return {
    root,
    locate,
    async write(parts, bytes) {
      await writeAtomic(await locate(...parts), bytes);
    },
    async readIfThere(...parts) {
      const file = await locate(...parts);
      const entry = await fs.stat(file).catch(() => undefined);
      if (!entry?.isFile()) return undefined;
      if (entry.size > MAX_BYTES)
        throw new UserError("input", `expected at most ${MAX_BYTES} bytes, got ${entry.size} (${file})`);
      return fs.readFile(file);
    },
    async names(...parts) {
      return fs.readdir(await locate(...parts)).catch(() => []);
    },
  };
}

/** A short name of some bytes: equal bytes, equal name. */
export function digest(...parts: readonly (Uint8Array | string | undefined)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part === undefined ? "-" : `+${part.length}:`).update(part ?? "");
  return hash.digest("hex").slice(0, 20);
}

/** The name with every link followed, of the longest part that exists. */
async function realName(file: string): Promise<string> {
  try {
    return await fs.realpath(file);
  } catch (error) {
    const isLink = await fs.lstat(file).then(
      (entry) => entry.isSymbolicLink(),
      () => false,
    );
    // A link to nothing would be written through.
    if (isLink) throw new UserError("input", `expected a file, got a link that leads nowhere (${file})`);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return path.join(await realName(path.dirname(file)), path.basename(file));
  }
}

function isWithin(root: string, file: string): boolean {
  return file === root || file.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}
