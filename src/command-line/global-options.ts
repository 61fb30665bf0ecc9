/** Options that every step has: they belong to the command line, not to the step. */

import { type BackendName, backendNames } from "../backend";
import type { OptionTable } from "../config/option";

export interface GlobalOptions {
  readonly backend: BackendName;
  readonly threads?: number;
  readonly config?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly sync: boolean;
  readonly deterministic: boolean;
}

export const globalOptions: OptionTable<GlobalOptions> = {
  config: {
    kind: "path",
    affects: "place",
    group: "General",
    help: "options from a file: the run.json of an earlier run, or {option: value, …}; flags beside it win",
  },
  dryRun: {
    kind: "boolean",
    affects: "place",
    default: false,
    group: "General",
    help: "say what would be done, how long it would take and how much memory, and write nothing",
  },
  backend: {
    kind: "choice",
    affects: "fit",
    choices: backendNames,
    default: "native",
    group: "General",
    help: "TensorFlow backend: native (CPU), gpu (CUDA), cpu (plain JavaScript, slow)",
  },
  threads: {
    kind: "integer",
    affects: "speed",
    min: 1,
    max: 1024,
    group: "General",
    help: "threads of the TensorFlow backend [default: one a core]",
  },
  json: {
    kind: "boolean",
    affects: "place",
    default: false,
    group: "General",
    help: "print the Summary as JSON on standard output",
  },
  quiet: {
    kind: "boolean",
    affects: "place",
    default: false,
    group: "General",
    help: "no progress, notices or summary; only warnings",
  },
  deterministic: {
    kind: "boolean",
    affects: "fit",
    default: false,
    group: "General",
    help: "one thread for each of TensorFlow's operations, whose sums depend on the number of threads: the same bytes on CPUs of any number of cores (docs/trust.md has the cost)",
  },
  sync: {
    kind: "boolean",
    affects: "speed",
    default: true,
    group: "General",
    help: "flush each file to the disk before it takes its name; false is faster on slow disks, and a power failure may then leave torn files, which the next run finds and makes again",
  },
};
