/**
 * Builds the native backend: tfjs-node from npm, its addon compiled against the TensorFlow library of the PyPI wheel.
 * tfjs-node's own installer would fetch a TensorFlow of 2022 from outside the package registries (environment.md, "The
 * native backend").
 *
 * The addon is two C++ files against Node's C interface (N-API), whose headers come as an npm package: one call of the
 * compiler builds it for every Node version, with neither node-gyp nor make nor a download of Node's headers.
 */

import fs from "node:fs";
import path from "node:path";
import { UserError } from "../errors";
import { formatSeconds } from "../running/quantities";
import { type Reporter, silentReporter } from "../running/reporter";
import { bytesBelow } from "./cache-folder";
import { linkCudaLibraries, requireCudaLibraries } from "./cuda-libraries";
import { type FolderState, finishFolder, inspectFolder } from "./finished-folder";
import { BACKEND, type NativeKind, type NativeRecipe, nativeRecipe, nativeSources, QUIET_ADDON } from "./native-recipe";
import { npmCommand } from "./npm-command";
import { findCompiler, findPython, requirePrerequisites } from "./prerequisites";
import { runCommand } from "./run-command";
import { downloadWheels, unpackWheels } from "./wheels";

/** About so much of the CUDA backend's download, and on disk, are NVIDIA's libraries. */
const NVIDIA_MEGABYTES = 2700;

export interface SetUpOptions {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
  /** Rebuild it even if it is complete. */
  readonly force?: boolean;
  /** Of the CUDA backend: a folder that holds NVIDIA's libraries already. */
  readonly cudaLibraries?: string;
}

export interface SetUpResult {
  /** False when it was there already. */
  readonly made: boolean;
  readonly folder: string;
  readonly seconds: number;
  readonly megabytes: number;
}

/** What a kind is called in messages. */
export function backendTitle(kind: NativeKind): string {
  return kind === "gpu" ? "CUDA backend" : "native backend";
}

/** Whether a kind of native backend is set up; a few milliseconds. */
export function nativeState(kind: NativeKind): FolderState & { readonly recipe: NativeRecipe } {
  const recipe = nativeRecipe(kind);
  return { ...inspectFolder(recipe), recipe };
}

/** Below which `nvidia/` holds the libraries of the CUDA backend. */
export function cudaDependencies({ folder, packageName }: NativeRecipe): string {
  return path.join(folder, BACKEND, "node_modules", packageName, "deps");
}

/**
 * Sets up the backend unless it exists; safe to call from several processes at once.
 * @throws UserError "environment" naming what is missing and the command that installs it
 */
export async function setUpNative(kind: NativeKind, options: SetUpOptions = {}): Promise<SetUpResult> {
  const { reporter = silentReporter, signal, force, cudaLibraries } = options;
  const started = performance.now();
  const { recipe, ...found } = nativeState(kind);
  const name = backendTitle(kind);
  if (found.state === "damaged" || found.state === "stale") reporter.notice(`${name}: ${found.why}; rebuilding it`);
  const made = await finishFolder(recipe, (folder) => build(folder, recipe, reporter, signal, cudaLibraries), {
    force,
    signal,
    onWait: (holder) => reporter.notice(`${name}: waiting for ${holder}, which is setting it up`),
  });
  const seconds = (performance.now() - started) / 1000;
  return { made, folder: recipe.folder, seconds, megabytes: megabytesBelow(recipe.folder) };
}

async function build(
  folder: string,
  recipe: NativeRecipe,
  reporter: Reporter,
  signal?: AbortSignal,
  cudaLibraries?: string,
): Promise<void> {
  const linked = cudaLibraries === undefined ? undefined : requireCudaLibraries(cudaLibraries);
  const spared = linked === undefined ? 0 : NVIDIA_MEGABYTES;
  const downloadMegabytes = recipe.downloadMegabytes - spared;
  requirePrerequisites(recipe.folder, downloadMegabytes + recipe.diskMegabytes - spared);
  const stage = async (number: number, work: () => Promise<string>): Promise<void> => {
    const started = performance.now();
    const what = await work();
    const took = formatSeconds((performance.now() - started) / 1000);
    reporter.notice(`${backendTitle(recipe.kind)} ${number}/4: ${what}, ${took}`);
  };
  const library = path.join(folder, BACKEND, "node_modules", recipe.packageName);
  const wheels = `${recipe.folder}.wheels`;
  const python = findPython().command;
  await stage(1, async () => {
    await installPackages(folder, recipe, signal);
    return `${recipe.packageName} ${recipe.tfjsNodeVersion} from npm, ${megabytesBelow(folder)} MB`;
  });
  await stage(2, async () => {
    const all = path.join(nativeSources, recipe.kind, "wheels.txt");
    const requirements = linked === undefined ? all : writeTensorflowAlone(all, folder);
    const download = { python, requirements, folder: wheels, megabytes: downloadMegabytes };
    const megabytes = await downloadWheels(download, { reporter, signal });
    return `TensorFlow ${recipe.tensorflowVersion} from PyPI, ${megabytes} MB`;
  });
  await stage(3, async () => {
    await unpackWheels(python, wheels, path.join(library, "deps"), signal);
    if (linked !== undefined) linkCudaLibraries(linked, path.join(library, "deps"));
    const those = linked === undefined ? "" : `, NVIDIA's linked from ${cudaLibraries}`;
    return `libraries unpacked, ${megabytesBelow(folder)} MB${those}`;
  });
  await stage(4, async () => {
    await compileAddons(folder, library, signal);
    await tryBackend(folder, recipe, signal);
    return "addon compiled, loaded and tried";
  });
  fs.rmSync(path.join(library, "deps/include"), { recursive: true, force: true });
  fs.rmSync(wheels, { recursive: true, force: true });
}

