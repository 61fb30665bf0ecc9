/**
 * The process that computes: TensorFlow is loaded here, so that the server answers while a network trains. One request at
 * a time; a request can be cancelled, and the graphs of the photographs drawn on last are kept for the next stroke.
 */

import { type BackendName, preferBackend, useBackend } from "../backend";
import type { DatasetDescription } from "../data/dataset";
import { type RgbImage, readRgb } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { messageOf } from "../errors";
import type { ImageGraph } from "../graph/image-graph";
import {
  type LabelledPhotograph,
  type LabelPhotographOptions,
  labelPhotograph,
} from "../label-photograph/label-photograph";
import { firstPassOptions } from "./first-pass";
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

export type WorkerRequest =
  | LabelRequest
  | { readonly kind: "cancel"; readonly job: number }
  | { readonly kind: "backend"; readonly name?: BackendName; readonly threads?: number };

export interface LabelAnswer {
  readonly label: LabelMap;
  /** Mean probability that the label's pixels do not have. */
  readonly doubt: number;
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
  first?: LabelledPhotograph;
  graphs: { first?: ImageGraph; final?: ImageGraph };
}

/** Photographs whose graphs are kept. */
const KEPT = 2;

const kept = new Map<string, Kept>();
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
  } else turn = turn.then(() => answer(request));
});
// A server that was killed leaves no process behind.
process.on("disconnect", () => process.exit(0));

async function answer(request: LabelRequest): Promise<void> {
  const { job } = request;
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

async function label(request: LabelRequest, signal: AbortSignal): Promise<LabelAnswer> {
  const { job, stage, shapes, picture, dataset } = request;
  const started = performance.now();
  const photograph = await keep(request.file);
  const { image, graphs } = photograph;
  const weak = weakLabelsOfShapes(shapes, picture, image, dataset);
  let told = 0;
  const result = await labelPhotograph(image, weak, {
    ...request.options,
    ...(stage === "first" ? firstPassOptions(image, photograph.first, shapes) : {}),
    dataset,
    name: request.name,
    signal,
    keepGraph: true,
    ...(graphs[stage] === undefined ? {} : { graph: graphs[stage] }),
    onProgress: ({ step, total }) => {
      const now = performance.now();
      if (step === undefined || total === undefined || now - told < 100) return;
      told = now;
      send({ kind: "progress", job, share: step / total });
    },
  });
  if (result.graph !== undefined) graphs[stage] = result.graph;
  if (stage === "first") photograph.first = result;
  const drawn = drawnPixels(shapes, picture, image, dataset.ignore);
  return {
    label: withDrawnPixels(result.label, drawn, dataset.ignore),
    doubt: doubtOf(result),
    notices: result.notices,
    seconds: (performance.now() - started) / 1000,
  };
}

/** The photograph's pixels and graphs, from the last strokes or anew; the least recent one makes room. */
async function keep(file: string): Promise<Kept> {
  const found = kept.get(file) ?? { image: await readRgb(file), graphs: {} };
  kept.delete(file);
  kept.set(file, found);
  for (const [oldest, { graphs }] of kept) {
    if (kept.size <= KEPT) break;
    graphs.first?.dispose();
    if (graphs.final !== graphs.first) graphs.final?.dispose();
    kept.delete(oldest);
  }
  return found;
}

function doubtOf({ probabilities, classes }: LabelledPhotograph): number {
  const k = classes.length;
  let sum = 0;
  for (let i = 0; i < probabilities.length; i += k) {
    let best = 0;
    for (let c = 0; c < k; c++) best = Math.max(best, probabilities[i + c]);
    sum += 1 - best;
  }
  return sum / (probabilities.length / k);
}

function send(message: WorkerMessage): void {
  process.send?.(message);
}
