/**
 * `npm run bench [-- --json FILE --only NAME,… --runs N]`: what the stages and whole images cost at full width (weights by
 * formula), beside the reference's published timings. Whole images run every step, from JPEG to PNG; nothing is
 * extrapolated. The reference's figures were taken on another day and machine: compare ratios, not single milliseconds.
 */

import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { useBackend } from "../src/backend";
import { resolveConfig } from "../src/config/pseudo-label-presets";
import { boxSeed } from "../src/data/box-seed";
import { VOC } from "../src/data/voc";
import { denseCrf } from "../src/dense-crf/dense-crf";
import { type FitOptions, fitGraph, upsampleProbabilities } from "../src/graph/fit";
import type { ImageGraph } from "../src/graph/image-graph";
import { gridColour, padSeed } from "../src/graph/label-image";
import { randomWalk } from "../src/graph/random-walk";
import { parameterShapes } from "../src/network/layout";
import { openGraphSource } from "../src/steps/graph-source";
import { formulaParameter } from "../src/weights/formula";
import { writeSafetensors } from "../src/weights/safetensors";
import { syntheticPhotograph } from "./synthetic-photograph";
import { benchTreeFilter } from "./tree-filter";

interface Row {
  readonly name: string;
  readonly seconds: number;
  readonly runs: readonly number[];
  readonly reference?: number;
  readonly note?: string;
}

const WIDTH = 500;
const HEIGHT = 375;
const CLASSES = VOC.classes.length;
const folder = path.join(os.tmpdir(), "a2gnn-bench");

/** Seconds of the reference (PyTorch, dense N×N), 500×375, 2 threads; whole images extrapolated there from single steps. */
const REFERENCE = {
  features: 5.7,
  "step, box": 4.07,
  "step, box, with CRF loss": 3.81,
  "step, others": 2.3,
  "step, others, with CRF loss": 2.19,
  "random walk": 3.2,
  "dense CRF": 4.3,
  "whole image, box": 1195,
  "whole image, others": 237,
} as const;

async function main(): Promise<void> {
  const flags = new Map<string, string>();
  for (let i = 2; i + 1 < process.argv.length; i += 2)
    flags.set(process.argv[i].replace(/^--/, ""), process.argv[i + 1]);
  const only = flags.get("only")?.split(",");
  const runs = Number(flags.get("runs") ?? 5);
  const wanted = (name: string): boolean => only === undefined || only.some((part) => name.startsWith(part));
  await useBackend("native");
  fs.mkdirSync(folder, { recursive: true });
  const rows: Row[] = [];
  const add = (row: Row): void => {
    rows.push(row);
    process.stdout.write(`${formatRow(row)}\n`);
  };
  process.stdout.write(
    `${os.cpus()[0].model}, ${os.availableParallelism()} cores, Node ${process.version}, ${WIDTH}×${HEIGHT}, ${CLASSES} classes\n`,
  );
  if (wanted("tree filter")) benchTreeFilter(runs).forEach(add);
  const weights = await formulaWeights();
  if (
    ["features", "step", "random walk", "dense CRF"].some(
      (name) => only === undefined || only.some((part) => part.startsWith(name) || name.startsWith(part)),
    )
  )
    await stages(weights, runs, add, wanted);
  for (const supervision of ["others", "box"] as const) {
    const name = `whole image, ${supervision}`;
    if (wanted(name)) add(await wholeImage(name, supervision, weights, [[WIDTH, HEIGHT]], 3));
    if (wanted(`${name}, ×4 pixels`)) {
      const large = await wholeImage(`${name}, ×4 pixels`, supervision, weights, [[2 * WIDTH, 2 * HEIGHT]], 1);
      const base = rows.find((row) => row.name === name);
      add(
        base === undefined
          ? large
          : { ...large, note: `× ${(large.seconds / base.seconds).toFixed(2)} of ×1; ${large.note}` },
      );
    }
  }
  const sizes: [number, number][] = [
    [500, 375],
    [375, 500],
    [334, 500],
    [500, 333],
    [281, 500],
    [500, 375],
  ];
  if (wanted("six images of differing sizes"))
    add(await wholeImage("six images of differing sizes, others", "others", weights, sizes, 1));
  const json = flags.get("json");
  if (json !== undefined) fs.writeFileSync(json, `${JSON.stringify({ machine: os.cpus()[0].model, rows }, null, 2)}\n`);
}

