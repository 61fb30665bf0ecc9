/** `a2gnn setup`: the native backend into the user's cache, and on demand the CUDA backend and MPI. */

import fs from "node:fs";
import path from "node:path";
import { completeConfig } from "../config/option";
import { type SetupConfig, setupOptions } from "../config/setup";
import { expected, messageOf, UserError } from "../errors";
import { formatSeconds } from "../running/quantities";
import { type Reporter, silentReporter } from "../running/reporter";
import type { Step, StepContext, Summary } from "../running/step";
import { BACKBONE_TITLE, setUpBackbone } from "../setup/backbone";
import { cacheFolder } from "../setup/cache-folder";
import { type FolderRecipe, inspectFolder, STAMP } from "../setup/finished-folder";
import { findGpu } from "../setup/gpu";
import { setUpMpi } from "../setup/mpi";
import { backendTitle, nativeState, type SetUpResult, setUpNative } from "../setup/native-backend";
import { backboneRecipe, mpiRecipe, nativeRecipe } from "../setup/native-recipe";
import { type PackSource, projectFolder, readPieceSize, writePack } from "../setup/pack";
import { unpackPack } from "../setup/unpack";

export interface SetupSummary extends Summary {
  readonly parts: readonly (SetUpResult & { readonly name: string })[];
}

async function run(
  given: Partial<SetupConfig>,
  context: StepContext = { reporter: silentReporter },
): Promise<SetupSummary> {
  const config = completeConfig(given, setupOptions);
  const { gpu, mpi, backbone, force, cudaLibraries, pack, unpack } = config;
  const { signal } = context;
  if (cudaLibraries !== undefined && !gpu)
    throw expected("usage", "--gpu beside it", "--cuda-libraries alone", "setup");
  const pieceSize = readPieceSize(config.pieceSize);
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
  const options = { reporter, signal, force, cudaLibraries };
  if (unpack !== undefined) return summaryOf(await unpackAll(unpack, reporter), notices, started);
  const jobs: readonly { name: string; work: () => Promise<SetUpResult>; optional?: boolean }[] = [
    { name: backendTitle("cpu"), work: () => setUpNative("cpu", options) },
    ...(gpu ? [{ name: backendTitle("gpu"), work: () => setUpNative("gpu", options) }] : []),
    ...(backbone
      ? [{ name: BACKBONE_TITLE, work: () => setUpBackbone(options), optional: given.backbone !== true }]
      : []),
    ...(mpi ? [{ name: "MPI", work: () => setUpMpi(options) }] : []),
  ];
  const parts: (SetUpResult & { name: string })[] = [];
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
  if (pack !== undefined && !signal?.aborted) await packAll(pack, config, pieceSize, reporter);
  return summaryOf(parts, notices, started);
}

/** Everything that is set up now and was asked for, and the clone's npm packages. */
async function packAll(
  folder: string,
  { gpu, mpi }: SetupConfig,
  pieceSize: number,
  reporter: Reporter,
): Promise<void> {
  const ready = (name: string, recipe: FolderRecipe): PackSource[] =>
    inspectFolder(recipe).state === "ready" ? [{ name, in: "cache", folder: recipe.folder, stamp: STAMP }] : [];
  const packages = path.join(projectFolder, "node_modules");
  const record = ".package-lock.json";
  const sources: PackSource[] = [
    ...ready(backendTitle("cpu"), nativeRecipe("cpu")),
    ...(gpu ? ready(backendTitle("gpu"), nativeRecipe("gpu")) : []),
    ...ready(BACKBONE_TITLE, backboneRecipe()),
    ...(mpi ? ready("MPI", mpiRecipe()) : []),
    ...(fs.existsSync(path.join(packages, record))
      ? [{ name: "npm packages", in: "project", folder: packages, stamp: record } as const]
      : []),
  ];
  if (!sources.some((source) => source.in === "project"))
    reporter.notice("the npm packages are left out: this is no clone; install a2gnn there from a registry's mirror");
  await writePack(folder, sources, pieceSize, ({ name, pieces, megabytes, packedMegabytes }) =>
    reporter.notice(`packed ${name}: ${megabytes} MB as ${packedMegabytes} MB in ${pieces} files`),
  );
  reporter.notice(
    `${folder} is complete; on the other machine: node ${path.basename(folder)}/unpack.cjs CLONE, or a2gnn setup --unpack ${path.basename(folder)}`,
  );
}

/** The parts of a pack into the cache, and into this clone where it has no npm packages. */
async function unpackAll(folder: string, reporter: Reporter): Promise<SetupSummary["parts"]> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  let parts: SetupSummary["parts"];
  try {
    const unpacked = await unpackPack(folder, { cache: cacheFolder() }, reporter.notice);
    parts = unpacked.map((part) => ({ ...part, seconds: seconds() }));
  } catch (error) {
    throw new UserError("input", `--unpack: ${messageOf(error)}`);
  }
  const state = nativeState("cpu");
  if (state.state !== "ready")
    reporter.notice(
      `the native backend of this version is not in the pack (${state.why}): make the pack with this version`,
    );
  return parts;
}

function summaryOf(parts: SetupSummary["parts"], notices: readonly string[], started: number): SetupSummary {
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
  examples: [
    "a2gnn setup",
    "a2gnn setup --gpu --mpi",
    "a2gnn setup --gpu --cuda-libraries ~/miniconda3/envs/torch",
    "a2gnn setup --gpu --pack to-the-cluster --piece-size 500M",
    "a2gnn setup --unpack to-the-cluster",
  ],
  needsBackend: false,
  run,
  describe,
};
