/**
 * Reading files that others made: a missing one, a folder, a pipe or device that never ends, one of absurd size or in
 * another encoding is a named error, not a crash and not a process that waits for ever.
 */

import fs from "node:fs/promises";
import { expected, messageOf, UserError } from "../errors";
import { openPlainFile } from "../plain-file";
import { parseJson } from "./json";

/** Most pixels of an image or label: beyond any camera's, far below what would exhaust memory. */
export const MAX_PIXELS: number = 2 ** 27;

/** Largest annotation we read at once: COCO's own `instances_train2017.json` is 450 MB, a JavaScript string ends at 512. */
export const MAX_ANNOTATION_BYTES = 500_000_000;

/**
 * The bytes of a file of at most `maxBytes`.
 * @param what names the file's kind in errors, e.g. "image list"
 * @throws UserError "input" where there is no such file, it cannot be read, or it is larger
 */
export async function readBounded(file: string, maxBytes: number, what: string): Promise<Buffer> {
  try {
    const handle = await openPlainFile(file, what);
    try {
      const { size } = await handle.stat();
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

/**
 * The same as text, without a byte order mark: UTF-8, UTF-16 where its mark says so, or the encoding that `declared`
 * finds named in the text's beginning (XML has such a declaration).
 * @throws UserError "input" as above, and for bytes that are not of that encoding
 */
export async function readBoundedText(
  file: string,
  maxBytes: number,
  what: string,
  declared: (beginning: string) => string | undefined = () => undefined,
): Promise<string> {
  const bytes = await readBounded(file, maxBytes, what);
  const encoding = encodingOf(bytes, declared);
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(encoding, { fatal: true }); // drops the byte order mark
  } catch {
    throw expected("input", `${what} in a known encoding`, `"${encoding.slice(0, 40)}": save it as UTF-8`, file);
  }
  try {
    return decoder.decode(bytes);
  } catch {
    const name = encoding.toUpperCase();
    throw expected("input", `${what} as ${name} text`, `other bytes: save it as UTF-8`, file);
  }
}

/** The same as JSON. @throws UserError "input" as above, and where it is no JSON */
export async function readBoundedJson(file: string, maxBytes: number, what: string): Promise<unknown> {
  const text = await readBoundedText(file, maxBytes, what);
  try {
    return parseJson(text);
  } catch (error) {
    throw expected("input", `${what} as JSON`, messageOf(error), placeIn(text, error, file));
  }
}

/** `FILE:LINE`, where the parser's message tells a position. */
function placeIn(text: string, error: unknown, file: string): string {
  const at = / at position (\d+)/.exec(messageOf(error))?.[1];
  const position = at === undefined && /end of JSON/.test(messageOf(error)) ? text.length : Number(at ?? Number.NaN);
  return Number.isNaN(position) ? file : `${file}:${text.slice(0, position).split("\n").length}`;
}

/** Whether there is a file (not a folder) of this name. */
export async function fileExists(file: string): Promise<boolean> {
  return fs.stat(file).then(
    (entry) => entry.isFile(),
    () => false,
  );
}

function encodingOf(bytes: Buffer, declared: (beginning: string) => string | undefined): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  return declared(bytes.toString("latin1", 0, 200)) ?? "utf-8";
}