/** The stages of one image, in this process. */
async function stages(
  weights: string,
  runs: number,
  add: (row: Row) => void,
  wanted: (name: string) => boolean,
): Promise<void> {
  const { image, boxes: bounds } = syntheticPhotograph(WIDTH, HEIGHT, 1);
  const boxes = bounds.map((box, i) => ({ ...box, class: 3 + 5 * i }));
  for (const [kind, radius] of [
    ["box", 4],
    ["others", 3],
  ] as const) {
    const { config } = resolveConfig({ supervision: kind === "box" ? "box" : "scribble", weights, voc12Root: folder });
    const source = await openGraphSource({ ...config, radius });
    let graph: ImageGraph | undefined;
    const features = await repeat(kind === "box" ? Math.max(3, runs) : 1, () => {
      graph?.dispose();
      graph = source.graphOf(image);
    });
    source.dispose();
    if (graph === undefined) return;
    if (kind === "box" && wanted("features"))
      add(row("features", features, `${graph.columns.length} of ${graph.channels} columns not empty`));
    const grid = [graph.height, graph.width] as const;
    const seed = padSeed(boxSeed(boxes, image, VOC.ignore), grid, VOC.ignore);
    if (wanted("step")) await steps(kind, graph, seed, boxes, gridColour(image, grid), runs, add);
    if (kind === "others" && wanted("random walk")) {
      const map = new Float32Array(WIDTH * HEIGHT).map((_, i) => (i % WIDTH) / WIDTH);
      const geometry = { height: grid[0], width: grid[1], radius, imageHeight: HEIGHT, imageWidth: WIDTH };
      const maps = new Map([
        [3, map],
        [8, map.map((v) => 1 - v)],
      ]); // two tags
      const own = graph;
      add(row("random walk", await repeat(runs, () => void randomWalk(own.affinity, maps, CLASSES, geometry))));
    }
    if (kind === "others" && wanted("dense CRF")) {
      const logits = new Float32Array(grid[0] * grid[1] * CLASSES).map((_, i) => Math.sin(i * 12.9898) * 2);
      const probabilities = upsampleProbabilities(logits, grid, [HEIGHT, WIDTH]);
      const options = { iterations: 10, gaussian: { sxy: 2, compat: 3 }, bilateral: { sxy: 50, srgb: 5, compat: 10 } };
      const crf = await repeat(runs, () => void denseCrf(image.data, WIDTH, HEIGHT, probabilities, options));
      add(row("dense CRF", crf, "one thread"));
    }
    graph.dispose();
  }
}

async function steps(
  kind: "box" | "others",
  graph: ImageGraph,
  seed: Uint8Array,
  boxes: { xmin: number; ymin: number; xmax: number; ymax: number; class: number }[],
  colour: Float32Array,
  runs: number,
  add: (row: Row) => void,
): Promise<void> {
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
  await fitGraph({ graph, classes: CLASSES, ignore: VOC.ignore, seed, boxes, colour }, options, () => {
    times.push((performance.now() - last) / 1000);
    last = performance.now();
  });
  add(row(`step, ${kind}`, times.slice(2, count)));
  add(row(`step, ${kind}, with CRF loss`, times.slice(count + 1)));
}

