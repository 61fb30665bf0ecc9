/** Folders that a step writes to: tried before any work is done. */

import fs from "node:fs/promises";
import path from "node:path";
import { temporaryName } from "../../atomic-write";
import { messageOf, UserError } from "../../errors";

/** Temporary files of a killed run that are older than this are swept away; younger ones may be another process's. */
const STALE_MS = 60 * 60 * 1000;

/**
 * Makes the folder, proves that files can be written in it, and removes what a killed run left half written.
 * @throws UserError "output"
 */
export async function openFolder(folder: string): Promise<void> {
  try {
    await fs.mkdir(folder, { recursive: true });
    const probe = temporaryName(path.join(folder, "probe"));
    await fs.writeFile(probe, "");
    await fs.rm(probe);
    for (const name of await fs.readdir(folder)) {
      if (!/^\..+\.\d+\.\d+\.tmp$/.test(name)) continue;
      const file = path.join(folder, name);
      const entry = await fs.stat(file).catch(() => undefined);
      if (entry !== undefined && Date.now() - entry.mtimeMs > STALE_MS) await fs.rm(file, { force: true });
    }
  } catch (error) {
    throw new UserError("output", `cannot write in the folder ${folder}: ${messageOf(error)}`, { cause: error });
  }
}
