/**
 * The only file that chooses a TensorFlow backend. The library computes with `@tensorflow/tfjs`; the application's edge
 * (command line, notebook, worker, test) calls `useBackend()` once, before the first tensor.
 *
 * native  TensorFlow's own C library on the CPU, from the user's cache (src/setup/native-backend.ts): the default
 * gpu     the same with CUDA; without a driver or a GPU it says so, and the CPU is used instead
 * cpu     plain JavaScript: needs no set-up, and is slower by orders of magnitude
 */

import os from "node:os";
import * as tf from "@tensorflow/tfjs";
import { expected, UserError } from "./errors";
import { findGpu } from "./setup/gpu";
import { loadNative } from "./setup/load-native";
import { nativeState } from "./setup/native-backend";
import { registerNativeKernels } from "./setup/native-kernels";
import type { NativeKind } from "./setup/native-recipe";
import { releasePages } from "./setup/release-pages";
import { shareScalars, type TensorBinding } from "./setup/shared-scalars";

export const backendNames = ["native", "gpu", "cpu"] as const;
export type BackendName = (typeof backendNames)[number];

export interface BackendOptions {
  /** Threads for one operation; default: `TF_NUM_INTRAOP_THREADS`, else all cores. Fixed once TensorFlow is loaded. */
  readonly threads?: number;
  /** On a GPU: float32 products in TF32 where it can (Ampere and newer), faster and less exact. Default false. */
  readonly tf32?: boolean;
  /** Where notices go (no GPU found, …); default: Node's process warnings. */
  readonly notice?: (message: string) => void;
}

export interface BackendInUse {
  readonly name: BackendName;
  /** Why this one: asked for, default, or what was not there. */
  readonly why: string;
  /** TensorFlow's version; absent for plain JavaScript. */
  readonly tensorflow?: string;
  readonly threads: number;
  /** True where TensorFlow computes on a GPU. */
  readonly usesGpu: boolean;
  /** True where the GPU may compute float32 products in TF32. */
  readonly tf32: boolean;
}

let preferred: { name?: BackendName; options: BackendOptions } = { options: {} };
let inUse: BackendInUse | undefined;
let loaded: { kind: NativeKind; threads: number; tf32: boolean } | undefined;

/** What later calls of `useBackend()` without a name mean: the command line's `--backend` and `--threads`. */
export function preferBackend(name: BackendName | undefined, options: BackendOptions = {}): void {
  preferred = { name, options };
}

/** What `preferBackend` was told, for a process of its own that computes with the same. */
export function preferredBackend(): { readonly name?: BackendName; readonly threads?: number } {
  return { name: preferred.name, threads: preferred.options.threads };
}

/** The backend that `useBackend` has chosen, or undefined before. */
export function backendInUse(): BackendInUse | undefined {
  return inUse;
}

/**
 * Makes a backend ready; again with the same name it does nothing.
 * @param name "native", "gpu" or "cpu"; default: `preferBackend`'s, else native
 * @returns TensorFlow.js's name of it: "tensorflow" or "cpu"
 * @throws UserError "environment" where the native backend is not set up, with the command that does it
 */
export async function useBackend(
  name: string | undefined = preferred.name,
  options: BackendOptions = preferred.options,
): Promise<string> {
  const { notice = (message: string) => process.emitWarning(message, "a2gnn") } = options;
  if (name !== undefined && !isBackendName(name))
    throw expected("usage", `one of ${backendNames.join(", ")}`, `"${name}"`, "--backend");
  const asked = name === undefined ? "the default" : "asked for";
  if (name === "cpu") await usePlainJavaScript(asked);
  else if (name === "gpu") await useGpu(asked, options, notice);
  else await useNative("cpu", "native", asked, options.threads);
  return tf.getBackend();
}

function isBackendName(name: string): name is BackendName {
  return (backendNames as readonly string[]).includes(name);
}

