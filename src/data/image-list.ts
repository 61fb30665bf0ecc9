/** Image lists: which images a step works on. */

import path from "node:path";
import { expected, UserError } from "../errors";
import { fileExists, readBoundedText } from "./bounded-file";

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
    return { ...parseImageList(text, file), split: path.basename(file, path.extname(file)) };
  }
  throw new UserError("input", `no image list "${list}": looked for ${places.join(", ")}`);
}

/** The ids of a list's text. @throws UserError "input" as above */
export function parseImageList(text: string, where: string): { ids: string[]; notices: string[] } {
  const ids = new Set<string>();
  let twice = 0;
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === "") continue;
    const id = idOf(trimmed);
    if (id === undefined)
      throw expected(
        "input",
        "an image id or /JPEGImages/NAME.jpg",
        `"${trimmed.slice(0, 80)}"`,
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

/** The id that a line names, or undefined where it names none or a path that leads elsewhere. */
function idOf(line: string): string | undefined {
  const path = /^\/?JPEGImages\/(.+?\.(?:jpe?g|png))(?:\s+\S.*)?$/i.exec(line)?.[1];
  const flagged = /^(\S+)\s+-?[01]$/.exec(line)?.[1];
  const name = (path ?? flagged ?? line).replace(/\.(?:jpe?g|png)$/i, "");
  return isPlainName(name) ? name : undefined;
}

/** True for a name that stays in its folder on every system: no separators, drive letters, control characters, dots. */
export function isPlainName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  return name.length > 0 && name.length <= 200 && !/[/\\:\u0000-\u001f]/.test(name) && !/^\.+$/.test(name);
}
