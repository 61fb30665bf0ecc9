/** Reading files that others made: a missing one, a folder, or one of absurd size is a named error, not a crash. */

import fs from "node:fs/promises";
import { expected, messageOf, UserError } from "../errors";
import { parseJson } from "./json";

/** Largest annotation we read at once: COCO's own `instances_train2017.json` is 450 MB, a JavaScript string ends at 512. */
export const MAX_ANNOTATION_BYTES = 500_000_000;

/**
 * The bytes of a file of at most `maxBytes`.
 * @param what names the file's kind in errors, e.g. "image list"
 * @throws UserError "input" where there is no such file, it cannot be read, or it is larger
 */
export async function readBounded(file: string, maxBytes: number, what: string): Promise<Buffer> {
  try {
    const handle = await fs.open(file, "r");
    try {
      const { size } = await statFile(handle, file, what);
      if (size > maxBytes) throw expected("input", `${what} of at most ${maxBytes} bytes`, `${size} bytes`, file);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError("input", `${what}: ${missing ? "no such file" : messageOf(error)} (${file})`, { cause: error });
  }
}

/** The same as UTF-8 text, without a byte order mark. @throws UserError "input" as above, and for other encodings */
export async function readBoundedText(file: string, maxBytes: number, what: string): Promise<string> {
  const bytes = await readBounded(file, maxBytes, what);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes); // drops the byte order mark
  } catch {
    throw expected("input", `${what} as UTF-8 text`, "other bytes", file);
  }
}

/** The same as JSON. @throws UserError "input" as above, and where it is no JSON */
export async function readBoundedJson(file: string, maxBytes: number, what: string): Promise<unknown> {
  const text = await readBoundedText(file, maxBytes, what);
  try {
    return parseJson(text);
  } catch (error) {
    throw expected("input", `${what} as JSON`, messageOf(error), file);
  }
}

/** Whether there is a file (not a folder) of this name. */
export async function fileExists(file: string): Promise<boolean> {
  return fs.stat(file).then(
    (entry) => entry.isFile(),
    () => false,
  );
}

async function statFile(handle: fs.FileHandle, file: string, what: string): Promise<{ size: number }> {
  const entry = await handle.stat();
  if (!entry.isFile()) throw expected("input", `${what} as a file`, entry.isDirectory() ? "a folder" : "no file", file);
  return entry;
}
