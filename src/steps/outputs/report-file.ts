/**
 * Tables, charts and pages that a step writes for a person. A file of that name that somebody else has made, or has changed
 * since, is not replaced: that is found out before any work is done.
 */

import path from "node:path";
import { UserError } from "../../errors";
import { findFile, type Origin, writeRecorded } from "./file-record";

/** Files by the flag that names them, e.g. `--csv`; undefined where it is not given. */
export type ReportFiles = Readonly<Record<string, string | undefined>>;

/** @throws UserError "output" for a file that is somebody's own, "usage" where two flags name the same one */
export async function checkReports(files: ReportFiles): Promise<void> {
  const seen = new Map<string, string>();
  for (const [flag, file] of Object.entries(files)) {
    if (file === undefined) continue;
    const other = seen.get(path.resolve(file));
    if (other !== undefined)
      throw new UserError("usage", `${other} and ${flag} are the same file, ${file}: name two files`);
    seen.set(path.resolve(file), flag);
    await checkReport(flag, file);
  }
}

/** @throws UserError "output" for a file that is somebody's own, or that cannot be written */
export async function writeReport(flag: string, file: string, content: Uint8Array | string): Promise<void> {
  await checkReport(flag, file);
  await writeRecorded(file, content, NOTHING);
}

// --- internal ---

/** A report is written again by every run, whatever it was made of. */
const NOTHING: Origin = { settings: {}, inputs: {} };

async function checkReport(flag: string, file: string): Promise<void> {
  const { state } = await findFile(file, async () => NOTHING);
  if (state !== "foreign" && state !== "corrected") return;
  const why =
    state === "foreign"
      ? "this program has no record of writing it"
      : "somebody has changed it since this program wrote it";
  throw new UserError("output", `${file} already exists, and ${why}: name another file as ${flag}, or move it away`);
}
