/**
 * `kills`: a step killed at random moments, and right after it has written or renamed something, then started again until it
 * ends: its results are those of a run that nothing happened to, and nothing half written is left. And two runs at once
 * with settings of their own: one is refused, and the other's results are its own.
 */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Random } from "../../src/random";
import { differing, hashesOf, isClean, killAll, LABELS, SEEDS, start, type TortureRun, TRAINING } from "./runs";
import type { Trial, TrialOptions } from "./trial";

const MOST_KILLS = 3;

export async function tortureByKills({ until, seed }: TrialOptions): Promise<Trial[]> {
  const random = new Random(seed);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-kills-"));
  const trials: Trial[] = [];
  try {
    const runs = [SEEDS, LABELS, TRAINING];
    const goods = new Map<TortureRun, { hashes: Record<string, string>; milliseconds: number }>();
    for (const run of runs) {
      const out = path.join(work, run.name);
      const { status, output, milliseconds } = await start(run.command(out)).ended;
      if (status !== 0) throw new Error(`${run.name} ended with ${status}: ${output}`);
      goods.set(run, { hashes: hashesOf(out), milliseconds });
    }
    const counts = new Map(
      runs.map((run) => [run, { what: `${run.name}, killed`, tried: 0, failures: [] as string[] }]),
    );
    trials.push(...counts.values());
    for (let round = 0; round < runs.length || Date.now() < until; round++) {
      const run = runs[round % runs.length];
      const { hashes, milliseconds } = goods.get(run) as { hashes: Record<string, string>; milliseconds: number };
      const counted = counts.get(run) as { tried: number; failures: string[] };
      const why = await killAndResume(run, path.join(work, "trial"), hashes, milliseconds, random);
      counted.tried++;
      if (why !== undefined) counted.failures.push(`round ${round}: ${why}`);
    }
    trials.push(await twoAtOnce(path.join(work, "two")));
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  return trials;
}

// --- internal ---

/** @returns what is wrong, or undefined */
async function killAndResume(
  run: TortureRun,
  out: string,
  wanted: Readonly<Record<string, string>>,
  milliseconds: number,
  random: Random,
): Promise<string | undefined> {
  fs.rmSync(out, { recursive: true, force: true });
  for (let left = 1 + random.integer(MOST_KILLS); left > 0; left--) {
    const { child, ended } = start(run.command(out));
    const aimed = random.uniform() < 0.5 ? onChange(out, 1 + random.integer(20), () => killAll(child)) : undefined;
    const timer = setTimeout(
      () => killAll(child),
      aimed === undefined ? milliseconds * random.uniform() : milliseconds * 2,
    );
    const { status, output } = await ended;
    clearTimeout(timer);
    aimed?.();
    if (!isClean(output)) return `a stack: ${output}`;
    if (status === 0) break;
  }
  const { status, output } = await start(run.command(out)).ended;
  if (status !== 0) return `started again it ended with ${status}: ${output}`;
  const different = differing(wanted, hashesOf(out));
  if (different.length > 0) return `other bytes: ${different.join(", ")}`;
  const left = fs.readdirSync(out, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tmp"));
  return left.length > 0 ? `left behind: ${left.join(", ")}` : undefined;
}

/** Calls `act` at the n-th change in a folder, which need not exist yet. @returns how to stop looking */
function onChange(folder: string, n: number, act: () => void): () => void {
  fs.mkdirSync(folder, { recursive: true });
  let seen = 0;
  const watcher = fs.watch(folder, () => {
    if (++seen === n) act();
  });
  return () => watcher.close();
}

async function twoAtOnce(work: string): Promise<Trial> {
  const failures: string[] = [];
  const out = path.join(work, "out");
  const other = (folder: string): string[] => [...LABELS.command(folder), "--epochs", "3"];
  const results = await Promise.all([start(LABELS.command(out)).ended, start(other(out)).ended]);
  const winners = results.filter(({ status }) => status === 0);
  if (winners.length !== 1) failures.push(`${winners.length} of 2 runs were let in`);
  if (!results.some(({ output }) => /with other settings: wait for it/.test(output)))
    failures.push("nobody was refused");
  const alone = path.join(work, "alone");
  await start(results[0].status === 0 ? LABELS.command(alone) : other(alone)).ended;
  const different = differing(hashesOf(alone), hashesOf(out));
  if (different.length > 0) failures.push(`other bytes: ${different.join(", ")}`);
  return { what: "two runs at once", tried: 1, failures };
}
