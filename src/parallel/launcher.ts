/**
 * Whether a launcher really started this process. Its variables (PMI_RANK, OMPI_COMM_WORLD_RANK) may be left over, exported
 * by a job script or copied from another shell, and obeying them would leave most of the work undone without a word.
 */

import fs from "node:fs";

type Environment = Readonly<Record<string, string | undefined>>;

/** Names of the processes that start ranks: Hydra's, Open MPI's, PRRTE's, Slurm's, Cray's, LSF's. */
const LAUNCHER =
  /^(hydra|pmi_proxy|mpiexec|mpirun|orterun|orted|prterun|prted|prun|slurmstepd|srun|apinit|palsd|jsrun|jskill)/;

/**
 * True where a launcher is among this process's ancestors, or has left open what it talks to its ranks through (in a
 * container the ancestors cannot be seen), and on systems that do not tell.
 */
export function isLaunched(env: Environment = process.env): boolean {
  const names = ancestors();
  if (names === undefined || names.some((name) => LAUNCHER.test(name))) return true;
  if (env.PMI_PORT !== undefined || isSocket(env.PMI_FD)) return true;
  return Object.keys(env).some((name) => name.startsWith("PMIX_SERVER_URI"));
}

// --- internal ---

/** Names of the processes above this one, the nearest first; undefined where there is no /proc. */
function ancestors(): string[] | undefined {
  const names: string[] = [];
  try {
    for (let pid = process.ppid; pid > 0 && names.length < 64; ) {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
      const end = stat.lastIndexOf(")");
      names.push(stat.slice(stat.indexOf("(") + 1, end));
      pid = Number(stat.slice(end + 2).split(" ")[1]);
    }
    return names;
  } catch {
    return fs.existsSync("/proc/self/stat") ? names : undefined;
  }
}

function isSocket(descriptor: string | undefined): boolean {
  try {
    return descriptor !== undefined && fs.fstatSync(Number(descriptor)).isSocket();
  } catch {
    return false;
  }
}
