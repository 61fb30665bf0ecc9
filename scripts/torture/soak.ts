/** `soak`: the same photographs labelled again and again in one process: tensors, heap, open files and memory stay flat. */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../../src/backend";
import { makePseudoLabels } from "../../src/steps/make-pseudo-labels";
import type { Trial, TrialOptions } from "./trial";

/** Rounds until caches are full and the threads have collected their garbage for the first time: 100 MB until then. */
const WARM = 15;
const GROWTH = 64 * 2 ** 20;

export async function soak({ until }: TrialOptions): Promise<Trial[]> {
  await useBackend();
  const savePath = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-soak-"));
  const failures: string[] = [];
  let warm: ReturnType<typeof measured> | undefined;
  let round = 0;
  try {
    for (; round <= WARM + 1 || Date.now() < until; round++) {
      fs.rmSync(savePath, { recursive: true });
      const { failed } = await makePseudoLabels.run({
        ...{ voc12Root: path.resolve(__dirname, "../../data/mini"), inferList: path.join(__dirname, "few.txt") },
        ...{ supervision: "box", features: "handcrafted", epochs: 3, hidden: 16, savePath },
      });
      if (failed.length > 0) failures.push(`round ${round}: ${failed[0].reason}`);
      globalThis.gc?.();
      if (round === WARM) warm = measured();
    }
    const now = measured();
    if (warm !== undefined) {
      if (now.tensors !== warm.tensors) failures.push(`${warm.tensors} tensors became ${now.tensors}`);
      if (now.files > warm.files + 2) failures.push(`${warm.files} open files became ${now.files}`);
      for (const kind of ["heap", "rss"] as const)
        if (now[kind] > warm[kind] + GROWTH)
          failures.push(`${kind}: ${megabytes(warm[kind])} became ${megabytes(now[kind])}`);
      const what = `soak: ${megabytes(warm.rss)} after ${WARM + 1} rounds, ${megabytes(now.rss)} after ${round}`;
      return [{ what, tried: round, failures }];
    }
  } finally {
    fs.rmSync(savePath, { recursive: true, force: true });
  }
  return [{ what: "soak", tried: round, failures }];
}

function measured(): { tensors: number; files: number; heap: number; rss: number } {
  const { heapUsed, rss } = process.memoryUsage();
  const files = fs.existsSync("/proc/self/fd") ? fs.readdirSync("/proc/self/fd").length : 0;
  return { tensors: tf.memory().numTensors, files, heap: heapUsed, rss };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}
