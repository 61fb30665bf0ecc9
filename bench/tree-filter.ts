/**
 * The learnable tree filter on one thread: `node --import tsx bench/tree-filter.ts`, and a part of `npm run bench`. Features
 * and guide of 256 channels in 16 groups, as Tree-FCN with ResNet50 has them, on grids of which each has four times the
 * cells of the one before: the ratio says whether the time is linear in them.
 */

import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend";
import { minimumSpanningTrees } from "../src/tree-filter/spanning-tree";
import { treeFilter } from "../src/tree-filter/tree-filter";
import { TREE_FILTER_GROUPS } from "../src/tree-filter/tree-filter-module";

export interface TreeTiming {
  readonly name: string;
  /** Median of the runs. */
  readonly seconds: number;
  readonly runs: readonly number[];
  readonly note: string;
}

const SIDES = [32, 64, 128, 256];
const CHANNELS = 256;

/** @param runs after two that only warm up */
export function benchTreeFilter(runs = 7): TreeTiming[] {
  const before = new Map<string, number>(); // processor time of the next smaller grid
  return SIDES.flatMap((side) =>
    timings(side, runs).map(({ work, runs: wall, processor }) => {
      const smaller = before.get(work);
      before.set(work, median(processor));
      const ratio = smaller === undefined ? "" : `, × ${(median(processor) / smaller).toFixed(2)} of a quarter of it`;
      const note = `processor ${median(processor).toFixed(3)} s${ratio}`;
      return { name: `tree filter ${side}×${side}×${CHANNELS}, ${work}`, seconds: median(wall), runs: wall, note };
    }),
  );
}

interface Timing {
  readonly work: string;
  readonly runs: readonly number[];
  /** User and system seconds of the process: less dependent on what else the machine does. */
  readonly processor: readonly number[];
}

function timings(side: number, runs: number): Timing[] {
  const random = (seed: number, deviation: number): tf.Tensor4D =>
    tf.randomNormal([1, side, side, CHANNELS], 0, deviation, "float32", seed);
  const features = random(1, 1);
  const guide = random(2, 0.1); // 16 channels an edge and group: weights near exp(−0.3)
  const upstream = random(3, 1);
  const trees = minimumSpanningTrees(features);
  const filter = (x: tf.Tensor, e: tf.Tensor): tf.Tensor =>
    treeFilter(x as tf.Tensor4D, e as tf.Tensor4D, trees, { groups: TREE_FILTER_GROUPS });
  const gradients = tf.grads(filter);
  const works: Readonly<Record<string, () => void>> = {
    "spanning tree": () => void minimumSpanningTrees(features),
    forward: () => tf.dispose(filter(features, guide)),
    "forward and backward": () => tf.dispose(gradients([features, guide], upstream)),
  };
  const result = Object.entries(works).map(([work, run]) => ({ work, ...measure(run, runs) }));
  tf.dispose([features, guide, upstream]);
  return result;
}

function measure(work: () => void, count: number): Omit<Timing, "work"> {
  const runs: number[] = [];
  const processor: number[] = [];
  for (let run = -2; run < count; run++) {
    const [started, used] = [performance.now(), process.cpuUsage()];
    work();
    const { user, system } = process.cpuUsage(used);
    if (run < 0) continue;
    runs.push((performance.now() - started) / 1000);
    processor.push((user + system) / 1e6);
  }
  return { runs, processor };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

async function main(): Promise<void> {
  await useBackend("native");
  for (const { name, seconds, note } of benchTreeFilter())
    process.stdout.write(`${seconds.toFixed(3)} s  ${name} (${note})\n`);
}

if (require.main === module) main();
