/**
 * Whether two checkouts compute the same bytes: a small but complete run of every step in a checkout, and one SHA-256 of
 * each file that it wrote. The command line is started as a process, so that the sources of the other checkout may be
 * arranged in any way; everything runs in one folder, on a copy of one data set.
 *
 * usage: same-bytes.ts [--checkout DIR] [--out FILE] [--against FILE] [--only NAME,…] [--keep DIR] [--threads N]
 *   --checkout  the clone whose dist/cli.js runs, built before [default: this one]
 *   --out       where the hashes are written, as JSON [default: out/same-bytes.json]
 *   --against   hashes of an earlier run; names every file that differs and ends with status 1 if there is one
 *   --only      these runs alone and those that they build upon
 *   --keep      the folder to run in, which then stays; must not exist yet
 *   --threads   of TensorFlow [default: 1]; with --against it tells which results depend on their number
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { GRID, RUNS, type Run } from "./same-bytes-runs";

const root = path.resolve(__dirname, "..");

/** From file name to hash, and for information the seconds of each run. */
interface Hashes {
  readonly files: Readonly<Record<string, string>>;
  readonly seconds: Readonly<Record<string, number>>;
}

/** These files tell of the clock, the machine or the options, or show in other words what a file beside them holds. */
const NO_RESULT = [
  /\.tensorboard\//,
  /(^|\/)(run|settings|summary|result|ablation)\.json$/,
  /(^|\/)ablation\.(md|svg)$/,
  /\.(html|log|lock)$/,
  /(^|\/)\.(a2gnn|old)\//,
];

