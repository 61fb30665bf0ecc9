/**
 * The process that computes: TensorFlow is loaded here, so that the server answers while a network trains. One request at
 * a time; a request can be cancelled, and the graphs of the photographs drawn on last are kept for the next stroke.
 */

import { type BackendName, preferBackend, useBackend } from "../backend";
import type { DatasetDescription } from "../data/dataset";
import { type RgbImage, readRgb } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { type Sharpener, sharpenerHere } from "../dense-crf/sharpen";
import { messageOf } from "../errors";
import type { ImageGraph } from "../graph/image-graph";
import { type EarlierResult, type LabelPhotographOptions, labelPhotograph } from "../label-photograph/label-photograph";
import type { WeakLabels } from "../label-photograph/weak-labels";
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
  /** The last quick label's training. */
  first?: EarlierResult & { readonly classes: readonly number[]; readonly kind: WeakKind };
  /** By stage and kind of weak label, on which their windows depend. */
  readonly graphs: Map<string, ImageGraph>;
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
  const kind = kindOf(weak);
  const graph = graphs.get(`${stage} ${kind}`);
  const earlier = photograph.first?.kind === kind ? photograph.first : undefined;
  let told = 0;
  // The dense CRF makes every pixel sure: doubt is what was there before it.
  let doubt: number | undefined;
  const sharpener: Sharpener = {
    ...sharpenerHere,
    sharpen(of, probabilities, options) {
      doubt = meanDoubt(probabilities, of.width * of.height);
      return sharpenerHere.sharpen(of, probabilities, options);
    },
  };
  const result = await labelPhotograph(image, weak, {
    ...request.options,
    ...(stage === "first" ? firstPassOptions(image, earlier, shapes) : {}),
    dataset,
    name: request.name,
    signal,
    sharpener,
    keepGraph: true,
    ...(graph === undefined ? {} : { graph }),
    onProgress: ({ step, total }) => {
      const now = performance.now();
      if (step === undefined || total === undefined || now - told < 100) return;
      told = now;
      send({ kind: "progress", job, share: step / total });
    },
  });
  if (result.graph !== undefined) graphs.set(`${stage} ${kind}`, result.graph);
  const { learned, settings, classes } = result;
  if (stage === "first") photograph.first = { learned, settings, classes, kind };
  const drawn = drawnPixels(shapes, picture, image, dataset.ignore);
  return {
    label: withDrawnPixels(result.label, drawn, dataset.ignore),
    doubt: doubt ?? meanDoubt(result.probabilities, image.width * image.height),
    notices: result.notices,
    seconds: (performance.now() - started) / 1000,
  };
}

/** The photograph's pixels and graphs, from the last strokes or anew; the least recent one makes room. */
async function keep(file: string): Promise<Kept> {
  const found = kept.get(file) ?? { image: await readRgb(file), graphs: new Map() };
  kept.delete(file);
  kept.set(file, found);
  for (const [oldest, { graphs }] of kept) {
    if (kept.size <= KEPT) break;
    for (const graph of graphs.values()) graph.dispose();
    kept.delete(oldest);
  }
  return found;
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
