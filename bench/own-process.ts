/** Work in a process of its own, whose peak memory is then that of the work: started with the script's name and its argument. */

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

/** What such a process prints as its last line. */
export interface Measured {
  readonly seconds: number;
  /** Of all threads, in user and system mode. */
  readonly cpuSeconds: number;
  readonly peakGigabytes: number;
  readonly note?: string;
}

/** @param script beside this file @param argument plain data */
export async function inOwnProcess(script: string, argument: object): Promise<Measured> {
  const file = path.join(__dirname, script);
  const args = ["--import", "tsx", file, JSON.stringify(argument)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 });
  return JSON.parse(stdout.trim().split("\n").pop() ?? "");
}

/** The other side: measures the work and prints the result. */
export async function measureHere(prepare: () => Promise<() => Promise<string | undefined>>): Promise<void> {
  const work = await prepare();
  const started = performance.now();
  const before = process.cpuUsage();
  const note = await work();
  const { user, system } = process.cpuUsage(before);
  const measured: Measured = {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakGigabytes: process.resourceUsage().maxRSS / 1e6,
    note,
  };
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}

/** Ends the process with its error where the work failed. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
}
