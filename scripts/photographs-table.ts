/**
 * The table of docs/photographs.md from what `measure-photographs.ts` has labelled: rows on the photographs that all of the
 * named rows have, so that they can be compared.
 *
 *     npx tsx scripts/photographs-table.ts DATA OUT TABLE.json SET box/filled box/handcrafted@0,1 network=FOLDER …
 *
 * A row is KIND/VARIANT, with seeds behind @ (default 0), or NAME=FOLDER for labels from elsewhere. Replaces the rows of
 * SET in TABLE.json and prints them in Markdown.
 */

import fs from "node:fs/promises";
import path from "node:path";

import { writeAtomic } from "../src/atomic-write";
import { type DatasetDescription, readDataset } from "../src/data/dataset";
import { readLabel } from "../src/data/label-png";
import type { Confusion } from "../src/miou";
import { confusionOf, ownScore, scored } from "./photographs/scores";

interface TableRow {
  readonly set: string;
  readonly name: string;
  readonly photographs: number;
  readonly seeds: number;
  /** Percent, the mean over seeds. */
  readonly mIoU: number;
  readonly interval: readonly [number, number];
  readonly accuracy: number;
  readonly cpuSeconds: number | null;
}

async function main([root, out, table, set, ...words]: readonly string[]): Promise<void> {
  const dataset = await readDataset(root);
  const asked = words.map((word) => {
    const [name, place] = word.split("=");
    if (place !== undefined) return { name, folders: [place] };
    const [row, seeds = "0"] = word.split("@");
    return { name: row, folders: seeds.split(",").map((seed) => path.join(out, row, seed)) };
  });
  let ids: string[] | undefined;
  for (const folder of asked.flatMap(({ folders }) => folders)) {
    const names = (await fs.readdir(folder)).filter((name) => name.endsWith(".png")).map((name) => name.slice(0, -4));
    ids = ids === undefined ? names : ids.filter((id) => names.includes(id));
  }
  const common = (ids ?? []).sort();
  const rows: TableRow[] = [];
  for (const { name, folders } of asked) rows.push(await rowOf(set, name, folders, common, root, dataset));
  const earlier: TableRow[] = JSON.parse(await fs.readFile(table, "utf8").catch(() => "[]"));
  const kept = earlier.filter((row) => row.set !== set || !rows.some(({ name }) => name === row.name));
  await writeAtomic(table, `${JSON.stringify([...kept, ...rows], null, 1)}\n`);
  process.stdout.write(
    "| | photographs | seeds | mIoU | 95 % | pixels right | CPU s |\n|---|---:|---:|---:|---:|---:|---:|\n",
  );
  for (const row of rows)
    process.stdout.write(
      `| ${row.name} | ${row.photographs} | ${row.seeds} | ${row.mIoU.toFixed(1)} | ${row.interval.map((value) => value.toFixed(1)).join("–")} | ${row.accuracy.toFixed(1)} | ${row.cpuSeconds?.toFixed(1) ?? "–"} |\n`,
    );
}

async function rowOf(
  set: string,
  name: string,
  folders: readonly string[],
  ids: readonly string[],
  root: string,
  dataset: DatasetDescription,
): Promise<TableRow> {
  const results = [];
  const seconds: number[] = [];
  for (const folder of folders) {
    const confusions: Confusion[] = [];
    const own: [number, string][] = [];
    for (const id of ids) {
      const truth = await readLabel(path.join(root, "SegmentationClass", `${id}.png`));
      const confusion = confusionOf(truth.data, (await readLabel(path.join(folder, `${id}.png`))).data, dataset, id);
      confusions.push(confusion);
      own.push([ownScore(confusion, dataset), id]);
      const record = await fs.readFile(path.join(folder, `${id}.json`), "utf8").catch(() => undefined);
      if (record !== undefined) seconds.push(JSON.parse(record).cpuSeconds);
    }
    own.sort(([a], [b]) => b - a);
    const shown = [own[0], own[Math.floor(own.length / 2)], own[own.length - 1]];
    process.stderr.write(`${name}: ${shown.map(([score, id]) => `${id} ${(100 * score).toFixed(0)}`).join(", ")}\n`);
    results.push(scored(confusions, dataset));
  }
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  return {
    set,
    name,
    photographs: ids.length,
    seeds: folders.length,
    mIoU: mean(results.map(({ mIoU }) => mIoU)),
    interval: [mean(results.map(({ interval }) => interval[0])), mean(results.map(({ interval }) => interval[1]))],
    accuracy: mean(results.map(({ accuracy }) => accuracy)),
    cpuSeconds: seconds.length === 0 ? null : mean(seconds),
  };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
