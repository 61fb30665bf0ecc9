/** The stages of one image, in this process: features, steps of the graph network, random walk, dense CRF. */

import { resolveConfig } from "../src/config/pseudo-label-presets";
import { boxSeed } from "../src/data/box-seed";
import { VOC } from "../src/data/voc";
import { denseCrf } from "../src/dense-crf/dense-crf";
import { fitGraph, upsampleProbabilities } from "../src/graph/fit";
import type { FitOptions } from "../src/graph/fit-options";
import type { ImageGraph } from "../src/graph/image-graph";
import { randomWalk } from "../src/graph/random-walk";
import { openGraphSource } from "../src/label-photograph/graph-source";
import { gridColour, padSeed } from "../src/label-photograph/label-image";
import { CLASSES, folder, HEIGHT, photograph, WIDTH } from "./photographs";
import { type Row, row } from "./row";

export const STAGES = ["features", "step, box", "step, others", "random walk", "dense CRF"] as const;

/** @param wanted of STAGES */
export async function benchStages(
  weights: string,
  runs: number,
  wanted: (name: string) => boolean,
  add: (row: Row) => void,
): Promise<void> {
  const { image, boxes } = photograph();
  for (const [kind, radius, used] of [
    ["box", 4, wanted("features") || wanted("step, box")],
    ["others", 3, wanted("step, others") || wanted("random walk") || wanted("dense CRF")],
  ] as const) {
    if (!used) continue;
    const { config } = resolveConfig({ supervision: kind === "box" ? "box" : "scribble", weights, voc12Root: folder });
    const source = await openGraphSource({ ...config, radius });
    const graphs: ImageGraph[] = [];
    const features = await repeat(kind === "box" && wanted("features") ? Math.max(3, runs) : 1, async () => {
      graphs.pop()?.dispose();
      graphs.push(await source.buildGraph(image, ""));
    });
    source.dispose();
    const [graph] = graphs;
    if (kind === "box" && wanted("features"))
      add(row("features", features, `${graph.columns.length} of ${graph.channels} columns not empty`));
    if (wanted(`step, ${kind}`)) await steps(kind, graph, runs, add);
    if (kind === "others" && wanted("random walk")) add(row("random walk", await walks(graph, runs), "two tags"));
    if (kind === "others" && wanted("dense CRF")) add(row("dense CRF", await crfs(graph, runs), "one thread"));
    graph.dispose();
  }

  async function steps(
    kind: "box" | "others",
    graph: ImageGraph,
    runs: number,
    add: (row: Row) => void,
  ): Promise<void> {
    const seed = padSeed(boxSeed(boxes, image, VOC.ignore), graph, VOC.ignore);
    const count = 2 + 2 * runs;
    const options: FitOptions = {
      hidden: 256,
      layers: 3,
      dropout: 0.5,
      learningRate: 0.03,
      weightDecay: 5e-4,
      steps: [count, count],
      crfWeight: kind === "box" ? 0.01 : 0.3,
      multiPoint: kind === "box",
      consistencyThreshold: 0,
      seed: 0,
    };
    const times: number[] = [];
    let last = performance.now();
    const input = { graph, classes: CLASSES, ignore: VOC.ignore, seed, boxes, colour: gridColour(image, graph) };
    await fitGraph(input, options, () => {
      times.push((performance.now() - last) / 1000);
      last = performance.now();
    });
    add(row(`step, ${kind}`, times.slice(2, count)));
    add(row(`step, ${kind}, with CRF loss`, times.slice(count + 1)));
  }

  function walks(graph: ImageGraph, runs: number): Promise<number[]> {
    const map = new Float32Array(WIDTH * HEIGHT).map((_, i) => (i % WIDTH) / WIDTH);
    const maps = new Map([
      [3, map],
      [8, map.map((v) => 1 - v)],
    ]);
    return repeat(runs, () => void randomWalk(graph, maps, CLASSES, { height: HEIGHT, width: WIDTH }));
  }

  function crfs({ height, width }: ImageGraph, runs: number): Promise<number[]> {
    const logits = new Float32Array(height * width * CLASSES).map((_, i) => Math.sin(i * 12.9898) * 2);
    const probabilities = upsampleProbabilities(logits, [height, width], [HEIGHT, WIDTH]);
    const options = { iterations: 10, gaussian: { sxy: 2, compat: 3 }, bilateral: { sxy: 50, srgb: 5, compat: 10 } };
    return repeat(runs, () => void denseCrf(image.data, WIDTH, HEIGHT, probabilities, options));
  }
}

/** Seconds of each run. */
async function repeat(runs: number, work: () => void | Promise<void>): Promise<number[]> {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    await work();
    seconds.push((performance.now() - started) / 1000);
    await new Promise(setImmediate);
  }
  return seconds;
}
