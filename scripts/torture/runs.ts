/** Small runs of steps as processes, and the hashes of what they wrote. */

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const ROOT = path.resolve(__dirname, "../..");
const MINI = path.join(ROOT, "data/mini");

export interface TortureRun {
  readonly name: string;
  /** @param out folder of its results */
  command(out: string): readonly string[];
}

const few = ["--voc12-root", MINI, "--infer-list", path.join(ROOT, "scripts/torture/few.txt")];
const training = [
  "--voc12-root",
  MINI,
  "--train-list",
  path.join(ROOT, "scripts/torture/few.txt"),
  "--weights",
  "none",
];

export const SEEDS: TortureRun = {
  name: "make-seeds",
  command: (out) => ["make-seeds", "--supervision", "box", ...few, "--save-path", out, "--overlay", `${out}/pictures`],
};

export const LABELS: TortureRun = {
  name: "make-pseudo-labels",
  command: (out) => [
    ...["make-pseudo-labels", "--supervision", "box", ...few, "--features", "handcrafted", "--epochs", "2"],
    ...["--hidden", "8", "--save-path", out, "--out-prob", `${out}/probabilities`, "--threads", "1"],
  ],
};

export const TRAINING: TortureRun = {
  name: "train-affinity",
  command: (out) => [
    ...["train-affinity", ...training, "--width", "2", "--label-dir", path.join(MINI, "SegmentationClass")],
    ...["--batch-size", "2", "--epochs", "4", "--crop-size", "64", "--session-name", `${out}/net`, "--threads", "1"],
  ],
};

export interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly milliseconds: number;
}

/** Starts a run in a process group of its own. */
export function start(words: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const begun = performance.now();
  const child = spawn(process.execPath, [path.join(ROOT, "dist/cli.js"), ...words], { detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.once("close", (status) => resolve({ status, output, milliseconds: performance.now() - begun })),
  );
  return { child, ended };
}

/** Ends a run and all that it has started, at once. */
export function killAll({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // ended by itself
  }
}

/** Whether a message is one of this program's own, and no stack of a bug. */
export function isClean(output: string): boolean {
  return !/\n\s+at .*:\d+:\d+/.test(output);
}

/** The results of a folder by name; records, logs of the clock and what a killed process left behind are no results. */
export function hashesOf(folder: string): Record<string, string> {
  if (!fs.existsSync(folder)) return {};
  const files = fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const results = files.filter((name) => !/(^|\/)\.|tensorboard|(^|\/)(run|settings)\.json$/.test(name));
  return Object.fromEntries(
    results
      .filter((name) => fs.statSync(path.join(folder, name)).isFile())
      .map((name) => [
        name,
        createHash("sha256")
          .update(contentOf(path.join(folder, name)))
          .digest("hex"),
      ]),
  );
}

/** Names of the results that differ, are missing or are too many. */
export function differing(wanted: Readonly<Record<string, string>>, found: Readonly<Record<string, string>>): string[] {
  const names = new Set([...Object.keys(wanted), ...Object.keys(found)]);
  return [...names].filter((name) => wanted[name] !== found[name]);
}

/** A log of losses ends each row with images per second. */
function contentOf(file: string): Buffer | string {
  const bytes = fs.readFileSync(file);
  return file.endsWith("net.csv") ? bytes.toString("utf8").replaceAll(/,[^,\n]*$/gm, "") : bytes;
}
