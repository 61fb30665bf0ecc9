/**
 * JupyterLab for the notebooks of a clone: a Python environment in the user's cache, shared by all clones, and a kernel
 * description in the clone itself, that starts the clone's own tslab with this very Node.
 */

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { silentReporter } from "../running/reporter";
import { cacheFolder } from "./cache-folder";
import { type FolderRecipe, finishFolder } from "./finished-folder";
import type { SetUpOptions } from "./native-backend";
import { findPython } from "./prerequisites";
import { runCommand } from "./run-command";

export interface NotebookTools {
  /** The environment's Python: `python -m jupyterlab`. */
  readonly python: string;
  /** For `JUPYTER_PATH`: where the kernel is described. */
  readonly jupyterPath: string;
}

/** Where a clone describes its kernel. */
function kernelFolder(root: string): string {
  return path.join(root, "node_modules", ".cache", "a2gnn-jupyter");
}

/**
 * Makes what is missing; does nothing if all exists.
 * @param root the clone @throws UserError "environment" where Python or pip fails
 */
export async function setUpNotebookTools(
  root: string,
  { reporter = silentReporter, signal, force }: SetUpOptions = {},
): Promise<NotebookTools> {
  const requirements = path.join(root, "notebooks", "support", "requirements.txt");
  const recipe = jupyterRecipe(requirements);
  await finishFolder(
    recipe,
    async (folder) => {
      reporter.notice("JupyterLab into the cache (about 100 MB to download) …");
      const base = findPython().command;
      // Without its own pip, so that Debian's Python needs no python3-venv.
      await runCommand(base, ["-m", "venv", "--without-pip", folder], {
        purpose: "making a Python environment",
        signal,
      });
      const pip = ["-m", "pip", "--python", path.join(folder, "bin", "python")];
      await runCommand(
        base,
        [...pip, "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements],
        { purpose: "installing JupyterLab", signal },
      );
      nameFinishedFolder(folder, recipe.folder);
    },
    { force, signal, onWait: (holder) => reporter.notice(`JupyterLab: waiting for ${holder}, which is installing it`) },
  );
  writeKernel(root);
  return { python: path.join(recipe.folder, "bin", "python"), jupyterPath: kernelFolder(root) };
}

// --- internal ---

/** Part of the recipe's hash, so that an environment of the earlier layout is rebuilt. */
const LAYOUT = "commands name the finished folder\n";

/**
 * pip writes the interpreter's full path into the first line of every command, and an environment is built under
 * another name than the one it keeps. Replaces the one path by the other, in text files alone.
 */
function nameFinishedFolder(building: string, finished: string): void {
  const commands = fs.readdirSync(path.join(building, "bin")).map((name) => path.join(building, "bin", name));
  for (const file of [path.join(building, "pyvenv.cfg"), ...commands]) {
    if (!fs.lstatSync(file).isFile()) continue;
    const bytes = fs.readFileSync(file);
    if (bytes.includes(0) || !bytes.includes(building)) continue;
    fs.writeFileSync(file, bytes.toString("utf8").replaceAll(building, finished)); // keeps the file's mode
  }
}

function jupyterRecipe(requirements: string): FolderRecipe {
  const hash = createHash("sha256").update(LAYOUT).update(fs.readFileSync(requirements)).digest("hex");
  return {
    folder: path.join(cacheFolder(), "jupyter"),
    hash,
    keyFiles: [
      "pyvenv.cfg",
      "bin/jupyter-nbconvert",
      "share/jupyter/lab/static/package.json",
      "share/jupyter/labextensions/jupyterlab-plotly/package.json",
    ],
  };
}

/**
 * By hand, not by `tslab install`, which needs a Python module and writes into folders that other clones use as well.
 */
function writeKernel(root: string): void {
  const folder = path.join(kernelFolder(root), "kernels", "tslab");
  const tslab = path.join(root, "notebooks", "node_modules", "tslab", "bin", "tslab");
  const description = {
    argv: [process.execPath, tslab, "kernel", "--config-path={connection_file}"],
    display_name: "TypeScript (tslab)",
    language: "typescript",
  };
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "kernel.json"), `${JSON.stringify(description, null, 2)}\n`);
}
