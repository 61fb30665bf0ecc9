/** Which images a step works on: a list, or every photograph of a folder without lists. */

import fs from "node:fs/promises";
import path from "node:path";
import { type ImageList, isPlainName, readImageList } from "../data/image-list";
import { UserError } from "../errors";

/**
 * @param stated whether the user named the list; a default that is not there means every image in `JPEGImages`
 * @throws UserError "input" for a missing or empty list, or no images at all
 */
export async function listImages(root: string, list: string, stated: boolean): Promise<ImageList> {
  try {
    return await readImageList(list, root);
  } catch (error) {
    if (stated || !(error instanceof UserError) || !/^no image list/.test(error.message)) throw error;
  }
  const folder = path.join(root, "JPEGImages");
  const names = await fs.readdir(folder).catch(() => {
    throw new UserError("input", `expected photographs in ${folder}, got no such folder`);
  });
  const ids = names.flatMap((name) => /^([^.].*)\.(?:jpe?g|png)$/i.exec(name)?.[1] ?? []).filter(isPlainName);
  if (ids.length === 0) throw new UserError("input", `expected photographs (.jpg, .jpeg, .png) in ${folder}, got none`);
  const unique = [...new Set(ids)].sort();
  return { ids: unique, split: "all", notices: [`no ${list}: all ${unique.length} images of ${folder}`] };
}
