/** Folders that a step writes to: tried before any work is done. */

import fs from "node:fs/promises";
import path from "node:path";
import { temporaryName } from "../../atomic-write";
import { isDryRun } from "../../dry-run";
import { sweepLeftovers } from "../../files/leftovers";
import { writeError } from "../../write-error";
import { RECORDS } from "./file-record";

/**
 * Makes the folder, proves that files can be written in it, and removes what a killed run left half written, of its records too.
 * @throws UserError "output"
 */
export async function openFolder(folder: string): Promise<void> {
  if (isDryRun()) return;
  try {
    await fs.mkdir(folder, { recursive: true });
    const probe = temporaryName(path.join(folder, "probe"));
    await fs.writeFile(probe, "");
    await fs.rm(probe);
    for (const each of [folder, path.join(folder, RECORDS)]) await sweepLeftovers(each);
  } catch (error) {
    throw writeError(`cannot write in the folder ${folder}`, folder, error);
  }
}
