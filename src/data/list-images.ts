/** Which images a step works on: a list, or every photograph of a folder without lists. */

import fs from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors";
import { type ImageList, isPlainName, readImageList } from "./image-list";

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
  const { folder, names } = await photographs(root);
  const ids = names.flatMap((name) => PHOTOGRAPH.exec(name)?.[1] ?? []).filter(isPlainName);
  if (ids.length === 0) throw new UserError("input", `expected photographs (.jpg, .jpeg, .png) in ${folder}, got none`);
  const unique = [...new Set(ids)].sort();
  return { ids: unique, split: "all", notices: [`no ${list}: all ${unique.length} images of ${folder}`] };
}

const PHOTOGRAPH = /^([^.].*)\.(?:jpe?g|png)$/i;

/** Names in `JPEGImages`, or in the folder itself where it is a plain one of photographs. */
async function photographs(root: string): Promise<{ folder: string; names: readonly string[] }> {
  const folder = path.join(root, "JPEGImages");
  const names = await fs.readdir(folder).catch(() => undefined);
  if (names !== undefined) return { folder, names };
  const own = await fs.readdir(root).catch(() => []);
  if (own.some((name) => PHOTOGRAPH.test(name))) return { folder: root, names: own };
  throw new UserError("input", `expected photographs in ${folder}, got no such folder`);
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
