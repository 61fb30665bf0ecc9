/**
 * The process that computes: TensorFlow is loaded here, so that the server answers while a network trains. One request at
 * a time; a request can be cancelled. The graph of a photograph is built when it is opened, before the first stroke, and
 * the graphs of the photographs opened last are kept.
 */

import path from "node:path";
import { type BackendName, preferBackend, useBackend } from "../backend";
import type { DatasetDescription } from "../data/dataset";
import { type RgbImage, readRgb } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { crfOptionsOf } from "../dense-crf/dense-crf-options";
import { keepingSharpener, openSharpener, type Sharpener } from "../dense-crf/sharpen";
import { messageOf } from "../errors";
import type { ImageGraph } from "../graph/image-graph";
import { instanceFile, MOST_OBJECTS, objectPicture } from "../instances/instance-file";
import { instanceLabels, type LabelledPixels } from "../instances/instance-labels";
import { boxMarks } from "../instances/mark-sources";
import type { CellGraph } from "../instances/mark-walk";
import { type EarlierResult, type LabelPhotographOptions, labelPhotograph } from "../label-photograph/label-photograph";
import { GraphBuilder, type GraphPlan, planGraph, workImage } from "../label-photograph/photograph-graph";
import { reducedImage } from "../label-photograph/reduced-input";
import type { WeakLabels } from "../label-photograph/weak-labels";
import { enlargedLabel, firstPassImage, firstPassOptions, firstPassShapes, firstPassSize } from "./first-pass";
import type { LabelledObjects } from "./object-files";
import type { Shapes } from "./protocol";
import { drawnPixels, weakLabelsOfShapes, withDrawnPixels } from "./weak-labels-of-shapes";

export interface LabelRequest {
  readonly kind: "label";
  readonly job: number;
  readonly stage: "first" | "final";
  readonly name: string;
  readonly file: string;
  readonly shapes: Shapes;
  readonly picture?: LabelMap;
  readonly dataset: DatasetDescription;
  readonly options: LabelPhotographOptions;
}

/** A photograph that was opened: the next label will be of it. */
export interface PrepareRequest {
  readonly kind: "prepare";
  readonly name: string;
  readonly file: string;
  readonly options: LabelPhotographOptions;
}

export type WorkerRequest =
  | LabelRequest
  | PrepareRequest
  | { readonly kind: "cancel"; readonly job: number }
  | { readonly kind: "backend"; readonly name?: BackendName; readonly threads?: number };

export interface LabelAnswer {
  readonly label: LabelMap;
  /** Mean probability that the label's pixels do not have. */
  readonly doubt: number;
  /** Of a full label: a mask for each box. */
  readonly objects?: LabelledObjects;
  readonly notices: readonly string[];
  readonly seconds: number;
}

export type WorkerMessage =
  | { readonly kind: "progress"; readonly job: number; readonly share: number }
  | { readonly kind: "done"; readonly job: number; readonly answer: LabelAnswer }
  | { readonly kind: "failed"; readonly job: number; readonly reason: string; readonly cancelled: boolean };

/** What is kept of a photograph between strokes. */
interface Kept {
  readonly image: RgbImage;
  /** What quick labels are computed of. */
  readonly quick: RgbImage;
  /** The last quick label's training. */
  first?: EarlierResult & { readonly kind: WeakKind };
  /** By the key of their plan. */
  readonly graphs: Map<string, ImageGraph>;
}

/** Photographs whose graphs are kept. */
const KEPT = 2;

const kept = new Map<string, Kept>();
const builder = new GraphBuilder();
const crf = keepingSharpener();
/** For full labels of large photographs, whose dense CRF takes seconds: the next stroke must not wait for it. */
const crfAside = openSharpener(1);
/** Of several photographs opened one after the other the last one counts. */
let opened: PrepareRequest | undefined;
/** Labels that are asked for and not begun. */
let waiting = 0;
let running: { job: number; controller: AbortController } | undefined;
let turn: Promise<void> = Promise.resolve();
const cancelled = new Set<number>();

