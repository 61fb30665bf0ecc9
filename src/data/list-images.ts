/** Which images a step works on: a list, or every photograph of a folder without lists. */

import fs from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors";
import { PHOTOGRAPH_EXTENSIONS } from "./file-names";
import { type ImageList, readImageList } from "./image-list";
import { listPhotographs } from "./photographs";

/**
 * @param stated whether the user named the list; without, and in a folder without any list, every image in `JPEGImages`
 *   is meant. Where there are other lists (VOC itself comes without `train_aug.txt`) the choice is the user's.
 * @throws UserError "input" for a missing or empty list, or no images at all
 */
export async function listImages(root: string, list: string, stated: boolean): Promise<ImageList> {
  try {
    return await readImageList(list, root);
  } catch (error) {
    if (!(error instanceof UserError) || !/^no image list/.test(error.message)) throw error;
    const others = await listsOf(root);
    if (others.length > 0) throw new UserError("input", `${error.message}; there are: ${others.join(", ")}`);
    if (stated) throw new UserError("input", `${error.message}; without the option every image counts`);
  }
  const wanted = `photographs (${PHOTOGRAPH_EXTENSIONS.join(", ")})`;
  const found = await listPhotographs(root);
  if (found === undefined)
    throw new UserError("input", `expected ${wanted} in ${path.join(root, "JPEGImages")}, got no such folder`);
  const { folder, ids, notices } = found;
  if (ids.length === 0)
    throw new UserError("input", [`expected ${wanted} in ${folder}, got none`, ...notices].join("; "));
  return { ids, split: "all", notices: [`no ${list}: all ${ids.length} images of ${folder}`, ...notices] };
}

/** The lists that `readImageList` finds by name. */
async function listsOf(root: string): Promise<string[]> {
  const folders = [path.join(root, "ImageSets", "Segmentation"), path.join(root, "ImageSets")];
  const names = await Promise.all(folders.map((folder) => fs.readdir(folder).catch(() => [])));
  return names
    .flat()
    .filter((name) => name.endsWith(".txt"))
    .sort();
}
