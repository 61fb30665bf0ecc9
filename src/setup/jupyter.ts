/** Looks for the Jupyter kernel (tslab) that the notebooks run on, in the folders where Jupyter itself would look. */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** The folder of an installed tslab kernel, or undefined. */
export function findNotebookKernel(
  env: NodeJS.ProcessEnv = process.env,
  cwd: string = process.cwd(),
  project: string = path.resolve(__dirname, "../.."),
): string | undefined {
  const onPath = (env.PATH ?? "")
    .split(path.delimiter)
    .filter((folder) => folder !== "" && fs.existsSync(path.join(folder, "jupyter")))
    .map((folder) => path.join(folder, "../share/jupyter"));
  const places = [
    ...(env.JUPYTER_PATH ?? "").split(path.delimiter).filter((folder) => folder !== ""),
    env.JUPYTER_DATA_DIR ??
      path.join(env.XDG_DATA_HOME ?? path.join(env.HOME ?? os.homedir(), ".local/share"), "jupyter"),
    ...[path.join(cwd, ".venv"), env.VIRTUAL_ENV, env.CONDA_PREFIX]
      .filter((prefix) => prefix !== undefined)
      .map((prefix) => path.join(prefix, "share/jupyter")),
    ...onPath,
    path.join(project, "node_modules/.cache/a2gnn-jupyter"), // npm run lab
    "/usr/local/share/jupyter",
    "/usr/share/jupyter",
  ];
  return places
    .map((place) => path.join(place, "kernels/tslab"))
    .find((kernel) => fs.existsSync(path.join(kernel, "kernel.json")));
}
