/**
 * Opening plain files and nothing else: a pipe would make the process wait for a writer, a device may never end, and
 * neither is what anyone means by a photograph or a file of weights.
 */

import fs from "node:fs/promises";
import { expected, type UserError } from "./errors";

/**
 * A handle on a plain file, and on nothing else: opening a pipe would wait for a writer, so what it is is looked at first,
 * and it is opened without waiting in case it has changed since.
 * @throws UserError "input" for a folder, pipe, device or socket; the system's error for what cannot be opened
 */
export async function openPlainFile(
  file: string,
  what: string,
  code: "input" | "weights" = "input",
): Promise<fs.FileHandle> {
  const refuse = (entry: Kind): UserError => expected(code, `${what} as a file`, kindOf(entry), file);
  const before = await fs.stat(file);
  if (!before.isFile()) throw refuse(before);
  const handle = await fs.open(file, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  const entry = await handle.stat();
  if (entry.isFile()) return handle;
  await handle.close();
  throw refuse(entry);
}

type Kind = Awaited<ReturnType<typeof fs.stat>>;

function kindOf(entry: Kind): string {
  if (entry.isDirectory()) return "a folder";
  if (entry.isFIFO()) return "a named pipe";
  if (entry.isSocket()) return "a socket";
  return entry.isCharacterDevice() || entry.isBlockDevice() ? "a device" : "something else";
}
