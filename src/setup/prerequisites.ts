/**
 * What the set-up needs and cannot install itself, each with the command that installs it on this system: Linux with the
 * GNU C library, Python with pip (to download wheels, nothing is installed into it), a C++ compiler, disk space.
 */

import fs from "node:fs";
import path from "node:path";
import { UserError } from "../errors";
import { installCommand } from "./install-command";
import { probeCommand } from "./run-command";

export interface Prerequisite {
  readonly name: string;
  readonly ok: boolean;
  /** The version or path that was found, or what is wrong. */
  readonly found: string;
  /** What to do when it is not ok. */
  readonly how: string;
}

/** All of them, checked now (about 0.3 s). */
export function checkPrerequisites(env: NodeJS.ProcessEnv = process.env): Prerequisite[] {
  return [checkSystem(), checkPython(env), checkPip(env), checkCompiler(env)];
}

/** @throws UserError "environment" that names everything missing and how to get it */
export function requirePrerequisites(folder: string, megabytes: number, env: NodeJS.ProcessEnv = process.env): void {
  const missing = [...checkPrerequisites(env), checkDisk(folder, megabytes)].filter((each) => !each.ok);
  if (missing.length === 0) return;
  const lines = missing.map(({ name, found, how }) => `  ${name}: ${found}. ${how}`);
  throw new UserError(
    "environment",
    `the native backend cannot be set up yet:\n${lines.join("\n")}\nThen run the same command again. Without it, --backend cpu computes in plain JavaScript, far more slowly.`,
  );
}

export interface FoundCommand {
  readonly command: string;
  readonly words: readonly string[];
}

/** The Python to call: `$PYTHON` or the first on the path that is new enough, preferring one that has pip. */
export function findPython(env: NodeJS.ProcessEnv = process.env): FoundCommand & { version?: string; pip?: string } {
  const names = [env.PYTHON, "python3", "python", "python3.13", "python3.12", "python3.11", "python3.10"];
  const found = [];
  for (const command of names.filter((name) => name !== undefined && name !== "") as string[]) {
    const version = probeCommand(command, ["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"], env);
    if (version === undefined) continue;
    const pip = probeCommand(command, ["-m", "pip", "--version"], env)?.split(" ")[1];
    found.push({ command, words: [], version, pip });
    if (isAtLeast(version, 3, 10) && pip !== undefined) break;
  }
  const score = (each: { version: string; pip?: string }): number =>
    (isAtLeast(each.version, 3, 10) ? 2 : 0) + (each.pip === undefined ? 0 : 1);
  return found.sort((a, b) => score(b) - score(a))[0] ?? { command: "python3", words: [] };
}

/** The C++ compiler to call: `$CXX` or the first on the path that compiles C++17. */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): FoundCommand & { version?: string } {
  const program = "#include <string>\n#include <optional>\nstd::optional<std::string> s;\n";
  for (const line of [env.CXX, "c++", "g++", "clang++"]) {
    const [command, ...words] = (line ?? "").split(" ").filter((word) => word !== "");
    if (command === undefined) continue;
    if (probeCommand(command, [...words, "-std=c++17", "-fsyntax-only", "-x", "c++", "-"], env, program) === undefined)
      continue;
    return { command, words, version: probeCommand(command, [...words, "--version"], env)?.split("\n")[0] ?? command };
  }
  return { command: "c++", words: [] };
}

function checkSystem(): Prerequisite {
  const name = "Linux with glibc";
  const how =
    "TensorFlow's libraries are used as built for Linux (x64 with AVX, or arm64) with glibc 2.28 or newer; elsewhere work in a Linux container or WSL.";
  if (process.platform !== "linux") return { name, ok: false, found: process.platform, how };
  if (!["x64", "arm64"].includes(process.arch)) return { name, ok: false, found: process.arch, how };
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  const glibc = report?.header?.glibcVersionRuntime;
  if (glibc === undefined) return { name, ok: false, found: "another C library (musl)", how };
  if (!isAtLeast(glibc, 2, 28)) return { name, ok: false, found: `glibc ${glibc}`, how };
  if (process.arch === "x64" && !hasAvx()) return { name, ok: false, found: "a processor without AVX", how };
  return { name, ok: true, found: `${process.arch}, glibc ${glibc}`, how };
}

function hasAvx(): boolean {
  try {
    return /^flags\s*:.*\bavx\b/m.test(fs.readFileSync("/proc/cpuinfo", "utf8"));
  } catch {
    return true; // unknown here: the trial at the end of the set-up will show it
  }
}

function checkPython(env: NodeJS.ProcessEnv): Prerequisite {
  const { command, version } = findPython(env);
  const how = installCommand("python");
  if (version === undefined) return { name: "Python 3.10 or newer", ok: false, found: "not found", how };
  return { name: "Python 3.10 or newer", ok: isAtLeast(version, 3, 10), found: `${version} (${command})`, how };
}

function checkPip(env: NodeJS.ProcessEnv): Prerequisite {
  const { command, version, pip } = findPython(env);
  const how = installCommand("pip");
  if (pip === undefined) return { name: "pip", ok: false, found: version ? `${command} has none` : "not found", how };
  return { name: "pip", ok: isAtLeast(pip, 20, 3), found: isAtLeast(pip, 20, 3) ? pip : `${pip}, needs 20.3`, how };
}

function checkCompiler(env: NodeJS.ProcessEnv): Prerequisite {
  const { version } = findCompiler(env);
  const found = version ?? "none that compiles C++17";
  return { name: "C++ compiler", ok: version !== undefined, found, how: installCommand("compiler") };
}

function checkDisk(folder: string, megabytes: number): Prerequisite {
  let place = path.resolve(folder);
  while (!fs.existsSync(place)) place = path.dirname(place);
  const { bavail, bsize } = fs.statfsSync(place);
  const free = Math.floor((bavail * bsize) / 1e6);
  const how = `Free ${megabytes} MB there, or choose another place with A2GNN_CACHE=FOLDER.`;
  return { name: "disk space", ok: free >= megabytes, found: `${free} MB free at ${place}`, how };
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [a, b] = version.split(".").map(Number);
  return a > major || (a === major && (b ?? 0) >= minor);
}
