/**
 * `tiny-trainings.ts BACKEND`: every training of the method at a tiny width on five drawn pictures of 44×36 pixels, and a
 * photograph's label of every kind. One line of JSON each: losses, or the label's pixels, for gpu-check.ts to compare
 * between backends.
 */

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { useBackend } from "../../src/backend";
import { MODELS } from "../../src/config/segmentation-models";
import { readLabel } from "../../src/data/label-png";
import { makePseudoLabels } from "../../src/steps/make-pseudo-labels";
import { trainAffinity } from "../../src/steps/train-affinity";
import { trainSeam } from "../../src/steps/train-seam";
import { trainSegmenter } from "../../src/steps/train-segmenter";
import { writeTinyDataset } from "../../test/tiny-dataset";

/** What a training gave. */
export interface TinyResult {
  readonly name: string;
  /** Losses of its epochs in order, or a label's pixels. */
  readonly values: readonly number[];
  readonly kind: "losses" | "label";
  readonly seconds: number;
}

async function main(): Promise<void> {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "a2gnn-gpu-check-"));
  try {
    await useBackend(process.argv[2]);
    const root = path.join(work, "data");
    await writeTinyDataset(root, 5);
    const common = { voc12Root: root, trainList: "train.txt", weights: "none", width: 2, batchSize: 2, epochs: 2 };
    const quick = { ...common, cropSize: 32, numWorkers: 0, learningRate: 0.01 };
    const trainings: readonly (readonly [string, (sessionName: string) => Promise<unknown>])[] = [
      [
        "affinity network",
        (sessionName) => trainAffinity.run({ ...quick, labelDir: path.join(root, "SegmentationClass"), sessionName }),
      ],
      ["SEAM", (sessionName) => trainSeam.run({ ...quick, longSide: [40, 48], sessionName })],
      ...MODELS.map((model) => {
        const cropSize = model === "pspnet-resnet101" ? 33 : 32;
        const labelDir = path.join(root, "SegmentationClass");
        const train = (sessionName: string): Promise<unknown> =>
          trainSegmenter.run({ ...quick, model, cropSize, labelDir, sessionName });
        return [model, train] as const;
      }),
    ];
    for (const [i, [name, train]] of trainings.entries()) {
      const started = performance.now();
      await train(path.join(work, `session-${i}`));
      say({ name, kind: "losses", values: lossesOf(path.join(work, `session-${i}.csv`)), seconds: since(started) });
    }
    for (const supervision of ["box", "scribble", "point"] as const) {
      const started = performance.now();
      const savePath = path.join(work, supervision);
      const images = { voc12Root: root, inferList: "train.txt", savePath };
      await makePseudoLabels.run({
        ...images,
        supervision,
        features: "handcrafted",
        rw: false,
        epochs: 20,
        hidden: 16,
      });
      const { data } = await readLabel(path.join(savePath, "img0.png"));
      say({ name: `label from ${supervision}`, kind: "label", values: [...data], seconds: since(started) });
    }
  } finally {
    fs.rmSync(work, { recursive: true });
  }
}

function say(result: TinyResult): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function since(started: number): number {
  return (performance.now() - started) / 1000;
}

/** All numbers of the table but the first column, which counts, and the last, which the clock fills. */
function lossesOf(file: string): number[] {
  const rows = fs.readFileSync(file, "utf8").trim().split("\n").slice(1);
  return rows.flatMap((row) => row.split(",").slice(1, -1).map(Number)).filter(Number.isFinite);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
