/**
 * `node --import tsx bench/operation-count.ts [--size 500x375] [--loss-every K] [--json FILE]`: what one training step of the graph network asks of
 * TensorFlow: operations (on a card: kernel
 * launches, about), tensors that come from JavaScript (on a card: copies to it) and readings of results (on a card: waits
 * for it). Counted on the processor's backend, at the calls of tfjs-node's addon; the numbers do not depend on sizes.
 */

import fs from "node:fs";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { resolveConfig } from "../src/config/pseudo-label-presets";
import { boxSeed } from "../src/data/box-seed";
import { VOC } from "../src/data/voc";
import { fitGraph } from "../src/graph/fit";
import type { FitOptions } from "../src/graph/fit-options";
import { openGraphSource } from "../src/label-photograph/graph-source";
import { gridColour, padSeed } from "../src/label-photograph/label-image";
import { reportFailure } from "./own-process";
import { CLASSES, folder, HEIGHT, type photograph, WIDTH } from "./photographs";
import { syntheticPhotograph } from "./synthetic-photograph";

/** Of one training step, as a mean over some. */
export interface StepCounts {
  readonly operations: number;
  readonly uploads: number;
  readonly uploadedBytes: number;
  readonly readings: number;
  /** Operations by TensorFlow's name. */
  readonly byName: Readonly<Record<string, number>>;
}

interface Binding {
  readonly TF_FLOAT: number;
  executeOp(name: string, attributes: unknown, inputs: number[], outputs: number): unknown;
  createTensor(shape: number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): ArrayBufferView;
}

/** Counts what happens at the addon until `stop`. */
export function countOperations(): { stop(): Omit<StepCounts, "byName"> & { byName: Map<string, number> } } {
  const backend = tf.backend() as unknown as { binding: Binding };
  const { binding } = backend;
  const { executeOp, createTensor, deleteTensor, tensorDataSync } = binding;
  const counts = { operations: 0, uploads: 0, uploadedBytes: 0, readings: 0, byName: new Map<string, number>() };
  let newest = createTensor([1], binding.TF_FLOAT, new Float32Array(1));
  deleteTensor(newest);
  const counting: Pick<Binding, "executeOp" | "createTensor" | "tensorDataSync"> = {
    executeOp(name, ...rest) {
      counts.operations++;
      counts.byName.set(name, (counts.byName.get(name) ?? 0) + 1);
      return executeOp(name, ...rest);
    },
    createTensor(shape, dtype, values) {
      const id = createTensor(shape, dtype, values);
      // Whole numbers are sizes and places, which stay with the processor; an older number is a shared scalar's.
      if (dtype === binding.TF_FLOAT && id > newest) {
        counts.uploads++;
        counts.uploadedBytes += values.byteLength;
        newest = id;
      }
      return id;
    },
    tensorDataSync(id) {
      counts.readings++;
      return tensorDataSync(id);
    },
  };
  backend.binding = Object.create(
    binding,
    Object.fromEntries(Object.entries(counting).map(([name, value]) => [name, { value }])),
  ) as Binding;
  return {
    stop() {
      backend.binding = binding;
      return counts;
    },
  };
}

/** Means over the last steps of each phase, so that what is made once an image does not count. */
export async function countSteps(
  kind: "box" | "others",
  [width, height]: readonly [number, number],
  lossEvery?: number,
): Promise<[StepCounts, StepCounts]> {
  const { image, boxes } = scene(width, height);
  const radius = kind === "box" ? 4 : 3;
  const { config } = resolveConfig({ supervision: "scribble", features: "handcrafted", voc12Root: folder });
  const source = await openGraphSource({ ...config, radius });
  const graph = await source.buildGraph(image, "");
  const seed = padSeed(boxSeed(boxes, image, VOC.ignore), graph, VOC.ignore);
  const [warmUp, counted] = [5, 10];
  const phase = warmUp + counted;
  const options: FitOptions = {
    ...{ hidden: 256, layers: 3, dropout: 0.5, learningRate: 0.01, steps: [phase, phase] as const, seed: 0 },
    ...{ crfWeight: kind === "box" ? 0.01 : 0.3, multiPoint: kind === "box", consistencyThreshold: 0 },
    ...(lossEvery === undefined ? {} : { lossEvery }),
  };
  const results: StepCounts[] = [];
  let counter: ReturnType<typeof countOperations> | undefined;
  const input = { graph, classes: CLASSES, ignore: VOC.ignore, seed, boxes, colour: gridColour(image, graph) };
  let step = 0;
  const clock = setStepHook(() => {
    step++;
    if (step === warmUp || step === phase + warmUp) counter = countOperations();
    if (step === phase || step === 2 * phase - 1) {
      const steps = step === phase ? counted : counted - 1; // nothing asks after the last step
      if (counter !== undefined) results.push(perStep(counter.stop(), steps));
      counter = undefined;
    }
  });
  await fitGraph(input, { ...options, ...clock });
  graph.dispose();
  source.dispose();
  return [results[0], results[1]];
}

/** Three boxes of three classes. */
function scene(width: number, height: number): ReturnType<typeof photograph> {
  const { image, boxes } = syntheticPhotograph(width, height, 1);
  return { image, boxes: boxes.map((box, i) => ({ ...box, class: 3 + 5 * i })) };
}

/** The signal is asked once before every step, whenever losses are read. */
function setStepHook(beforeNext: () => void): Pick<FitOptions, "signal"> {
  let first = true;
  const signal = new AbortController().signal;
  signal.throwIfAborted = () => {
    if (!first) beforeNext();
    first = false;
  };
  return { signal };
}

function perStep(
  { byName, ...sums }: ReturnType<ReturnType<typeof countOperations>["stop"]>,
  steps: number,
): StepCounts {
  const mean = (sum: number): number => sum / steps;
  return {
    operations: mean(sums.operations),
    uploads: mean(sums.uploads),
    uploadedBytes: mean(sums.uploadedBytes),
    readings: mean(sums.readings),
    byName: Object.fromEntries([...byName].sort((a, b) => b[1] - a[1]).map(([name, sum]) => [name, mean(sum)])),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "string" },
      size: { type: "string", default: `${WIDTH}x${HEIGHT}` },
      "loss-every": { type: "string" },
    },
  });
  const [width, height] = values.size.split("x").map(Number);
  const sides = [width, height] as const;
  const every = values["loss-every"] === undefined ? undefined : Number(values["loss-every"]);
  await useBackend("native");
  const rows: Record<string, StepCounts> = {};
  for (const kind of ["box", "others"] as const) {
    const [plain, withCrf] = await countSteps(kind, sides, every);
    rows[`step, ${kind}`] = plain;
    rows[`step, ${kind}, with CRF loss`] = withCrf;
  }
  for (const [name, { operations, uploads, uploadedBytes, readings, byName }] of Object.entries(rows)) {
    const most = Object.entries(byName).slice(0, 8);
    process.stdout.write(
      `${name.padEnd(28)} ${operations} operations, ${uploads} uploads of ${(uploadedBytes / 1e6).toFixed(2)} MB, ${readings} readings (${most.map(([op, n]) => `${op} ${n}`).join(", ")})\n`,
    );
  }
  if (values.json !== undefined) fs.writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}

if (require.main === module) main().catch(reportFailure);
