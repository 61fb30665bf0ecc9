/**
 * The interaction curve of docs/annotate.md: a scripted annotator begins with one stroke in the middle of each class and
 * then always strokes the largest region that the label has wrong, along its middle. After each stroke: mean IoU over the
 * classes of the photograph, of the page's quick label and, after the first strokes and every second one, of its full label
 * with the same strokes. With a Python that has scikit-image, the same of its random forest: with the strokes that the quick
 * label called for, and with those that its own errors call for. What was measured is kept after each photograph; the same
 * command measures the rest. With N photographs of a list of n, they are every ⌊n/N⌋-th of it, beginning with the first.
 *
 * usage: node --import tsx scripts/annotate-curve.ts DATA LIST OUT.json [--photographs N] [--strokes N] [--python PYTHON] [--threads N]
 */

import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { firstPassOptions, firstPassSize } from "../src/annotate/first-pass";
import type { ShapeStroke, Shapes } from "../src/annotate/protocol";
import { useBackend } from "../src/backend";
import { type DatasetDescription, readDataset } from "../src/data/dataset";
import { type RgbImage, readRgb } from "../src/data/image";
import { readImageList } from "../src/data/image-list";
import { type LabelMap, readLabel } from "../src/data/label-png";
import { findImage } from "../src/data/photographs";
import { type EarlierResult, labelPhotograph } from "../src/label-photograph/label-photograph";
import { GraphBuilder, planGraph } from "../src/label-photograph/photograph-graph";
import { meanIou } from "./mean-iou";
import { firstStrokes, strokeOnLargestError } from "./scripted-strokes";

export interface Point {
  readonly strokes: number;
  readonly miou: number;
  readonly seconds: number;
}

export interface Curve {
  readonly name: string;
  /** Called for by the quick label. */
  readonly strokes: readonly ShapeStroke[];
  readonly quick: readonly Point[];
  /** Of the first strokes and then of every second number of them, the last included. */
  readonly full: readonly Point[];
  /** The random forest with the same strokes. */
  readonly forest?: readonly Point[];
  /** The random forest with strokes on its own errors. */
  readonly forestAlone?: readonly Point[];
}

/** One way to label a photograph from strokes. */
type Label = (strokes: readonly ShapeStroke[]) => Promise<LabelMap>;

/** One photograph of a data set. */
interface Case {
  readonly name: string;
  readonly file: string;
  readonly image: RgbImage;
  readonly truth: LabelMap;
  readonly dataset: DatasetDescription;
  /** Most strokes. */
  readonly most: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      photographs: { type: "string", default: "10" },
      strokes: { type: "string", default: "8" },
      python: { type: "string" },
      threads: { type: "string", default: "2" },
    },
    allowPositionals: true,
  });
  const [data, list, out] = positionals;
  await useBackend("native", { threads: Number(values.threads) });
  const dataset = await readDataset(data);
  const { ids } = await readImageList(list, data);
  const count = Number(values.photographs);
  const curves: Curve[] = fs.existsSync(out) ? JSON.parse(fs.readFileSync(out, "utf8")) : [];
  for (let i = 0; i < count; i++) {
    const name = ids[i * Math.floor(ids.length / count)];
    const at = curves.findIndex((curve) => curve.name === name);
    const lacksForest = values.python !== undefined && curves[at]?.forest === undefined;
    if (at >= 0 && !lacksForest) continue;
    const file = await findImage(data, name);
    const image = await readRgb(file);
    const truth = await readLabel(path.join(data, "SegmentationClass", `${name}.png`));
    const each: Case = { name, file, image, truth, dataset, most: Number(values.strokes) };
    const curve = curves[at] ?? (await curveOf(each));
    const forests = values.python === undefined ? {} : await forestCurves(values.python, each, curve);
    curves.splice(at < 0 ? curves.length : at, 1, { ...curve, ...forests });
    fs.writeFileSync(out, JSON.stringify(curves));
    process.stdout.write(`${described({ ...curve, ...forests })}\n`);
  }
}

function described({ name, quick, full, forest, forestAlone }: Curve): string {
  const shown = (points: readonly Point[]): string => points.map(({ miou }) => (100 * miou).toFixed(0)).join(" ");
  const others = forest && forestAlone ? `; forest ${shown(forest)}, alone ${shown(forestAlone)}` : "";
  return `${name}: quick ${shown(quick)}; full ${shown(full)}${others}`;
}

