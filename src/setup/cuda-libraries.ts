/**
 * NVIDIA's libraries that TensorFlow opens at run time: where they are, whether they open here, and which version each is.
 * They come with the CUDA backend (3 GB), or stand on the machine already: in a PyTorch environment's `nvidia-*-cu12`
 * wheels, or in a CUDA toolkit. Then they are linked into the places where TensorFlow looks (`deps/nvidia`, its own
 * RUNPATH), in the layout of the wheels.
 */

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { UserError } from "../errors";

export interface CudaLibrary {
  /** The name by which TensorFlow opens it: its number is the only one that fits. */
  readonly soname: string;
  /** Its folder below `nvidia/` in the wheels' layout. */
  readonly part: string;
  /** A function without arguments that tells its version, and the units of its major and minor number in it. */
  readonly version?: { readonly symbol: string; readonly major: number; readonly minor: number };
  /** The oldest minor version that fits: what TensorFlow was compiled with. */
  readonly atLeast?: readonly [number, number];
}

/** In the order in which they can be opened: what another one needs comes first. */
export const CUDA_LIBRARIES: readonly CudaLibrary[] = [
  { soname: "libcudart.so.12", part: "cuda_runtime" },
  { soname: "libnvJitLink.so.12", part: "nvjitlink" },
  { soname: "libcublasLt.so.12", part: "cublas" },
  { soname: "libcublas.so.12", part: "cublas" },
  { soname: "libcufft.so.11", part: "cufft" },
  { soname: "libcusparse.so.12", part: "cusparse" },
  { soname: "libcusolver.so.11", part: "cusolver" },
  {
    soname: "libcudnn.so.9",
    part: "cudnn",
    version: { symbol: "cudnnGetVersion", major: 10_000, minor: 100 },
    atLeast: [9, 3],
  },
];

export interface FoundLibraries {
  /** Where each is, by its soname. */
  readonly files: ReadonlyMap<string, string>;
  /** Other versions of what is missing, by the soname that is wanted: `libcublas.so.13` for `libcublas.so.12`. */
  readonly others: ReadonlyMap<string, readonly string[]>;
}

/** Folders below the one that is named, in which libraries stand: of wheels, environments and toolkits. */
const PLACES = [
  "",
  "lib",
  "lib64",
  "targets/*/lib",
  "*/lib",
  "nvidia/*/lib",
  "lib/python3*/site-packages/nvidia/*/lib",
  "lib/x86_64-linux-gnu",
  "lib/aarch64-linux-gnu",
];

/** Looks for them below a folder, without opening any. */
export function findCudaLibraries(folder: string): FoundLibraries {
  const files = new Map<string, string>();
  const others = new Map<string, string[]>();
  for (const place of PLACES.flatMap((pattern) => expandPattern(path.resolve(folder), pattern)))
    for (const name of namesIn(place)) {
      const library = CUDA_LIBRARIES.find(({ soname }) => name.startsWith(`${stem(soname)}.so.`));
      if (library === undefined) continue;
      const { soname } = library;
      if (name === soname) files.set(soname, files.get(soname) ?? path.join(place, name));
      else if (!name.startsWith(`${soname}.`)) others.set(soname, [...(others.get(soname) ?? []), name]);
    }
  return { files, others };
}

export interface OpenedLibrary {
  readonly soname: string;
  /** Absent where it was not found. */
  readonly file?: string;
  readonly version?: string;
  /** Why it cannot be used; absent where it can. */
  readonly problem?: string;
}

/** Opens them in a process of its own, one after the other, and asks for their versions. */
export function openCudaLibraries({ files, others }: FoundLibraries): OpenedLibrary[] {
  const asked = CUDA_LIBRARIES.filter(({ soname }) => files.has(soname)).map((library) => ({
    file: files.get(library.soname) as string,
    symbol: library.version?.symbol,
  }));
  const script = `
    const koffi = require(${JSON.stringify(require.resolve("koffi"))});
    for (const { file, symbol } of ${JSON.stringify(asked)}) {
      try {
        const library = koffi.load(file, { global: true });
        process.stdout.write(JSON.stringify({ file, told: symbol && Number(library.func(symbol, "size_t", [])()) }) + "\\n");
      } catch (error) {
        process.stdout.write(JSON.stringify({ file, problem: error.message }) + "\\n");
      }
    }`;
  const { stdout } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8", timeout: 120_000 });
  const answers = new Map<string, { told?: number; problem?: string }>();
  for (const line of (stdout ?? "").split("\n").filter((each) => each.startsWith("{"))) {
    const { file, ...answer } = JSON.parse(line) as { file: string; told?: number; problem?: string };
    answers.set(file, answer);
  }
  return CUDA_LIBRARIES.map((library): OpenedLibrary => {
    const { soname } = library;
    const file = files.get(soname);
    if (file === undefined) {
      const near = others.get(soname);
      const problem = near === undefined ? "not found" : `not found, only ${[...new Set(near)].join(", ")}`;
      return { soname, problem };
    }
    const { told, problem } = answers.get(file) ?? { problem: "the process that opened it crashed" };
    return problem === undefined ? { soname, file, ...judged(library, told) } : { soname, file, problem };
  });
}

