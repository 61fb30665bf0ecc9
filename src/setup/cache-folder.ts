/** The folder that set-up fills: per user, outside every clone, shared between clones and installed packages. */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** `A2GNN_CACHE`, else `XDG_CACHE_HOME/a2gnn`, else `~/.cache/a2gnn`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.A2GNN_CACHE) return path.resolve(env.A2GNN_CACHE);
  // The XDG specification says to ignore relative paths.
  if (env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME)) return path.join(env.XDG_CACHE_HOME, "a2gnn");
  return path.join(os.homedir(), ".cache", "a2gnn");
}

/** Bytes of everything below a folder (or of one file); 0 when it is not there. Links are not followed. */
export function bytesBelow(folder: string): number {
  try {
    const stat = fs.lstatSync(folder);
    if (!stat.isDirectory()) return stat.size;
    return fs.readdirSync(folder).reduce((sum, name) => sum + bytesBelow(path.join(folder, name)), 0);
  } catch {
    return 0; // files come and go while pip works
  }
}
