/**
 * `readers`: damaged files, each read in a process that is watched. A reader may read a file or refuse it by name; it may
 * not throw anything else, crash, hang, leave a file behind (nothing in a file is ever executed), or cost out of proportion.
 */

import { type ChildProcess, fork } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { ReadOutcome } from "./reader-child";
import { READERS } from "./readers";
import type { Trial, TrialOptions } from "./trial";

/** Files that one process reads: its growth over them is measured from a warm start. */
const BATCH = 400;
/** Beyond the project's promise of 1 s per 10 MB, on a machine that does other work as well. */
const HANGS_MS = 60_000;
/** Until a process has loaded everything, on a busy machine. */
const LOADS_MS = 300_000;
const SLOW_MS = 5_000;
const GROWTH = 256 * 2 ** 20;

export async function tortureReaders({ until, seed, keep }: TrialOptions): Promise<Trial[]> {
  const trials = READERS.map(({ name }) => ({ what: name, tried: 0, refused: 0, read: 0, failures: [] as string[] }));
  for (let round = 0; round === 0 || Date.now() < until; round++)
    for (const trial of trials) {
      if (round > 0 && Date.now() >= until) break;
      const share = (until - Date.now()) / READERS.length;
      await tortureOne(trial, {
        seed: seed + round,
        keep,
        until: Date.now() + Math.max(2000, Math.min(share, 30_000)),
      });
    }
  return trials;
}

type Counts = { what: string; tried: number; refused: number; read: number; failures: string[] };

async function tortureOne(trial: Counts, { seed, keep, until }: TrialOptions): Promise<void> {
  for (let first = 0; first < BATCH; ) {
    const next = await runBatch(trial, seed, first, keep, until);
    if (next === undefined || Date.now() >= until) return;
    first = next;
  }
}

/** @returns the index to go on from where the process died or hung; undefined where it came to its end */
async function runBatch(
  trial: Counts,
  seed: number,
  first: number,
  keep: string,
  until: number,
): Promise<number | undefined> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-torture-"));
  const reader = READERS.find(({ name }) => name === trial.what);
  const child = fork(
    path.join(__dirname, "reader-child.ts"),
    [trial.what, folder, String(seed), String(first), String(BATCH - first)],
    {
      execArgv: ["--import", "tsx"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    },
  );
  let at = first - 1;
  let stopped = false;
  const fail = (index: number, why: string): void => {
    const kept = path.join(
      keep,
      `${trial.what.replaceAll(/\W+/g, "-")}-${seed}-${index}${path.extname(reader?.file ?? "")}`,
    );
    fs.mkdirSync(keep, { recursive: true });
    if (reader !== undefined && fs.existsSync(path.join(folder, reader.file)))
      fs.copyFileSync(path.join(folder, reader.file), kept);
    trial.failures.push(`${kept}: ${why}`);
  };
  const code = await new Promise<number | string | null>((resolve) => {
    let timer = setTimeout(() => end("hangs"), LOADS_MS);
    const end = (why: string): void => {
      clearTimeout(timer);
      child.removeAllListeners("message");
      kill(child);
      resolve(why);
    };
    child.on("message", (outcome: ReadOutcome) => {
      clearTimeout(timer);
      timer = setTimeout(() => end("hangs"), HANGS_MS);
      at = outcome.index;
      trial.tried++;
      if (outcome.came === "failed") fail(at, outcome.why ?? "failed");
      else trial[outcome.came]++;
      if (outcome.milliseconds > SLOW_MS)
        fail(at, `took ${(outcome.milliseconds / 1000).toFixed(1)} s for ${outcome.bytes} bytes`);
      if (outcome.grown > GROWTH + 4 * outcome.bytes)
        fail(at, `needed ${Math.round(outcome.grown / 2 ** 20)} MB for ${outcome.bytes} bytes`);
      if (Date.now() >= until) {
        stopped = true;
        end("enough");
      }
    });
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      resolve(status ?? signal);
    });
  });
  const strange = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name !== reader?.file) : [];
  if (strange.length > 0) fail(at, `left ${strange.join(", ")} behind`);
  const died = code !== 0 && !stopped;
  if (died) fail(at + 1, code === "hangs" ? `no answer after ${HANGS_MS / 1000} s` : `the process ended with ${code}`);
  if (died && at < first) trial.tried++;
  fs.rmSync(folder, { recursive: true, force: true });
  return died ? at + 2 : undefined;
}

function kill(child: ChildProcess): void {
  child.kill("SIGKILL");
}
