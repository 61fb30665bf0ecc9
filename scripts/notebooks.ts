/**
 * The notebooks of this clone: `lab` starts JupyterLab, `execute` runs them without a browser and fails with the message
 * of the cell that failed. Both install what is missing.
 *
 * usage: notebooks.ts lab [JupyterLab's own options]
 *        notebooks.ts execute [--save] [3-graph …]     --save keeps the outputs; names choose notebooks
 */

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { messageOf } from "../src/errors";
import { createReporter } from "../src/running/reporter";
import { setUpNotebookTools } from "../src/setup/notebook-tools";

const root = path.resolve(__dirname, "..");
const folder = path.join(root, "notebooks");

async function main([action, ...words]: readonly string[]): Promise<number> {
  const { python, jupyterPath } = await setUpNotebookTools(root, { reporter: createReporter() });
  const command =
    action === "execute" ? [path.join(folder, "support/execute.py"), ...chosen(words)] : ["-m", "jupyterlab", ...words];
  const env = {
    ...process.env,
    JUPYTER_PATH: [jupyterPath, process.env.JUPYTER_PATH].filter(Boolean).join(path.delimiter),
  };
  const { status, error } = spawnSync(python, command, { cwd: folder, stdio: "inherit", env });
  if (error !== undefined) throw error;
  return status ?? 1;
}

/** `3` or `3-graph` stands for the notebook that begins so; without names, all. */
function chosen(words: readonly string[]): string[] {
  const options = words.filter((word) => word.startsWith("--"));
  const names = words.filter((word) => !word.startsWith("--")).map((word) => path.basename(word));
  const all = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(".ipynb"))
    .sort();
  const files = names.length === 0 ? all : all.filter((file) => names.some((name) => file.startsWith(name)));
  if (files.length === 0) throw new Error(`no notebook is named ${names.join(", ")}; there are ${all.join(", ")}`);
  return [...options, ...files];
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`notebooks: ${messageOf(error)}\n`);
    process.exitCode = 1;
  },
);
