/** `a2gnn doctor`: what is here, what is missing, and the command that gets it. Changes nothing. */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { backendInUse, useBackend } from "../backend";
import { messageOf } from "../errors";
import type { Step, Summary } from "../running/step";
import { BACKBONE_TITLE, findBackbone } from "../setup/backbone";
import { bytesBelow, cacheFolder } from "../setup/cache-folder";
import { findCudaLibraries, firstProblem, openCudaLibraries } from "../setup/cuda-libraries";
import { findGpu } from "../setup/gpu";
import { findNotebookKernel } from "../setup/jupyter";
import { findMpi } from "../setup/mpi";
import { backendTitle, cudaDependencies, nativeState } from "../setup/native-backend";
import type { NativeKind } from "../setup/native-recipe";
import { checkPrerequisites } from "../setup/prerequisites";
import { COLUMNS, wrapped } from "../shown-text";

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** False where everything but one feature works without it. */
  readonly required: boolean;
  /** What was found: versions, places, reasons. */
  readonly found: string;
  /** How to get it; empty where there is nothing to do. */
  readonly how: string;
}

export interface DoctorSummary extends Summary {
  readonly checks: readonly Check[];
}

async function run(): Promise<DoctorSummary> {
  const started = performance.now();
  const inUse = await checkBackendInUse();
  const works = inUse.every(({ ok }) => ok);
  const native = checkNative("cpu");
  const checks = [
    ...checkVersions(),
    // Only a set-up still to come needs these.
    ...checkPrerequisites().map((each) => ({ ...each, required: !works && !native.ok })),
    { ...native, required: !works },
    ...inUse,
    checkGpu(),
    checkNative("gpu"),
    ...checkCudaLibraries(),
    checkBackbone(),
    checkMpi(),
    checkKernel(),
    checkCache(),
  ];
  const missing = checks.filter(({ ok, required }) => required && !ok);
  return {
    step: "doctor",
    images: 0,
    done: checks.filter(({ ok }) => ok).length,
    skipped: 0,
    failed: missing.map(({ name, found, how }) => ({ image: name, reason: `${found}. ${how}` })),
    seconds: (performance.now() - started) / 1000,
    notices: [],
    checks,
  };
}

function checkVersions(): Check[] {
  const root = path.resolve(__dirname, "../..");
  const manifest = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
    version: string;
    engines: { node: string };
  };
  const [major, minor] = process.versions.node.split(".").map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return [
    { name: "a2gnn", ok: true, required: true, found: `${manifest.version} in ${root}`, how: "" },
    {
      name: "Node.js",
      ok,
      required: true,
      found: process.versions.node,
      how: `Install Node 20.19 or newer (20, 22 and 24 are tested).`,
    },
  ];
}

function checkNative(kind: NativeKind): Check {
  const { recipe, ...found } = nativeState(kind);
  const name = backendTitle(kind);
  const versions = `TensorFlow ${recipe.tensorflowVersion}, tfjs-node ${recipe.tfjsNodeVersion}`;
  return {
    name,
    ok: found.state === "ready",
    required: false,
    found:
      found.state === "ready" ? versions : found.state === "missing" ? "not set up" : `${found.state}: ${found.why}`,
    how: `npx a2gnn setup${kind === "gpu" ? " --gpu" : ""} (${recipe.downloadMegabytes} MB to download)`,
  };
}

async function checkBackendInUse(): Promise<Check[]> {
  const common = { required: true, how: "npx a2gnn setup, or --backend cpu on every command" };
  const notices: string[] = [];
  try {
    await useBackend(undefined, { notice: (message) => notices.push(message) });
    const backend = backendInUse();
    if (backend === undefined) throw new Error("no backend was chosen");
    const { name, why, tensorflow, threads, usesGpu, tf32 } = backend;
    const card = usesGpu ? ` on the GPU, products in ${tf32 ? "TF32 where it can" : "float32"}` : "";
    const engine = tensorflow === undefined ? "plain JavaScript" : `TensorFlow ${tensorflow}${card}`;
    return [
      { ...common, name: "backend in use", ok: true, found: `${name} (${why}): ${engine}` },
      {
        name: "threads",
        ok: true,
        required: false,
        found: `${threads} of ${os.availableParallelism()} cores${process.env.TF_NUM_INTRAOP_THREADS ? " (set)" : ""}`,
        how: "--threads N chooses another number",
      },
    ];
  } catch (error) {
    return [{ ...common, name: "backend in use", ok: false, found: `none: ${messageOf(error)}` }];
  }
}

