/** `a2gnn setup`: the native backend into the user's cache, and on demand the CUDA backend and MPI. */

import fs from "node:fs";
import { completeConfig } from "../config/option";
import { type SetupConfig, setupOptions } from "../config/setup";
import { findGpu } from "../setup/gpu";
import { setUpMpi } from "../setup/mpi";
import { nativeState, type SetUpResult, setUpNative } from "../setup/native-backend";
import { mpiRecipe } from "../setup/native-recipe";
import { formatSeconds, silentReporter } from "./reporter";
import type { Step, StepContext, Summary } from "./step";

export interface SetupSummary extends Summary {
  readonly parts: readonly (SetUpResult & { readonly name: string })[];
}

async function run(
  given: Partial<SetupConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<SetupSummary> {
  const { gpu, mpi, force } = completeConfig(given, setupOptions);
  const { signal } = context;
  const started = performance.now();
  const notices: string[] = [];
  const reporter = {
    ...context.reporter,
    notice(message: string): void {
      notices.push(message);
      context.reporter.notice(message);
    },
  };
  const found = gpu ? findGpu() : undefined;
  if (found !== undefined && found.gpu === undefined)
    reporter.notice(
      `${found.why}: the CUDA backend is set up all the same, and computes on the CPU until there is one`,
    );
  const jobs = [
    {
      name: "native backend",
      folder: nativeState("cpu").recipe.folder,
      work: () => setUpNative("cpu", { reporter, signal }),
    },
    ...(gpu
      ? [
          {
            name: "CUDA backend",
            folder: nativeState("gpu").recipe.folder,
            work: () => setUpNative("gpu", { reporter, signal }),
          },
        ]
      : []),
    ...(mpi ? [{ name: "MPI", folder: mpiRecipe().folder, work: () => setUpMpi({ reporter, signal }) }] : []),
  ];
  const parts = [];
  for (const { name, folder, work } of jobs) {
    // Without its stamp a folder counts as damaged, and is replaced in one go when the new one is finished.
    if (force) fs.rmSync(`${folder}/stamp.json`, { force: true });
    parts.push({ name, ...(await work()) });
  }
  return {
    step: "setup",
    images: 0,
    done: parts.filter(({ made }) => made).length,
    skipped: parts.filter(({ made }) => !made).length,
    failed: [],
    seconds: (performance.now() - started) / 1000,
    notices,
    parts,
  };
}

function describe({ parts }: SetupSummary): string {
  return parts
    .map(({ name, made, folder, seconds, megabytes }) =>
      made
        ? `${name}: set up in ${formatSeconds(seconds)}, ${megabytes} MB in ${folder}`
        : `${name}: already there, ${megabytes} MB in ${folder}`,
    )
    .join("\n");
}

export const setup: Step<SetupConfig, SetupSummary> = {
  name: "setup",
  about: "install the native TensorFlow backend (and, on demand, CUDA and MPI) into the user's cache",
  options: setupOptions,
  examples: ["a2gnn setup", "a2gnn setup --gpu --mpi"],
  needsBackend: false,
  run,
  describe,
};