function main(): void {
  const { values } = parseArgs({
    options: {
      checkout: { type: "string", default: root },
      out: { type: "string", default: path.join(root, "out/same-bytes.json") },
      against: { type: "string" },
      only: { type: "string" },
      keep: { type: "string" },
      threads: { type: "string", default: "1" },
    },
  });
  const before = values.against === undefined ? undefined : readHashes(values.against);
  const folder = workingFolder(values.keep);
  try {
    const hashes = hashesOf(chosen(values.only), path.resolve(values.checkout), folder, values.threads);
    fs.mkdirSync(path.dirname(values.out), { recursive: true });
    fs.writeFileSync(values.out, `${JSON.stringify(hashes, undefined, 1)}\n`);
    console.log(
      `${Object.keys(hashes.files).length} files of ${Object.keys(hashes.seconds).length} runs: ${values.out}`,
    );
    if (before !== undefined && !report(before, hashes)) process.exitCode = 1;
  } finally {
    if (values.keep === undefined) fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder with a copy of data/mini, a list of two of its images, and the grid. */
function workingFolder(keep: string | undefined): string {
  const folder = keep === undefined ? fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-same-bytes-")) : path.resolve(keep);
  if (keep !== undefined) fs.mkdirSync(folder, { recursive: false });
  fs.cpSync(path.join(root, "data/mini"), path.join(folder, "data"), { recursive: true });
  fs.writeFileSync(path.join(folder, "data/ImageSets/Segmentation/few.txt"), "mini_0001\nmini_0003\n");
  fs.writeFileSync(path.join(folder, "grid.json"), JSON.stringify(GRID));
  return folder;
}

/** The runs that are named, and before each the ones whose files it reads. */
function chosen(only: string | undefined): readonly Run[] {
  if (only === undefined) return RUNS;
  const wanted = new Set(only.split(","));
  const unknown = [...wanted].filter((name) => RUNS.every((run) => run.name !== name));
  if (unknown.length > 0)
    throw new Error(`no run is named ${unknown.join(", ")}; there are ${RUNS.map(({ name }) => name).join(", ")}`);
  for (const run of [...RUNS].reverse()) if (wanted.has(run.name)) for (const name of needs(run)) wanted.add(name);
  return RUNS.filter(({ name }) => wanted.has(name));
}

/** A run reads the output of every run whose folder its command names. */
function needs({ name, command, after = [] }: Run): readonly string[] {
  const read = RUNS.filter((run) => run.name !== name && command.some((word) => word.startsWith(`out/${run.name}/`) || word === `out/${run.name}`)); // biome-ignore format: one line
  return [...after, ...read.map((run) => run.name)];
}

function hashesOf(runs: readonly Run[], checkout: string, folder: string, threads: string): Hashes {
  const seconds: Record<string, number> = {};
  for (const { name, command } of runs) {
    const start = performance.now();
    const words = [path.join(checkout, "dist/cli.js"), ...command, "--threads", threads, "--quiet"];
    const { status, stderr, error } = spawnSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
    if (status !== 0)
      throw new Error(`${name} ended with ${status}: ${error?.message ?? stderr}\n${command.join(" ")}`);
    seconds[name] = Math.round((performance.now() - start) / 100) / 10;
    process.stderr.write(`${name} ${seconds[name]} s\n`);
  }
  const files = fs
    .readdirSync(path.join(folder, "out"), { recursive: true, encoding: "utf8" })
    .filter((file) => fs.statSync(path.join(folder, "out", file)).isFile())
    .filter((file) => !NO_RESULT.some((pattern) => pattern.test(file)))
    .sort();
  return {
    files: Object.fromEntries(files.map((file) => [nameOf(file), hashOf(path.join(folder, "out", file))])),
    seconds,
  };
}

/** Without the digest of an ablation's options, which changes with their names. */
function nameOf(file: string): string {
  return file.replace(/\/[0-9a-f]{8}-seed-/, "/seed-");
}

function hashOf(file: string): string {
  const bytes = fs.readFileSync(file);
  return createHash("sha256")
    .update(file.endsWith(".csv") ? withoutClock(bytes.toString("utf8")) : bytes.subarray(recordBytes(file, bytes)))
    .update(file.endsWith(".safetensors") ? tensorsOf(bytes) : "")
    .digest("hex");
}

/** Bytes of a safetensors file's header, whose record of the settings changes with every new option. */
function recordBytes(file: string, bytes: Buffer): number {
  return file.endsWith(".safetensors") ? 8 + Number(bytes.readBigUInt64LE(0)) : 0;
}

/** Names, types, shapes and places of a safetensors file's tensors. */
function tensorsOf(bytes: Buffer): string {
  const header = JSON.parse(bytes.toString("utf8", 8, recordBytes(".safetensors", bytes))) as Record<string, unknown>;
  const { __metadata__, ...tensors } = header;
  return JSON.stringify(tensors);
}

/** A CSV table without the columns that the clock fills. */
function withoutClock(text: string): string {
  const rows = text.split("\n").map((line) => line.split(","));
  const kept = (rows[0] ?? []).map((heading) => !/second|time/i.test(heading));
  return rows.map((row) => row.filter((_, column) => kept[column] !== false).join(",")).join("\n");
}

function readHashes(file: string): Hashes {
  return JSON.parse(fs.readFileSync(file, "utf8")) as Hashes;
}

/** Names what differs, what is new and what is gone, among the runs of this time. @returns whether all is the same */
function report(before: Hashes, now: Hashes): boolean {
  const ran = Object.keys(now.seconds).length === Object.keys(before.seconds).length;
  const known = Object.keys(before.files).filter((file) => ran || file in now.files);
  const gone = known.filter((file) => !(file in now.files));
  const differing = known.filter((file) => file in now.files && now.files[file] !== before.files[file]);
  const added = Object.keys(now.files).filter((file) => !(file in before.files));
  for (const [what, files] of Object.entries({ differs: differing, "is gone": gone, "is new": added }))
    for (const file of files) console.log(`${file} ${what}`);
  console.log(`${known.length - gone.length - differing.length} of ${known.length} files are the same`);
  return gone.length + differing.length + added.length === 0;
}

main();
