/**
 * A piece of work in a process of its own, which loads one backend, may be killed when its time is over, and takes nothing
 * with it if it crashes. It prints its findings as lines of JSON; other lines are its complaints.
 */

import { spawn } from "node:child_process";
import path from "node:path";
import readline from "node:readline";
import type { CheckRow } from "./row";

/** What a process prints of a finding: everything but the section. */
export type Finding = Omit<CheckRow, "section">;

export interface Ended {
  readonly seconds: number;
  /** Absent where all went well. */
  readonly problem?: string;
}

const MARK = "a2gnn-finding ";

export function sayFinding(finding: Finding): void {
  process.stdout.write(`${MARK}${JSON.stringify(finding)}\n`);
}

/** @param script relative to the project's folder @param limit seconds, after which it is killed */
export async function runWork(
  script: string,
  words: readonly string[],
  { limit, environment = {} }: { readonly limit: number; readonly environment?: NodeJS.ProcessEnv },
  found: (line: Finding | string) => void,
): Promise<Ended> {
  const started = performance.now();
  const root = path.resolve(__dirname, "../..");
  const child = spawn(process.execPath, ["--import", "tsx", path.join(root, script), ...words], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint = `${complaint}${chunk}`.slice(-4000);
  });
  readline.createInterface(child.stdout).on("line", (line) => {
    found(line.startsWith(MARK) ? (JSON.parse(line.slice(MARK.length)) as Finding) : line);
  });
  const stop = (): boolean => child.kill("SIGKILL");
  const timer = setTimeout(stop, limit * 1000);
  process.once("exit", stop);
  const [code, killer] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once("close", (...how) => resolve(how)),
  );
  clearTimeout(timer);
  process.removeListener("exit", stop);
  const seconds = (performance.now() - started) / 1000;
  if (code === 0) return { seconds };
  const lines = complaint.trim().split("\n");
  const why = lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? "";
  const how =
    killer === "SIGKILL" && seconds >= limit ? `ended at its limit of ${limit} s` : `ended with ${killer ?? code}`;
  return { seconds, problem: `${how}${why === "" ? "" : `: ${why.trim()}`}` };
}