/** The page's quick label after each stroke, and its full one. */
async function curveOf(each: Case): Promise<Curve> {
  const { name, image, dataset } = each;
  const common = { dataset, name };
  const builder = new GraphBuilder();
  const graph = await builder.build(image, planGraph("scribble", firstPassSize(image)), name);
  let earlier: EarlierResult | undefined;
  const { strokes, points } = await strokedOnErrors(each, async (drawn) => {
    const shapes: Shapes = { boxes: [], strokes: drawn, clicks: [], pins: [] };
    const options = { ...common, graph, ...firstPassOptions(image, earlier, shapes) };
    const { label, learned, settings } = await labelPhotograph(image, { strokes: drawn }, options);
    earlier = { learned, settings };
    return label;
  });
  graph.dispose();
  await builder.dispose();
  const full: Point[] = [];
  for (const [index, { strokes: count }] of points.entries()) {
    if (index % 2 === 1 && index + 1 < points.length) continue;
    const label: Label = async (drawn) => (await labelPhotograph(image, { strokes: drawn }, common)).label;
    full.push((await measured(each, label, strokes.slice(0, count))).point);
  }
  return { name, strokes, quick: points, full };
}

async function forestCurves(
  python: string,
  each: Case,
  { strokes, quick }: Curve,
): Promise<Required<Pick<Curve, "forest" | "forestAlone">>> {
  const { label, end } = openForest(python, each);
  const forest: Point[] = [];
  for (const { strokes: count } of quick) forest.push((await measured(each, label, strokes.slice(0, count))).point);
  const { points: forestAlone } = await strokedOnErrors(each, label);
  end();
  return { forest, forestAlone };
}

/** Strokes in the middles of the classes, then on the largest error of each label in turn. */
async function strokedOnErrors(each: Case, label: Label): Promise<{ strokes: ShapeStroke[]; points: Point[] }> {
  const { truth, dataset, most } = each;
  const strokes = firstStrokes(truth, dataset.ignore);
  const points: Point[] = [];
  for (;;) {
    const { point, found } = await measured(each, label, [...strokes]);
    points.push(point);
    const next = strokes.length >= most ? undefined : strokeOnLargestError([found], truth, dataset.ignore);
    if (next === undefined) return { strokes, points };
    strokes.push(next);
  }
}

async function measured(
  { truth, dataset }: Case,
  label: Label,
  strokes: readonly ShapeStroke[],
): Promise<{ point: Point; found: LabelMap }> {
  const started = performance.now();
  const found = await label(strokes);
  const seconds = secondsSince(started);
  return { point: { strokes: strokes.length, miou: miou(found, truth, dataset.ignore), seconds }, found };
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}

/** scripts/annotate-forest.py in a process of its own. */
function openForest(python: string, { file, image }: Case): { label: Label; end(): void } {
  const child = spawn(python, [path.join(__dirname, "annotate-forest.py"), file], { stdio: ["pipe", "pipe", "pipe"] });
  createInterface(child.stderr).on("line", (line) => process.stderr.write(`${line}\n`));
  const { width, height } = image;
  return {
    label: (strokes) =>
      new Promise((resolve, reject) => {
        const data = new Uint8Array(width * height);
        let at = 0;
        const take = (bytes: Buffer): void => {
          data.set(bytes, at);
          at += bytes.length;
          if (at < data.length) return;
          child.stdout.off("data", take);
          child.off("exit", fail);
          resolve({ width, height, data });
        };
        const fail = (code: number | null): void => reject(new Error(`${python} ended with ${code}`));
        child.stdout.on("data", take);
        child.once("exit", fail);
        child.stdin.write(`${JSON.stringify(strokes)}\n`);
      }),
    end: () => void child.stdin.end(),
  };
}

/** Over the classes that the photograph shows; unknown pixels of the truth do not count. */
function miou(label: LabelMap, truth: LabelMap, ignore: number): number {
  const classes = [...new Set(truth.data)].filter((value) => value !== ignore);
  return meanIou(label, truth, classes, ignore);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
