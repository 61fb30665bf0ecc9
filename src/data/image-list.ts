/** Image lists: which images a step works on. */

import path from "node:path";
import { expected, UserError } from "../errors";
import { fileExists, readBoundedText } from "./bounded-file";
import { sameName, stemOf, whyNotPlain } from "./file-names";
import { listPhotographs } from "./photographs";

export interface ImageList {
  /** Names of image files without folder and extension, each once, in the list's order. */
  readonly ids: readonly string[];
  /** The list's name without extension: `train_aug`. */
  readonly split: string;
  readonly notices: readonly string[];
}

const MAX_BYTES = 1 << 28;

/**
 * Reads a list named by a path, or by its name in `root/ImageSets/Segmentation` (or `root/ImageSets`). A line holds an
 * id, or as the reference writes it `/JPEGImages/x.jpg /SegmentationClass/x.png`, or as VOC's class lists `x -1`.
 * @throws UserError "input" where no list or an empty one is found, or an id would lead out of the folder
 */
export async function readImageList(list: string, root: string): Promise<ImageList> {
  const places = [list, path.join(root, "ImageSets", "Segmentation", list), path.join(root, "ImageSets", list)];
  for (const file of places) {
    if (!(await fileExists(file))) continue;
    const text = await readBoundedText(file, MAX_BYTES, "image list");
    const names = /\s-?[01]\s*$/m.test(text) ? (await listPhotographs(root))?.ids : undefined;
    return { ...parseImageList(text, file, names), split: path.basename(file, path.extname(file)) };
  }
  throw new UserError("input", `no image list "${list}": looked for ${places.join(", ")}`);
}

/**
 * The ids of a list's text.
 * @param names of the photographs there are. "scan 1" is a photograph of that name where there is one; without names, or
 * where there is neither "scan 1" nor "scan", it is "scan" with VOC's flag only if every line has a flag
 * @throws UserError "input" as above
 */
export function parseImageList(
  text: string,
  where: string,
  names?: Iterable<string>,
): { ids: string[]; notices: string[] } {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trim());
  const known = names === undefined ? undefined : new Set([...names].map(sameName));
  const allFlagged = lines.every((line) => line === "" || FLAGGED.test(line));
  const ids = new Set<string>();
  let twice = 0;
  for (const [index, line] of lines.entries()) {
    if (line === "") continue;
    const id = idOf(line, allFlagged, known);
    const wrong = whyNotPlain(id);
    if (wrong !== undefined)
      throw expected(
        "input",
        "an image id or /JPEGImages/NAME.jpg",
        `"${line.slice(0, 80)}", and ${wrong}`,
        `${where}:${index + 1}`,
      );
    if (ids.has(id)) twice++;
    ids.add(id);
  }
  if (ids.size === 0) throw expected("input", "an image list with at least one image", "none", where);
  const notices =
    twice === 0 ? [] : [`${where} names ${twice} image${twice === 1 ? "" : "s"} more than once; each counts once`];
  return { ids: [...ids], notices };
}

/** A name and VOC's flag of class lists: -1 absent, 0 difficult, 1 present. */
const FLAGGED = /^(\S+)\s+-?[01]$/;

/** The id that a line names; it may still lead elsewhere. */
function idOf(line: string, allFlagged: boolean, known: ReadonlySet<string> | undefined): string {
  const path = PATHS.exec(line)?.[1];
  if (path !== undefined) return stemOf(path);
  const whole = stemOf(line);
  const flagged = FLAGGED.exec(line)?.[1];
  if (flagged === undefined || known?.has(sameName(whole))) return whole;
  const bare = stemOf(flagged);
  return allFlagged || known?.has(sameName(bare)) ? bare : whole;
}

const PATHS = /^\/?JPEGImages\/(.+?\.(?:jpe?g|png|webp|jfif|bmp|tiff?|gif|avif))(?:\s+\S.*)?$/i;
