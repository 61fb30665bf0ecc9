/** What somebody asked to replace is kept nevertheless: moved to `.old/` in its folder, where earlier ones are numbered. */

import fs from "node:fs/promises";
import path from "node:path";
import { messageOf, UserError } from "../errors";

/** Folder of what was replaced, in the folder of the files. */
export const OLD = ".old";

/** Copies a file to `.old/` under its own name, or a numbered one; the file itself stays until the new one takes its name. */
export async function setAside(file: string): Promise<void> {
  const { dir, name, ext } = path.parse(file);
  try {
    await fs.mkdir(path.join(dir, OLD), { recursive: true });
    for (let count = 1; ; count++) {
      const target = path.join(dir, OLD, count === 1 ? name + ext : `${name}.${count}${ext}`);
      try {
        await fs.link(file, target);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return; // nothing there to move
        await fs.copyFile(file, target, fs.constants.COPYFILE_EXCL); // a file system without links
      }
      return;
    }
  } catch (error) {
    throw new UserError("output", `cannot move ${file} to ${OLD}: ${messageOf(error)}`, { cause: error });
  }
}