process.on("message", (request: WorkerRequest) => {
  if (request.kind === "cancel") {
    cancelled.add(request.job);
    if (running?.job === request.job) running.controller.abort();
  } else if (request.kind === "backend") {
    preferBackend(request.name, { threads: request.threads, notice: () => undefined });
    turn = turn.then(async () => void (await useBackend())).catch(() => undefined);
  } else if (request.kind === "prepare") {
    opened = request;
    turn = turn.then(() => prepare(request)).catch(() => undefined); // the first stroke will say what is wrong
  } else {
    waiting++;
    turn = turn.then(() => answer(request));
  }
});
// A server that was killed leaves no process behind.
process.on("disconnect", () => process.exit(0));

async function answer(request: LabelRequest): Promise<void> {
  const { job } = request;
  waiting--;
  if (cancelled.delete(job)) return send({ kind: "failed", job, reason: "cancelled", cancelled: true });
  const controller = new AbortController();
  running = { job, controller };
  try {
    await useBackend();
    send({ kind: "done", job, answer: await label(request, controller.signal) });
  } catch (error) {
    send({ kind: "failed", job, reason: messageOf(error), cancelled: controller.signal.aborted });
  } finally {
    running = undefined;
    cancelled.delete(job);
  }
}

/** Ahead of the first stroke, for most photographs get strokes first; and of its full label, if there is time. */
async function prepare(request: PrepareRequest): Promise<void> {
  if (request !== opened) return;
  await useBackend();
  const { image, quick, graphs } = await keep(request.file);
  const plan = planGraph("scribble", { ...request.options, ...firstPassSize(quick) });
  await graphOf(quick, graphs, plan, request.name);
  if (plan.config.denseCrf) crf.prepare(workImage(quick, plan.config), crfOptionsOf(plan.config));
  await new Promise(setImmediate); // requests that came meanwhile
  if (waiting === 0 && request === opened)
    await graphOf(image, graphs, planGraph("scribble", request.options), request.name);
}

async function label(request: LabelRequest, signal: AbortSignal): Promise<LabelAnswer> {
  const { job, stage, shapes, picture, dataset, name } = request;
  const started = performance.now();
  const photograph = await keep(request.file);
  const { graphs } = photograph;
  const image = stage === "first" ? photograph.quick : photograph.image;
  const given = firstPassShapes(shapes, picture, photograph.image, image, dataset.ignore);
  const weak = weakLabelsOfShapes(given.shapes, given.picture, image, dataset);
  const kind = kindOf(weak);
  const earlier = photograph.first?.kind === kind ? photograph.first : undefined;
  const stageOptions = stage === "first" ? firstPassOptions(image, earlier, shapes) : {};
  const plan = planGraph(kind, { ...request.options, ...stageOptions });
  const graph = await graphOf(image, graphs, plan, name);
  signal.throwIfAborted();
  let told = 0;
  // The dense CRF makes every pixel sure: doubt, and how sure an object is, are what was there before it.
  let doubt: number | undefined;
  let unsure: Pick<LabelledPixels, "probabilities" | "probabilitySize"> | undefined;
  const used = image === photograph.quick ? crf : abandonable(crfAside, signal);
  const sharpener: Sharpener = {
    ...used,
    sharpen(of, probabilities, options) {
      doubt = meanDoubt(probabilities, of.width * of.height);
      if (stage === "final" && kind === "box")
        unsure = { probabilities: probabilities.slice(), probabilitySize: { width: of.width, height: of.height } };
      return used.sharpen(of, probabilities, options);
    },
  };
  const result = await labelPhotograph(image, weak, {
    ...request.options,
    ...stageOptions,
    dataset,
    name,
    signal,
    sharpener,
    graph,
    onProgress: ({ step, total }) => {
      const now = performance.now();
      if (step === undefined || total === undefined || now - told < 100) return;
      told = now;
      send({ kind: "progress", job, share: step / total });
    },
  });
  const { learned, settings } = result;
  if (stage === "first") photograph.first = { learned, settings, kind };
  const drawn = drawnPixels(shapes, picture, photograph.image, dataset.ignore);
  const finished = withDrawnPixels(enlargedLabel(result.label, photograph.image), drawn, dataset.ignore);
  const objects =
    stage === "final" && kind === "box"
      ? objectsOf(
          shapes,
          { ...result, label: finished, ...unsure },
          cellGraph(graph, image, plan),
          path.basename(request.file),
        )
      : undefined;
  return {
    label: finished,
    ...(objects === undefined ? {} : { objects }),
    doubt: doubt ?? meanDoubt(result.probabilities, image.width * image.height),
    notices: result.notices,
    seconds: (performance.now() - started) / 1000,
  };
}