function checkGpu(): Check {
  const state = findGpu();
  const found =
    state.gpu === undefined ? state.why : `${state.gpu.cards.join("; ") || "present"}, driver ${state.gpu.driver}`;
  const how = "A GPU needs NVIDIA's driver alone (525 or newer); CUDA's libraries come with npx a2gnn setup --gpu";
  return { name: "GPU", ok: state.gpu !== undefined, required: false, found, how };
}

/** NVIDIA's libraries of the CUDA backend, opened one after the other; nothing where it is not set up. */
function checkCudaLibraries(): Check[] {
  const { recipe, state } = nativeState("gpu");
  if (state !== "ready") return [];
  const opened = openCudaLibraries(findCudaLibraries(cudaDependencies(recipe)));
  const problem = firstProblem(opened);
  const versions = opened.map(({ soname, version }) => `${/^lib(\w+)/.exec(soname)?.[1]} ${version}`);
  return [
    {
      name: "CUDA libraries",
      ok: problem === undefined,
      required: false,
      found: problem ?? versions.join(", "),
      how: "npx a2gnn setup --gpu --force fetches all of them; --cuda-libraries FOLDER links those of a folder",
    },
  ];
}

function checkMpi(): Check {
  const mpi = findMpi();
  const found = mpi === undefined ? "not found" : `${mpi.version}, ${mpi.mpiexec}`;
  const how = "npx a2gnn setup --mpi, or a cluster's own (module load …)";
  return { name: "MPI", ok: mpi !== undefined, required: false, found, how };
}

function checkBackbone(): Check {
  const file = findBackbone();
  const found = file === undefined ? "not set up: graphs without --weights are built from handcrafted features" : file;
  const how = "npx a2gnn setup (23 MB to download)";
  return { name: BACKBONE_TITLE, ok: file !== undefined, required: false, found, how };
}

function checkKernel(): Check {
  const kernel = findNotebookKernel();
  const how = "npm run lab, in a clone";
  return { name: "Jupyter kernel", ok: kernel !== undefined, required: false, found: kernel ?? "no tslab kernel", how };
}

function checkCache(): Check {
  const folder = cacheFolder();
  let place = folder;
  while (!fs.existsSync(place)) place = path.dirname(place);
  const { bavail, bsize } = fs.statfsSync(place);
  const free = `${((bavail * bsize) / 1e9).toFixed(1)} GB free`;
  const used = fs.existsSync(folder) ? `${Math.round(bytesBelow(folder) / 1e6)} MB used` : "not there yet";
  const how = "A2GNN_CACHE=FOLDER puts it elsewhere; deleting it is safe, setup fills it again";
  return { name: "disk cache", ok: true, required: false, found: `${folder}, ${used}, ${free}`, how };
}

function describe({ checks }: DoctorSummary): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, ok, required, found, how }) => {
      const mark = ok ? "ok     " : required ? "MISSING" : "missing";
      const indent = " ".repeat(width + 11);
      const lined = (text: string): string => wrapped(text, COLUMNS - indent.length).replaceAll("\n", `\n${indent}`);
      const next = ok || how === "" ? "" : `\n${indent}${lined(`→ ${how}${required ? "" : " (optional)"}`)}`;
      return `${mark}  ${name.padEnd(width)}  ${lined(found)}${next}`;
    })
    .join("\n");
}

export const doctor: Step<object, DoctorSummary> = {
  name: "doctor",
  about: "report what is installed and in use, what is missing, and how to get it",
  options: {},
  examples: ["a2gnn doctor", "a2gnn doctor --json"],
  needsBackend: false,
  run,
  describe,
};
