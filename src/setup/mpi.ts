/**
 * MPI for data-parallel training: the machine's own, or MPICH fetched into the cache by `setup --mpi` (environment.md,
 * "Clusters").
 */

import fs from "node:fs";
import path from "node:path";
import { silentReporter } from "../running/reporter";
import { bytesBelow } from "./cache-folder";
import { finishFolder, inspectFolder } from "./finished-folder";
import type { SetUpOptions, SetUpResult } from "./native-backend";
import { mpiRecipe, nativeSources } from "./native-recipe";
import { findPython } from "./prerequisites";
import { probeCommand } from "./run-command";
import { downloadWheels, unpackWheels } from "./wheels";

export interface FoundMpi {
  /** `mpiexec`, in full. */
  readonly mpiexec: string;
  /** The library of the MPI standard ABI, where it is known. */
  readonly library?: string;
  readonly version: string;
  /** Whether it is the MPICH that `setup --mpi` fetched. */
  readonly isOurs: boolean;
}

/** The machine's own MPI first (a cluster's knows its network), then ours; undefined where there is none. */
export function findMpi(env: NodeJS.ProcessEnv = process.env): FoundMpi | undefined {
  const recipe = mpiRecipe(env);
  const inside = (file: string): string => path.join(recipe.folder, file);
  for (const folder of (env.PATH ?? "").split(path.delimiter)) {
    const mpiexec = path.join(folder, "mpiexec");
    if (folder === "" || !fs.existsSync(mpiexec)) continue;
    const library = path.join(folder, "../lib/libmpi_abi.so.1");
    const version = probeCommand(mpiexec, ["--version"], env)?.split("\n").slice(0, 2).join(" ").replace(/\s+/g, " ");
    return {
      mpiexec,
      library: fs.existsSync(library) ? library : undefined,
      version: version ?? "unknown version",
      isOurs: path.resolve(mpiexec) === path.resolve(inside("bin/mpiexec")),
    };
  }
  if (inspectFolder(recipe).state !== "ready") return undefined;
  return {
    mpiexec: inside("bin/mpiexec"),
    library: inside("lib/libmpi_abi.so.1"),
    version: `MPICH ${recipe.version}`,
    isOurs: true,
  };
}

/** Fetches MPICH into the cache unless it is there already: 13 MB, no root, no compiler. */
export async function setUpMpi({ reporter = silentReporter, signal, force }: SetUpOptions = {}): Promise<SetUpResult> {
  const recipe = mpiRecipe();
  const started = performance.now();
  const made = await finishFolder(
    recipe,
    async (folder) => {
      const wheels = `${recipe.folder}.wheels`;
      const python = findPython().command;
      const requirements = path.join(nativeSources, "mpi/wheels.txt");
      await downloadWheels({ python, requirements, folder: wheels, megabytes: 13 }, { reporter, signal });
      await unpackWheels(python, wheels, folder, signal);
      fs.rmSync(wheels, { recursive: true, force: true });
    },
    { force, signal, onWait: (holder) => reporter.notice(`MPI: waiting for ${holder}, which is setting it up`) },
  );
  const seconds = (performance.now() - started) / 1000;
  return { made, folder: recipe.folder, seconds, megabytes: Math.round(bytesBelow(recipe.folder) / 1e6) };
}
