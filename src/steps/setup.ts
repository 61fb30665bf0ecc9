/** `a2gnn setup`: the native backend into the user's cache, and on demand the CUDA backend and MPI. */

import { completeConfig } from "../config/option";
import { type SetupConfig, setupOptions } from "../config/setup";
import { messageOf } from "../errors";
import { formatSeconds } from "../running/quantities";
import { silentReporter } from "../running/reporter";
import type { Step, StepContext, Summary } from "../running/step";
import { BACKBONE_TITLE, setUpBackbone } from "../setup/backbone";
import { findGpu } from "../setup/gpu";
import { setUpMpi } from "../setup/mpi";
import { backendTitle, type SetUpResult, setUpNative } from "../setup/native-backend";

export interface SetupSummary extends Summary {
  readonly parts: readonly (SetUpResult & { readonly name: string })[];
}

async function run(
  given: Partial<SetupConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<SetupSummary> {
  const { gpu, mpi, backbone, force } = completeConfig(given, setupOptions);
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
  const options = { reporter, signal, force };
  const jobs: readonly { name: string; work: () => Promise<SetUpResult>; optional?: boolean }[] = [
    { name: backendTitle("cpu"), work: () => setUpNative("cpu", options) },
    ...(gpu ? [{ name: backendTitle("gpu"), work: () => setUpNative("gpu", options) }] : []),
    ...(backbone
      ? [{ name: BACKBONE_TITLE, work: () => setUpBackbone(options), optional: given.backbone !== true }]
      : []),
    ...(mpi ? [{ name: "MPI", work: () => setUpMpi(options) }] : []),
  ];
  const parts = [];
  for (const { name, work, optional } of jobs) {
    try {
      parts.push({ name, ...(await work()) });
    } catch (error) {
      if (!signal?.aborted && optional) {
        reporter.notice(`${name}: not set up (${messageOf(error)}); everything else works without it`);
        continue;
      }
      if (!signal?.aborted) throw error;
      reporter.notice(`${name}: interrupted; nothing incomplete is in use, and the same command resumes`);
      break;
    }
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
  about:
    "install the native TensorFlow backend, the ImageNet backbone and, on demand, CUDA and MPI into the user's cache",
  options: setupOptions,
  examples: ["a2gnn setup", "a2gnn setup --gpu --mpi", "a2gnn setup --no-backbone"],
  needsBackend: false,
  run,
  describe,
};
