/**
 * `costs`: files that once cost out of proportion are read in a process of their own, whose processor time and peak are
 * held against the ceiling for any reader: four times the file and 64 MB, one second for 10 MB.
 */

import { fork } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Cost } from "./cost-child";
import { EXPENSIVE, type Expensive, writeExpensive } from "./expensive";
import type { Trial } from "./trial";

const MEGABYTE = 2 ** 20;
/** Below that a clock tells nothing of a reader. */
const LEAST_SECONDS = 1;
/** What the same work takes of the processor beside other work, which shares its caches. */
const BUSY = 2;

export async function tortureByCosts(): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const each of EXPENSIVE) {
    const { came, cpuSeconds, grown, bytes } = await costOf(each);
    const size = bytes + (each.pixels ?? 0);
    const [seconds, memory] = [Math.max(LEAST_SECONDS, size / 10e6), 4 * size + 64 * MEGABYTE];
    const failures = [
      ...(cpuSeconds > BUSY * seconds ? [`more than ${seconds.toFixed(1)} s`] : []),
      ...(grown > memory ? [`more than ${Math.round(memory / MEGABYTE)} MB`] : []),
      ...(came === "read" || came.startsWith("UserError") ? [] : [came]),
    ];
    const cost = `${cpuSeconds.toFixed(2)} s, +${Math.round(grown / MEGABYTE)} MB`;
    const answer = came === "read" ? { read: 1, refused: 0 } : { read: 0, refused: 1 };
    trials.push({ what: `${each.name}: ${cost}`, tried: 1, ...answer, failures });
  }
  return trials;
}

async function costOf(each: Expensive): Promise<Cost> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-costs-"));
  try {
    writeExpensive(each, path.join(folder, each.file), 1e-4);
    const child = fork(path.join(__dirname, "cost-child.ts"), [each.name, folder], {
      execArgv: ["--expose-gc", "--import", "tsx"],
    });
    return await new Promise<Cost>((resolve, reject) => {
      child.once("message", (cost: Cost) => resolve(cost));
      child.once("close", (status, signal) => reject(new Error(`${each.name}: ended with ${status ?? signal}`)));
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
