/**
 * One training step of the full-width affinity network: a crop of 448 pixels, batch 1, forward, backward and update. Called by
 * index.ts with the weight file as JSON.
 */

import { AffinityNet } from "../src/affinity/affinity-net";
import { type BackendName, useBackend } from "../src/backend";
import type { Precision } from "../src/config/training";
import { VOC } from "../src/data/voc";
import { normaliseRgb } from "../src/image-ops/normalise";
import { gridColour } from "../src/label-photograph/label-image";
import { inBfloat16 } from "../src/network/bfloat16";
import { singleProcess } from "../src/parallel/communicator";
import { affinityTargets } from "../src/training/affinity/affinity-targets";
import { type AffinityInput, affinityTask } from "../src/training/affinity/affinity-task";
import { PolySgd } from "../src/training/poly-sgd";
import { trainStep } from "../src/training/step";
import { openWeights } from "../src/weights/checkpoint";
import { measureHere, reportFailure } from "./own-process";
import { syntheticPhotograph } from "./synthetic-photograph";

const CROP = 448;
const GRID = CROP / 8;
const RADIUS = 4;

interface Job {
  readonly weights: string;
  readonly warmUp: number;
  readonly precision: Precision;
  /** Default: native. */
  readonly backend?: BackendName;
}

async function main(): Promise<void> {
  const { weights, warmUp, precision, backend = "native" } = JSON.parse(process.argv[2]) as Job;
  await useBackend(backend, { tf32: precision === "tf32" });
  const measure = (): Promise<void> => measureStep(weights, warmUp);
  await (precision === "bfloat16" ? inBfloat16(measure) : measure());
}

function measureStep(weights: string, warmUp: number): Promise<void> {
  return measureHere(async () => {
    const file = await openWeights(weights);
    const net = await AffinityNet.load(file, { trained: "frozen" }).finally(() => file.close());
    const task = affinityTask(net);
    const optimizer = new PolySgd(task.variables, { learningRate: 1e-4, weightDecay: 5e-4, steps: 100 });
    const sample = crop();
    const step = (): number[] => trainStep(task, optimizer, [sample], task.count([sample]), singleProcess);
    for (let i = 0; i < warmUp; i++) step();
    return async () => `loss ${step()[0].toFixed(3)}`;
  });
}

/** A photograph with two classes, half of it known. */
function crop(): AffinityInput {
  const { image } = syntheticPhotograph(CROP, CROP, 1);
  const label = Uint8Array.from(
    { length: GRID * GRID },
    (_, i) => [0, VOC.ignore, 3, VOC.ignore][Math.floor((i % GRID) / 14)],
  );
  const inside = new Uint8Array(GRID * GRID).fill(1);
  const geometry = { height: GRID, width: GRID, radius: RADIUS, shape: "window" as const };
  const targets = affinityTargets(
    label,
    inside,
    gridColour(image, { height: GRID, width: GRID, stride: 8 }),
    VOC.ignore,
    geometry,
  );
  return { image: normaliseRgb(image.data), seed: 0, targets };
}

main().catch(reportFailure);
