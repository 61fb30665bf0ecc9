/** A copy of the drawn scenes without labels, and a stand-in for the computing process, for the tests of `annotate`. */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LabelAnswer } from "../src/annotate/label-worker";
import { drawnPixels } from "../src/annotate/weak-labels-of-shapes";
import type { WorkerProcess } from "../src/annotate/worker-process";

const mini = path.join(__dirname, "..", "data", "mini");

/** @param plain photographs alone, in the folder itself */
export function copyOfMini(count: number, { plain = false, drawn = false } = {}): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-annotate-"));
  const names = Array.from({ length: count }, (_, i) => `mini_${String(i + 1).padStart(4, "0")}`);
  const copy = (from: string, to: string): void => fs.cpSync(path.join(mini, from), path.join(root, to));
  for (const name of names) {
    copy(`JPEGImages/${name}.jpg`, plain ? `${name}.jpg` : `JPEGImages/${name}.jpg`);
    if (drawn) copy(`Annotations/${name}.xml`, `Annotations/${name}.xml`);
    if (drawn) copy(`Scribbles/${name}.txt`, `Scribbles/${name}.txt`);
  }
  copy("dataset.json", "dataset.json");
  return root;
}

export interface StandIn extends WorkerProcess {
  /** Requests so far, as `name stage`. */
  readonly asked: string[];
  /** Photographs that were opened, by name. */
  readonly prepared: string[];
}

/** Labels every pixel as the first thing drawn, what is drawn as it is drawn. @param delay milliseconds a label takes */
export function standInWorker(delay = 0): StandIn {
  const asked: string[] = [];
  const prepared: string[] = [];
  return {
    asked,
    prepared,
    async label({ name, stage, shapes, picture, dataset, file }, signal, onProgress): Promise<LabelAnswer> {
      asked.push(`${name} ${stage}`);
      onProgress(0.5);
      await new Promise((resolve) => setTimeout(resolve, delay));
      if (signal.aborted) throw new Error("cancelled");
      const sharp = (await import("sharp")).default;
      const { width, height } = await sharp(file).metadata();
      const first = [...shapes.strokes, ...shapes.boxes, ...shapes.clicks][0]?.class ?? 0;
      const drawn = drawnPixels(shapes, picture, { width, height }, dataset.ignore);
      const data = drawn.data.map((value) => (value === dataset.ignore ? first : value));
      return { label: { width, height, data }, doubt: 0.25, notices: [], seconds: 0 };
    },
    warm: () => undefined,
    prepare: ({ photographs }) => void prepared.push(photographs.map(({ name }) => name).join(" then ")),
    close: () => undefined,
  };
}

/** @param seconds long enough for a machine that is busy with other tests */
export async function until(condition: () => boolean | Promise<boolean>, what: string, seconds = 120): Promise<void> {
  const end = Date.now() + 1000 * seconds;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
