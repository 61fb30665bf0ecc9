/**
 * How well affinities tell neighbours of one class from neighbours of two, on photographs whose masks are known: the area
 * under the ROC curve over all pairs of cells within the radius, mean over the photographs. A cell's class is the mask's at
 * its middle; pairs with an unknown one do not count.
 *
 *     npx tsx scripts/affinity-auc.ts DATA LIST FEATURES…
 *
 * FEATURES: handcrafted, imagenet, or an affinity network's file.
 */

import path from "node:path";
import { useBackend } from "../src/backend";
import { findImage, readRgb } from "../src/data/image";
import { readImageList } from "../src/data/image-list";
import { readLabel } from "../src/data/label-png";
import { openGraphSource } from "../src/label-photograph/graph-source";
import { forEachNeighbour } from "../src/window/windowed-map";

const RADIUS = 4;
const UNKNOWN = 255;

async function main([root, list, ...features]: readonly string[]): Promise<void> {
  await useBackend("native", { threads: 1 });
  const { ids } = await readImageList(list, root);
  for (const wanted of features) {
    const isFile = wanted !== "handcrafted" && wanted !== "imagenet";
    const source = await openGraphSource({
      features: isFile ? "learned" : wanted,
      weights: isFile ? wanted : undefined,
      radius: RADIUS,
      graphStride: undefined,
    });
    const areas: number[] = [];
    const started = performance.now();
    for (const id of ids) {
      const mask = await readLabel(path.join(root, "SegmentationClass", `${id}.png`));
      const graph = await source.buildGraph(await readRgb(await findImage(root, id)), id);
      const classOf = (cell: number): number => {
        const middle = (index: number, extent: number): number =>
          Math.min(extent - 1, index * graph.stride + graph.stride / 2);
        const [y, x] = [Math.floor(cell / graph.width), cell % graph.width];
        return mask.data[middle(y, mask.height) * mask.width + middle(x, mask.width)];
      };
      const same: number[] = [];
      const other: number[] = [];
      forEachNeighbour(graph, (pair, cell, neighbour) => {
        if (neighbour <= cell) return;
        const [own, theirs] = [classOf(cell), classOf(neighbour)];
        if (own !== UNKNOWN && theirs !== UNKNOWN) (own === theirs ? same : other).push(graph.affinity.values[pair]);
      });
      graph.dispose();
      if (same.length > 0 && other.length > 0) areas.push(areaUnderRoc(same, other));
    }
    source.dispose();
    const mean = areas.reduce((sum, area) => sum + area, 0) / areas.length;
    const seconds = (performance.now() - started) / 1000 / ids.length;
    console.log(`${wanted}: AUC ${mean.toFixed(4)} over ${areas.length} photographs, ${seconds.toFixed(2)} s each`);
  }
}

/** The share of pairs (one of each list) in which the first is larger; equals count half. */
function areaUnderRoc(larger: readonly number[], smaller: readonly number[]): number {
  const all = [
    ...larger.map((value) => ({ value, first: true })),
    ...smaller.map((value) => ({ value, first: false })),
  ];
  all.sort((a, b) => a.value - b.value);
  let ranks = 0;
  for (let i = 0; i < all.length; ) {
    let end = i;
    while (end < all.length && all[end].value === all[i].value) end++;
    const rank = (i + 1 + end) / 2; // of equals, the mean
    for (let j = i; j < end; j++) if (all[j].first) ranks += rank;
    i = end;
  }
  const n = larger.length;
  return (ranks - (n * (n + 1)) / 2) / (n * smaller.length);
}

void main(process.argv.slice(2));
