/**
 * Why something cannot be written, in words that name the cure. A folder that is to be made on a read-only disk is reported
 * by some systems as missing ("ENOENT … mkdir"), which hides the cause, so the nearest folder that exists is asked.
 */

import fs from "node:fs";
import path from "node:path";
import { messageOf, UserError } from "./errors";

/**
 * @param what cannot be done, e.g. `cannot write out/a.png`
 * @param place the file or folder in question
 * @returns `error` itself where it is a user's already
 */
export function writeError(what: string, place: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError("output", `${what}: ${messageOf(error)}${causeOf(error, place)}`, { cause: error });
}

// --- internal ---

function causeOf(error: unknown, place: string): string {
  const { code } = error as NodeJS.ErrnoException;
  if (!["ENOENT", "EROFS", "EACCES", "EPERM"].includes(code ?? "")) return "";
  const folder = nearestFolder(path.resolve(place));
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return "";
  } catch (refused) {
    return (refused as NodeJS.ErrnoException).code === "EROFS"
      ? `; ${folder} lies on a disk that is mounted read-only: name a place on another`
      : `; you may not write in ${folder}: name another place, or ask for the right to`;
  }
}

function nearestFolder(place: string): string {
  const parent = path.dirname(place);
  return parent === place || fs.statSync(place, { throwIfNoEntry: false })?.isDirectory()
    ? place
    : nearestFolder(parent);
}