/** Every step of `make-pseudo-labels` on photographs written for it, in a process of its own. */
async function wholeImage(
  name: string,
  supervision: "box" | "others",
  weights: string,
  sizes: readonly (readonly [number, number])[],
  runs: number,
): Promise<Row> {
  const root = path.join(folder, `voc-${sizes.flat().join("-")}`);
  const ids = await writeDataset(root, sizes);
  const seconds: number[] = [];
  let note = "";
  for (let run = 0; run < runs; run++) {
    const savePath = fs.mkdtempSync(path.join(folder, "labels-"));
    const config = {
      voc12Root: root,
      inferList: path.join(root, "list.txt"),
      supervision: supervision === "box" ? "box" : "scribble",
      weights,
      savePath,
    };
    const script = path.join(__dirname, "whole-image.ts");
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", script, JSON.stringify(config)],
      { maxBuffer: 1 << 26 },
    );
    const result = JSON.parse(stdout.trim().split("\n").pop() as string);
    if (result.images !== ids.length) throw new Error(`${result.images} of ${ids.length} images done: ${stdout}`);
    seconds.push(result.secondsPerImage);
    note = `peak ${result.peakMegabytes.toFixed(0)} MB; memory over time ${result.memory.join(" ")} MB; start ${result.startSeconds.toFixed(1)} s`;
    fs.rmSync(savePath, { recursive: true });
  }
  return row(name, seconds, note);
}

/** A small VOC folder: JPEG, boxes as XML, scribbles as polylines. */
async function writeDataset(root: string, sizes: readonly (readonly [number, number])[]): Promise<string[]> {
  for (const part of ["JPEGImages", "Annotations", "Scribbles"])
    fs.mkdirSync(path.join(root, part), { recursive: true });
  const ids = sizes.map((_, i) => `bench_${i}`);
  for (const [i, [width, height]] of sizes.entries()) {
    const { image, boxes } = syntheticPhotograph(width, height, i + 1);
    const raw = { width, height, channels: 3 as const };
    await sharp(Buffer.from(image.data), { raw })
      .jpeg({ quality: 95 })
      .toFile(path.join(root, "JPEGImages", `${ids[i]}.jpg`));
    const objects = boxes.map(
      ({ xmin, ymin, xmax, ymax }, b) =>
        `<object><name>${VOC.classes[3 + 5 * b]}</name><bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object>`,
    );
    const size = `<size><width>${width}</width><height>${height}</height><depth>3</depth></size>`;
    fs.writeFileSync(
      path.join(root, "Annotations", `${ids[i]}.xml`),
      `<annotation>${size}${objects.join("")}</annotation>\n`,
    );
    const strokes = boxes.map(({ xmin, ymin, xmax, ymax }, b) => {
      const y = Math.round((ymin + ymax) / 2);
      return [3 + 5 * b, Math.round(xmin * 0.7 + xmax * 0.3), y, Math.round(xmin * 0.3 + xmax * 0.7), y].join(",");
    });
    const ground = [0, 5, 5, width - 6, 5, width - 6, height - 6].join(",");
    fs.writeFileSync(path.join(root, "Scribbles", `${ids[i]}.txt`), `${[...strokes, ground].join("\n")}\n`);
  }
  fs.writeFileSync(path.join(root, "list.txt"), `${ids.join("\n")}\n`);
  return ids;
}

/** The full-width affinity network with weights by formula: 420 MB, written once. */
async function formulaWeights(): Promise<string> {
  const file = path.join(folder, "affinity-full-width.safetensors");
  if (!fs.existsSync(file)) {
    process.stderr.write("writing the full-width weights (420 MB, once) …\n");
    const parameters = [...parameterShapes(64, "affinity")].map(
      ([name, shape]) => [name, formulaParameter(name, shape, 31)] as const,
    );
    await writeSafetensors(file, new Map(parameters));
  }
  return file;
}

async function repeat(runs: number, work: () => void): Promise<number[]> {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    work();
    seconds.push((performance.now() - started) / 1000);
    await new Promise(setImmediate);
  }
  return seconds;
}

function row(name: string, runs: readonly number[], note?: string): Row {
  const reference = (REFERENCE as Record<string, number>)[name];
  return { name, seconds: median(runs), runs, reference, note };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function formatRow({ name, seconds, runs, reference, note }: Row): string {
  const spread = `${Math.min(...runs).toFixed(3)}–${Math.max(...runs).toFixed(3)}`;
  const beside =
    reference === undefined ? "" : `reference ${reference} s, ${(reference / seconds).toFixed(1)} × as fast`;
  return `${name.padEnd(40)} ${seconds.toFixed(3).padStart(8)} s  (${runs.length} runs, ${spread})  ${beside}${note ? `  ${note}` : ""}`;
}

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
