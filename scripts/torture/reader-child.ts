/**
 * Reads damaged files of one kind, one after the other, and tells after each what came of it: the process that watches
 * (watch-readers.ts) knows by that which file it was where this one hangs or dies.
 *
 * usage: reader-child.ts READER FOLDER SEED FIRST COUNT
 */

import fs from "node:fs";
import path from "node:path";
import { UserError } from "../../src/errors";
import { Random } from "../../src/random";
import { mutated } from "./mutate";
import { READERS } from "./readers";

/** What came of one file. */
export interface ReadOutcome {
  readonly index: number;
  readonly came: "read" | "refused" | "failed";
  readonly why?: string;
  readonly milliseconds: number;
  /** Growth of the process, in bytes. */
  readonly grown: number;
  readonly bytes: number;
}

async function main([name, folder, seed, first, count]: readonly string[]): Promise<void> {
  const reader = READERS.find((each) => each.name === name);
  if (reader === undefined) throw new Error(`no reader "${name}"`);
  const file = path.join(folder, reader.file);
  await reader.sample(file);
  await reader.read(file, folder); // the sample is good, and everything is loaded
  const good = fs.readFileSync(file);
  for (let index = Number(first); index < Number(first) + Number(count); index++) {
    const bad = mutated(good, new Random(Number(seed) * 1_000_003 + index));
    fs.writeFileSync(file, bad);
    const before = process.memoryUsage().rss;
    const started = process.cpuUsage();
    const { came, why } = await outcomeOf(() => reader.read(file, folder));
    const outcome: ReadOutcome = {
      index,
      came,
      why,
      milliseconds: cpuMilliseconds(started),
      grown: Math.max(0, process.memoryUsage().rss - before),
      bytes: bad.length,
    };
    await new Promise((resolve) => process.send?.(outcome, resolve));
  }
  process.disconnect?.();
}

/** Of the processor, not of the clock: other work on the machine does not count. */
function cpuMilliseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

async function outcomeOf(read: () => Promise<unknown>): Promise<Pick<ReadOutcome, "came" | "why">> {
  try {
    await read();
    return { came: "read" };
  } catch (error) {
    if (error instanceof UserError) return { came: "refused" };
    return { came: "failed", why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