/** The first that cannot be used, in words, or undefined. */
export function firstProblem(opened: readonly OpenedLibrary[]): string | undefined {
  const bad = opened.find(({ problem }) => problem !== undefined);
  return bad && `${bad.soname}: ${bad.problem}${bad.file === undefined ? "" : ` (${bad.file})`}`;
}

/**
 * The libraries below a folder, all of which open and fit.
 * @throws UserError "environment" that lists what was found and what was not
 */
export function requireCudaLibraries(folder: string): FoundLibraries {
  if (!fs.existsSync(folder)) throw new UserError("environment", `--cuda-libraries: there is no folder ${folder}`);
  const found = findCudaLibraries(folder);
  const opened = openCudaLibraries(found);
  if (firstProblem(opened) === undefined) return found;
  const lines = opened.map(({ soname, file, version, problem }) =>
    [`  ${problem === undefined ? "ok     " : "MISSING"}  ${soname.padEnd(20)}`, problem ?? version, file]
      .filter((part) => part !== undefined)
      .join("  "),
  );
  throw new UserError(
    "environment",
    `--cuda-libraries ${folder}: TensorFlow needs CUDA 12 and cuDNN 9.3 or newer of it:\n${lines.join("\n")}\n` +
      "Name a folder that holds them (a Python environment with nvidia-*-cu12 wheels, a CUDA 12 toolkit beside cuDNN 9), or leave the option out: setup --gpu then fetches its own.",
  );
}

/**
 * Links the libraries to where TensorFlow looks, with what stands beside them under the same version (cuDNN opens parts of
 * itself by name).
 * @param deps the folder `deps` of tfjs-node-gpu
 */
export function linkCudaLibraries({ files }: FoundLibraries, deps: string): void {
  for (const { soname, part } of CUDA_LIBRARIES) {
    const file = files.get(soname);
    if (file === undefined) continue;
    const target = path.join(deps, "nvidia", part, "lib");
    fs.mkdirSync(target, { recursive: true });
    const beside = namesIn(path.dirname(file)).filter(
      (name) => name === soname || (part === "cudnn" && /^libcudnn.*\.so\.9$/.test(name)),
    );
    for (const name of beside) {
      const link = path.join(target, name);
      fs.rmSync(link, { force: true });
      fs.symlinkSync(path.join(path.dirname(file), name), link);
    }
  }
}

/** What a version number means, and whether it is new enough. */
function judged(
  { version, atLeast, soname }: CudaLibrary,
  told: number | undefined,
): Pick<OpenedLibrary, "version" | "problem"> {
  if (version === undefined || told === undefined) return { version: /\d+$/.exec(soname)?.[0] };
  const [major, minor] = [Math.floor(told / version.major), Math.floor((told % version.major) / version.minor)];
  const fits = atLeast === undefined || (major === atLeast[0] && minor >= atLeast[1]);
  const found = `${major}.${minor}`;
  return fits
    ? { version: found }
    : { version: found, problem: `version ${found}, needs ${atLeast.join(".")} or newer` };
}

function stem(soname: string): string {
  return soname.slice(0, soname.indexOf(".so"));
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Folders below `root` that a pattern with `*` in its parts names; in order. */
function expandPattern(root: string, pattern: string): string[] {
  if (pattern === "") return [root];
  const [first, ...rest] = pattern.split("/");
  const begins = first.split("*")[0];
  const names = first.includes("*") ? namesIn(root).filter((name) => name.startsWith(begins)) : [first];
  return names
    .map((name) => path.join(root, name))
    .filter((folder) => fs.existsSync(folder))
    .flatMap((folder) => expandPattern(folder, rest.join("/")));
}
