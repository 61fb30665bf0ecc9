/**
 * A folder of results tells how it was made: `run.json`, an entry a run, with versions, weight hashes, settings and
 * seconds. What `report` prints. No dates: the same run gives the same file but for its seconds.
 */

import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { writeAtomic } from "../../atomic-write";
import { backendInUse } from "../../backend";
import { readBoundedJson } from "../../data/bounded-file";
import type { Summary } from "../../running/step";
import { version } from "../../version";
import type { Settings } from "./settings-file";

export interface WeightRecord {
  /** Without its folder. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface RunRecord {
  readonly step: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: string;
  readonly weights?: WeightRecord;
  /** The whole configuration, the seed in it. */
  readonly settings: Settings;
  readonly images: number;
  readonly done: number;
  readonly skipped: number;
  readonly failed: readonly { readonly image: string; readonly reason: string }[];
  readonly seconds: number;
  readonly notices: readonly string[];
}

const NAME = /^run(?:-\d+-of-\d+)?\.json$/;
const MAX_BYTES = 1 << 24;

/**
 * Adds a run to the folder's record; shards write a file each. A run that found everything done is noted only where no
 * entry accounts for so many images: the one that made them was killed after its last.
 * @param shard from 0
 */
export async function recordRun(
  folder: string,
  summary: Summary,
  settings: Settings,
  weights: string | undefined,
  shard: { readonly index: number; readonly count: number },
): Promise<void> {
  const name = shard.count === 1 ? "run.json" : `run-${shard.index + 1}-of-${shard.count}.json`;
  const { step, images, done, skipped, failed, seconds, notices } = summary;
  const earlier = await readRecord(path.join(folder, name));
  const known = earlier.filter(isRecord).map((entry) => entry.done + entry.skipped);
  if (done === 0 && failed.length === 0 && skipped <= Math.max(0, ...known)) return;
  const record: RunRecord = {
    step,
    versions: versions(),
    machine: `${os.cpus()[0]?.model ?? os.arch()}, ${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GB`,
    ...(weights === undefined ? {} : { weights: await hashWeights(weights) }),
    settings,
    ...{ images, done, skipped, failed, seconds, notices },
  };
  await writeAtomic(path.join(folder, name), `${JSON.stringify([...earlier, record], null, 2)}\n`);
}

/** Every run noted in a folder, those of shards as well; none where nothing is noted, or not in our form. */
export async function readRuns(folder: string): Promise<readonly RunRecord[]> {
  const names = await fs.promises.readdir(folder).catch(() => []);
  const records = await Promise.all(
    names.filter((name) => NAME.test(name)).map((name) => readRecord(path.join(folder, name))),
  );
  return records.flat().filter(isRecord);
}

/** A weight file by its content. */
export async function hashWeights(file: string): Promise<WeightRecord> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { file: path.basename(file), bytes, sha256: hash.digest("hex") };
}

// --- internal ---

/** An unreadable record is none: it only serves reports. */
async function readRecord(file: string): Promise<unknown[]> {
  try {
    const value = await readBoundedJson(file, MAX_BYTES, "record of runs");
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is RunRecord {
  if (!isObject(value)) return false;
  const { step, machine, versions, weights, settings, failed, notices } = value;
  const isText = (entry: unknown): entry is string => typeof entry === "string";
  const isPlain = (entry: unknown): boolean => entry === null || typeof entry !== "object";
  const isSetting = (entry: unknown): boolean => (Array.isArray(entry) ? entry.every(isPlain) : isPlain(entry));
  return (
    isText(step) &&
    isText(machine) &&
    isObject(versions) &&
    Object.values(versions).every(isText) &&
    (weights === undefined ||
      (isObject(weights) && isText(weights.file) && Number.isFinite(weights.bytes) && isText(weights.sha256))) &&
    isObject(settings) &&
    Object.values(settings).every(isSetting) &&
    [value.images, value.done, value.skipped, value.seconds].every(Number.isFinite) &&
    Array.isArray(failed) &&
    failed.every((each) => isObject(each) && isText(each.image) && isText(each.reason)) &&
    Array.isArray(notices) &&
    notices.every(isText)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function versions(): Record<string, string> {
  const backend = backendInUse();
  return {
    a2gnn: version,
    "Node.js": process.versions.node,
    backend: backend === undefined ? "none" : `${backend.name}${backend.usesGpu ? " on the GPU" : ""}`,
    ...(backend?.tensorflow === undefined ? {} : { TensorFlow: backend.tensorflow }),
    ...(backend === undefined ? {} : { threads: String(backend.threads) }),
  };
}
