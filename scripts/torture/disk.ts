/**
 * `disk`: steps on a file system that is too small for them: they end by themselves and in words, what they have written is
 * whole, and with room the same command makes the rest. Needs the right to mount (root).
 */

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Random } from "../../src/random";
import { differing, hashesOf, isClean, LABELS, SEEDS, start, TRAINING } from "./runs";
import type { Trial, TrialOptions } from "./trial";

export async function tortureByDisk({ until, seed }: TrialOptions): Promise<Trial[]> {
  const random = new Random(seed);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-disk-"));
  const disk = path.join(work, "disk");
  const outer = process.env.TMPDIR;
  process.env.TMPDIR = work; // where a training rescues its weights
  fs.mkdirSync(disk);
  const mount = (...options: string[]): boolean => spawnSync("mount", [...options, disk]).status === 0;
  const trials = [SEEDS, LABELS, TRAINING].map((run) => ({
    run,
    what: `${run.name}, full disk`,
    tried: 0,
    failures: [] as string[],
  }));
  try {
    if (!mount("-t", "tmpfs", "-o", "size=64m", "none"))
      return [{ what: "full disk: mounting needs root", tried: 0, failures: [] }];
    spawnSync("umount", [disk]);
    for (let round = 0; round < trials.length || Date.now() < until; round++) {
      const { run, failures } = trials[round % trials.length];
      const good = path.join(work, run.name);
      if (!fs.existsSync(good)) await start(run.command(good)).ended;
      const wanted = hashesOf(good);
      const kilobytes = 16 + random.integer(400);
      mount("-t", "tmpfs", "-o", `size=${kilobytes}k`, "none");
      const out = path.join(disk, "out");
      const told = (what: string): number => failures.push(`${kilobytes} kB: ${what}`);
      const first = await start(run.command(out)).ended;
      if (!isClean(first.output)) told(`a stack: ${first.output}`);
      const torn = differing(wanted, hashesOf(out)).filter(
        (name) => fs.existsSync(path.join(out, name)) && !/\.csv$|checkpoint/.test(name),
      );
      if (torn.length > 0) told(`not whole: ${torn.join(", ")}`);
      mount("-o", "remount,size=64m");
      const second = await start(run.command(out)).ended;
      if (second.status !== 0) told(`with room it ended with ${second.status}: ${second.output}`);
      const different = differing(wanted, hashesOf(out));
      if (different.length > 0) told(`other bytes: ${different.join(", ")}`);
      spawnSync("umount", [disk]);
      trials[round % trials.length].tried++;
    }
  } finally {
    if (outer === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = outer;
    spawnSync("umount", [disk]);
    fs.rmSync(work, { recursive: true, force: true });
  }
  return trials.map(({ run: _, ...trial }) => trial);
}