/** The requirements of TensorFlow, with its hashes, without NVIDIA's. @returns the new file */
function writeTensorflowAlone(requirements: string, folder: string): string {
  const text = fs.readFileSync(requirements, "utf8");
  const entry = /^tensorflow==.*(?:\\\n.*)*/m.exec(text)?.[0];
  if (entry === undefined) throw new Error(`${requirements} names no tensorflow`);
  const file = path.join(folder, "wheels.txt");
  fs.writeFileSync(file, `${entry}\n`);
  return file;
}

function megabytesBelow(folder: string): number {
  return Math.round(bytesBelow(folder) / 1e6);
}

async function installPackages(folder: string, { kind }: NativeRecipe, signal?: AbortSignal): Promise<void> {
  fs.cpSync(path.join(nativeSources, "tfjs"), path.join(folder, "tfjs"), { recursive: true });
  fs.mkdirSync(path.join(folder, BACKEND));
  for (const file of ["package.json", "package-lock.json"])
    fs.copyFileSync(path.join(nativeSources, kind, file), path.join(folder, BACKEND, file));
  const npm = npmCommand();
  await runCommand(
    npm.command,
    [...npm.words, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"],
    { purpose: "installing tfjs-node with npm", cwd: path.join(folder, BACKEND), env: outerEnvironment(), signal },
  );
}

/** An npm inside an npm script would take the outer one's project and flags for its own. */
function outerEnvironment(): NodeJS.ProcessEnv {
  const local = /^npm_(config_(local_prefix|prefix|global|workspace|dry_run|json)|package_|lifecycle_)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !local.test(name)));
}

async function compileAddons(folder: string, library: string, signal?: AbortSignal): Promise<void> {
  const { command, words } = findCompiler();
  const headers = path.join(folder, BACKEND, "node_modules/node-api-headers/include");
  const common = [...words, "-O2", "-std=c++17", "-fPIC", "-shared", "-w", `-I${headers}`];
  const compile = (purpose: string, rest: readonly string[]): Promise<string> =>
    runCommand(command, [...common, ...rest], { purpose, signal });
  fs.mkdirSync(path.join(library, "lib/napi-v8"), { recursive: true });
  await compile("compiling the addon of tfjs-node", [
    "-DNAPI_VERSION=8",
    `-I${path.join(library, "deps/include")}`,
    ...["binding/tfjs_backend.cc", "binding/tfjs_binding.cc"].map((file) => path.join(library, file)),
    ...["-o", path.join(library, "lib/napi-v8/tfjs_binding.node")],
    `-L${path.join(library, "deps/lib")}`,
    "-l:libtensorflow_cc.so.2",
    "-l:libtensorflow_framework.so.2",
    "-Wl,-rpath,$ORIGIN/../../deps/lib",
  ]);
  await compile("compiling the addon that keeps TensorFlow quiet", [
    path.join(nativeSources, "quiet/quiet.cc"),
    ...["-o", path.join(folder, QUIET_ADDON), "-ldl"],
  ]);
}

/** Computes a product and a gradient in a separate process, so that a processor or C library that is too old fails here, with its name. */
async function tryBackend(folder: string, recipe: NativeRecipe, signal?: AbortSignal): Promise<void> {
  const script = `
    const tf = require(${JSON.stringify(require.resolve("@tensorflow/tfjs"))});
    const { loadNative } = require(${JSON.stringify(path.join(__dirname, "load-native"))});
    const { nativeRecipe } = require(${JSON.stringify(path.join(__dirname, "native-recipe"))});
    loadNative(${JSON.stringify(folder)}, nativeRecipe(${JSON.stringify(recipe.kind)}), tf);
    const square = tf.grad((x) => tf.matMul(x, x, false, true).sum())(tf.tensor2d([[1, 2]]));
    process.stdout.write(tf.getBackend() + " " + Array.from(square.dataSync()).join(" "));`;
  const hooks = process.execArgv.filter((word) => !word.startsWith("--test"));
  const purpose = "trying the new backend";
  const said = await runCommand(process.execPath, [...hooks, "-e", script], { purpose, signal });
  if (said !== "tensorflow 2 4") throw new UserError("environment", `${purpose} failed: it answered "${said}"`);
}