/** What is aborted is not waited for; its thread ends it by itself. */
function abandonable(sharpener: Sharpener, signal: AbortSignal): Sharpener {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => undefined);
  return { ...sharpener, sharpen: (...given) => Promise.race([sharpener.sharpen(...given), aborted]) };
}

/** As `make-pseudo-labels --instances` tells the objects of boxes apart. */
function objectsOf({ boxes }: Shapes, labelled: LabelledPixels, graph: CellGraph, fileName: string): LabelledObjects {
  const marks = boxMarks(boxes);
  const { owners, instances } = instanceLabels(labelled, marks, graph);
  return {
    ...(instances.length > MOST_OBJECTS ? {} : { picture: objectPicture(owners, labelled.label) }),
    file: instanceFile(fileName, labelled.label, instances, marks, false),
  };
}

function cellGraph({ affinity, stride }: ImageGraph, image: RgbImage, { config }: GraphPlan): CellGraph {
  const small = reducedImage(workImage(image, config), config.graphSide);
  return { affinity, cell: stride * Math.max(image.width / small.width, image.height / small.height) };
}

/** From an earlier label, or built now and kept. */
async function graphOf(
  image: RgbImage,
  graphs: Map<string, ImageGraph>,
  plan: GraphPlan,
  name: string,
): Promise<ImageGraph> {
  const graph = graphs.get(plan.key) ?? (await builder.build(image, plan, name));
  graphs.set(plan.key, graph);
  return graph;
}

/** The photograph's pixels and graphs, from the last strokes or anew; the least recent one makes room. */
async function keep(file: string): Promise<Kept> {
  const found = kept.get(file) ?? (await readKept(file));
  kept.delete(file);
  kept.set(file, found);
  for (const [oldest, { graphs }] of kept) {
    if (kept.size <= KEPT) break;
    for (const graph of graphs.values()) graph.dispose();
    kept.delete(oldest);
  }
  return found;
}

async function readKept(file: string): Promise<Kept> {
  const image = await readRgb(file);
  return { image, quick: firstPassImage(image), graphs: new Map() };
}

type WeakKind = "box" | "scribble" | "point";

/** As `labelPhotograph` takes several kinds at once: by the most telling one. */
function kindOf({ boxes, strokes }: WeakLabels): WeakKind {
  return boxes !== undefined ? "box" : strokes !== undefined ? "scribble" : "point";
}

/** Over the pixels: what the most probable class lacks. @param probabilities [pixels, K] */
function meanDoubt(probabilities: Float32Array, pixels: number): number {
  const k = probabilities.length / pixels;
  let sum = 0;
  for (let i = 0; i < probabilities.length; i += k) {
    let best = 0;
    for (let c = 0; c < k; c++) best = Math.max(best, probabilities[i + c]);
    sum += 1 - best;
  }
  return sum / pixels;
}

function send(message: WorkerMessage): void {
  process.send?.(message);
}
