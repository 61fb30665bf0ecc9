/**
 * `npm run torture [-- KIND … --minutes M --seed S]`: what disks, networks, batch systems and attackers do to this program,
 * tried on purpose and in a reproducible order (docs/trust.md has figures). Without kinds all of them are tried. Ends with
 * status 1 where anything did not hold; files at which a reader failed are kept in out/torture.
 */

import path from "node:path";
import { parseArgs } from "node:util";
import { formatSeconds } from "../../src/running/quantities";
import { tortureByCosts } from "./costs";
import { tortureByDisk } from "./disk";
import { tryHostile } from "./hostile";
import { tortureByKills } from "./kills";
import { tortureByRanks } from "./ranks";
import { soak } from "./soak";
import type { Trial, TrialOptions } from "./trial";
import { tortureReaders } from "./watch-readers";

const KINDS: Readonly<Record<string, (options: TrialOptions) => Promise<Trial[]>>> = {
  hostile: tryHostile,
  readers: tortureReaders,
  costs: tortureByCosts,
  kills: tortureByKills,
  disk: tortureByDisk,
  ranks: tortureByRanks,
  soak,
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { minutes: { type: "string", default: "6" }, seed: { type: "string", default: "0" } },
    allowPositionals: true,
  });
  const kinds = positionals.length > 0 ? positionals : Object.keys(KINDS);
  const unknown = kinds.find((kind) => KINDS[kind] === undefined);
  const minutes = Number(values.minutes);
  if (unknown !== undefined || !(minutes > 0)) {
    console.error(`usage: npm run torture [-- ${Object.keys(KINDS).join("|")} … --minutes M --seed S]`);
    process.exitCode = 2;
    return;
  }
  const keep = path.resolve(__dirname, "../../out/torture");
  for (const kind of kinds) {
    const started = Date.now();
    const until = started + (60_000 * minutes) / kinds.length;
    const trials = await KINDS[kind]({ until, seed: Number(values.seed), keep });
    console.log(`\n${kind}, ${formatSeconds((Date.now() - started) / 1000)}`);
    for (const trial of trials) console.log(lineOf(trial));
    const failures = trials.flatMap(({ what, failures: each }) => each.map((why) => `  ${what}: ${why}`));
    for (const failure of failures) console.log(failure);
    if (failures.length > 0) process.exitCode = 1;
  }
}

function lineOf({ what, tried, read, refused, failures }: Trial): string {
  const readers = read === undefined ? "" : `  ${read} read, ${refused} refused`;
  return `  ${what.padEnd(44)} ${String(tried).padStart(7)} tried, ${failures.length} failed${readers}`;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
