/** `ranks`: of two processes that train together one is killed: the other ends as well, and started again both come to the same weights. */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Random } from "../../src/random";
import { findMpi } from "../../src/setup/mpi";
import { differing, hashesOf, killAll, start, TRAINING } from "./runs";
import type { Trial, TrialOptions } from "./trial";

const PATIENCE_MS = 60_000;

export async function tortureByRanks({ until, seed }: TrialOptions): Promise<Trial[]> {
  const trial = { what: "train-affinity, a rank killed", tried: 0, failures: [] as string[] };
  if (findMpi() === undefined) return [{ ...trial, what: "ranks: a2gnn setup --mpi fetches what they need" }];
  const random = new Random(seed);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-ranks-"));
  const command = (out: string): string[] => [...TRAINING.command(out), "--gpus", "2"];
  try {
    const good = path.join(work, "good");
    const { milliseconds } = await start(command(good)).ended;
    const wanted = hashesOf(good);
    for (let round = 0; round === 0 || Date.now() < until; round++) {
      const out = path.join(work, String(round));
      const { child, ended } = start(command(out));
      const timer = setTimeout(
        () => killOneRank(child.pid ?? 0, random),
        milliseconds * (0.3 + 0.7 * random.uniform()),
      );
      const patience = setTimeout(() => {
        trial.failures.push(`round ${round}: no end ${PATIENCE_MS / 1000} s after a rank was killed`);
        killAll(child);
      }, milliseconds + PATIENCE_MS);
      await ended;
      clearTimeout(timer);
      clearTimeout(patience);
      const { status, output } = await start(command(out)).ended;
      if (status !== 0) trial.failures.push(`round ${round}: started again it ended with ${status}: ${output}`);
      const different = differing(wanted, hashesOf(out));
      if (different.length > 0) trial.failures.push(`round ${round}: other bytes: ${different.join(", ")}`);
      trial.tried++;
    }
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  return [trial];
}

/** The processes that a training has started through mpiexec are `rank.js`. */
function killOneRank(pid: number, random: Random): void {
  const ranks = descendants(pid).filter((each) => commandOf(each).includes("rank.js"));
  const chosen = ranks[random.integer(Math.max(1, ranks.length))];
  try {
    if (chosen !== undefined) process.kill(chosen, "SIGKILL");
  } catch {
    // ended by itself
  }
}

function descendants(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!fs.existsSync(file)) return [];
  const children = fs.readFileSync(file, "utf8").trim().split(" ").filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function commandOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
