/**
 * The process that computes: TensorFlow is loaded here, so that the server answers while a network trains. One request at
 * a time; a request can be cancelled. While none waits, what the first stroke will need is made ahead: of the open
 * photograph, then of the one after it.
 */

import path from "node:path";
import { type BackendName, preferBackend, useBackend } from "../backend";
import type { DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { openSharpener, type Sharpener } from "../dense-crf/sharpen";
import { messageOf } from "../errors";
import type { ImageGraph } from "../graph/image-graph";
import { instanceFile, MOST_OBJECTS, objectPicture } from "../instances/instance-file";
import { instanceLabels, type LabelledPixels } from "../instances/instance-labels";
import { boxMarks } from "../instances/mark-sources";
import type { CellGraph } from "../instances/mark-walk";
import { type LabelPhotographOptions, labelPhotograph } from "../label-photograph/label-photograph";
import { type GraphPlan, planGraph, workImage } from "../label-photograph/photograph-graph";
import { reducedImage } from "../label-photograph/reduced-input";
import type { WeakLabels } from "../label-photograph/weak-labels";
import { unlessAborted } from "../parallel/unless-aborted";
import { enlargedLabel, firstPassOptions, firstPassShapes } from "./first-pass";
import { type KeptPhotograph, keepPhotographs } from "./kept-photographs";
import type { LabelledObjects } from "./object-files";
import type { Shapes } from "./protocol";
import { drawnPixels, weakLabelsOfShapes, withDrawnPixels } from "./weak-labels-of-shapes";
import { createWorkAhead, type Opened } from "./work-ahead";

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

export interface PrepareRequest extends Opened {
  readonly kind: "prepare";
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

const kept = keepPhotographs();
/** For full labels, whose dense CRF takes long: the next stroke must not wait for it. */
const crfAside = openSharpener(1);
/** Labels that are asked for and not begun. */
let waiting = 0;
const ahead = createWorkAhead(kept, () => waiting > 0);
let running: { job: number; controller: AbortController } | undefined;
/** Milliseconds after a label in which the next request usually comes. */
const SOON = 200;
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
    ahead.plan(request);
    workAhead();
  } else {
    waiting++;
    ahead.interrupt();
    turn = turn.then(() => answer(request));
  }
});
// A server that was killed leaves no process behind.
process.on("disconnect", () => process.exit(0));

function workAhead(): void {
  turn = turn.then(async () => {
    await useBackend();
    await ahead.run();
  });
  turn = turn.catch(() => undefined); // a label will say what is wrong
}

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
    if (!ahead.isDone) setTimeout(workAhead, SOON);
  }
}

async function label(request: LabelRequest, signal: AbortSignal): Promise<LabelAnswer> {
  const { job, stage, shapes, picture, dataset, name } = request;
  const started = performance.now();
  const photograph = await kept.take(request.file, name);
  const image = stage === "first" ? photograph.quick : photograph.image;
  const given = firstPassShapes(shapes, picture, photograph.image, image, dataset.ignore);
  const weak = weakLabelsOfShapes(given.shapes, given.picture, image, dataset);
  const kind = kindOf(weak);
  const earlier = photograph.first?.kind === kind ? photograph.first : undefined;
  const stageOptions = stage === "first" ? firstPassOptions(image, earlier, shapes) : {};
  const plan = planGraph(kind, { ...request.options, ...stageOptions });
  const graph = await kept.graphOf(photograph, image, plan, async () => {
    await new Promise(setImmediate); // a stroke that came meanwhile
    signal.throwIfAborted();
  });
  signal.throwIfAborted();
  let told = 0;
  // The dense CRF makes every pixel sure: doubt, and how sure an object is, are what was there before it.
  let doubt: number | undefined;
  let unsure: Pick<LabelledPixels, "probabilities" | "probabilitySize"> | undefined;
  const used = stage === "first" ? photograph.crf : crfAside;
  const sharpener: Sharpener = {
    ...used,
    sharpen(of, probabilities, options) {
      doubt = meanDoubt(probabilities, of.width * of.height);
      if (stage === "final" && kind === "box")
        unsure = { probabilities: probabilities.slice(), probabilitySize: { width: of.width, height: of.height } };
      return unlessAborted(used.sharpen(of, probabilities, options), signal);
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

type WeakKind = NonNullable<KeptPhotograph["first"]>["kind"];

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