async function usePlainJavaScript(why: string): Promise<void> {
  await tf.setBackend("cpu");
  // The first use would advise to install tfjs-node on standard error.
  (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
  inUse = { name: "cpu", why, threads: 1, usesGpu: false, tf32: false };
}

async function useGpu(
  asked: string,
  { threads, tf32 = false }: BackendOptions,
  notice: (message: string) => void,
): Promise<void> {
  const found = findGpu();
  if (found.gpu === undefined) {
    notice(`--backend gpu: ${found.why}; the CPU is used instead`);
    return useNative(loaded?.kind ?? "cpu", "native", `gpu was asked for, but ${found.why}`, threads);
  }
  // Otherwise TensorFlow takes the whole card for itself, and a second process finds none left.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  // NVIDIA's libraries read it when they are loaded. TensorFlow alone would take TF32 wherever it can.
  if (tf32) delete process.env.NVIDIA_TF32_OVERRIDE;
  else process.env.NVIDIA_TF32_OVERRIDE ??= "0";
  await useNative("gpu", "gpu", asked, threads);
  if (inUse?.usesGpu) return;
  const why = `TensorFlow could not use the GPU (driver ${found.gpu.driver}; a2gnn doctor names the first library that is missing, TF_CPP_MIN_LOG_LEVEL=0 tells more)`;
  notice(`--backend gpu: ${why}; the CPU is used instead`);
  inUse = { ...(inUse as BackendInUse), name: "native", why };
}

async function useNative(kind: NativeKind, name: BackendName, why: string, threads?: number): Promise<void> {
  if (loaded === undefined) loadOnce(kind, threads);
  else if (loaded.kind !== kind)
    throw new UserError(
      "environment",
      `TensorFlow is loaded for ${loaded.kind} already; one process can load one only`,
    );
  else if (threads !== undefined && threads !== loaded.threads)
    throw new UserError("environment", `TensorFlow is loaded with ${loaded.threads} threads already`);
  await tf.setBackend("tensorflow");
  await tf.ready();
  const backend = tf.backend() as unknown as {
    isUsingGpuDevice: boolean;
    binding: TensorBinding & { TF_Version: string };
  };
  const { isUsingGpuDevice: usesGpu, binding } = backend;
  shareScalars(backend);
  registerNativeKernels();
  const tf32 = usesGpu && loaded?.tf32 === true;
  inUse = { name, why, tensorflow: binding.TF_Version, threads: loaded?.threads ?? 1, usesGpu, tf32 };
}

function loadOnce(kind: NativeKind, threads: number | undefined): void {
  const { recipe, ...found } = nativeState(kind);
  if (found.state !== "ready") {
    const command = kind === "gpu" ? "npx a2gnn setup --gpu" : "npx a2gnn setup";
    throw new UserError(
      "environment",
      `the native backend is ${found.state === "missing" ? "not set up on this machine" : `${found.state} (${found.why})`}; set it up with: ${command} (${recipe.downloadMegabytes} MB to download, once for all projects), or go without by --backend cpu`,
    );
  }
  // TensorFlow reads these when it is loaded, and never again.
  if (threads !== undefined)
    for (const variable of ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"]) process.env[variable] = `${threads}`;
  if (kind === "cpu") reuseFreedTensors();
  loadNative(recipe.folder, recipe, tf);
  if (kind === "cpu") releasePages("libtensorflow");
  const { TF_NUM_INTRAOP_THREADS, NVIDIA_TF32_OVERRIDE } = process.env;
  loaded = {
    kind,
    threads: Number(TF_NUM_INTRAOP_THREADS) || os.availableParallelism(),
    tf32: NVIDIA_TF32_OVERRIDE !== "0",
  };
}

/**
 * Tensors from TensorFlow's own best-fit allocator in place of the C library's, which fits no freed tensor to a new one of
 * the same size (aligned blocks need some room beside them) and holds twice what is in use: labelling a photograph of
 * 500×375 pixels from boxes ends at 0.70 GB instead of 0.99, one of a megapixel at 1.4 instead of 1.9.
 */
function reuseFreedTensors(): void {
  process.env.TF_CPU_ALLOCATOR_USE_BFC ??= "true";
  process.env.TF_CPU_BFC_MEM_LIMIT_IN_MB ??= `${Math.ceil(os.totalmem() / 2 ** 20)}`; // TensorFlow's own limit is 64 GB
}
