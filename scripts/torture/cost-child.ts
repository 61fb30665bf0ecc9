/**
 * Reads one expensive file and tells what that cost beyond what a small file of its kind does.
 *
 * usage: cost-child.ts NAME FOLDER
 */

import fs from "node:fs";
import path from "node:path";
import { EXPENSIVE, writeExpensive } from "./expensive";

export interface Cost {
  /** "read", or why not. */
  readonly came: string;
  readonly cpuSeconds: number;
  /** Peak of the process above what it held before, in bytes. */
  readonly grown: number;
  readonly bytes: number;
}

async function main([name, folder]: readonly string[]): Promise<void> {
  const each = EXPENSIVE.find((one) => one.name === name);
  if (each === undefined) throw new Error(`no expensive file "${name}"`);
  const file = path.join(folder, each.file);
  await each.read(file).catch(() => undefined); // the small one: everything is loaded
  writeExpensive(each, file, 1);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const since = process.cpuUsage();
  const came = await each.read(file).then(
    () => "read",
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  );
  const { user, system } = process.cpuUsage(since);
  const grown = Math.max(0, process.resourceUsage().maxRSS * 1024 - before);
  const cost: Cost = { came, cpuSeconds: (user + system) / 1e6, grown, bytes: fs.statSync(file).size };
  process.send?.(cost, () => process.disconnect());
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
