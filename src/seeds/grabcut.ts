/**
 * GrabCut (Rother et al., SIGGRAPH 2004) from a box, as SDI makes labels of boxes: everything outside the box is
 * background for good, inside five rounds of colour models and graph cuts decide. OpenCV's own code, compiled to
 * WebAssembly, runs on worker threads; its answer is that of OpenCV for Python.
 */

import { pixelsOf } from "../data/box-pixels";
import type { ImageSize } from "../data/dataset";
import type { RgbImage } from "../data/image";
import type { Point } from "../data/points";
import type { Box } from "../data/voc-boxes";
import { expected, messageOf } from "../errors";
import { createThreadPool, type ThreadPool } from "../parallel/thread-pool";
import { CERTAIN, type GrabCutAnswer, type GrabCutRequest, type Rectangle } from "./grabcut-thread";
import { drawnPixels } from "./point-rule";
import { reducedBy } from "./reduced-image";

export type { GrabCutAnswer, Rectangle } from "./grabcut-thread";

/** Pixels that a person drew: hard constraints of every cut. */
export interface DrawnPixels {
  /** Class, or `ignore` where nothing was drawn, [H·W]. */
  readonly data: Uint8Array;
  readonly ignore: number;
}

export interface GrabCut {
  /** The object in a box. Never rejects for an image: what OpenCV refuses comes back as `failure`. */
  cut(image: RgbImage, box: Box, drawn?: DrawnPixels): Promise<GrabCutAnswer>;
  close(): Promise<void>;
}

export interface GrabCutOptions {
  /** Default 5. */
  readonly iterations?: number;
  /** Larger images are reduced to so many pixels for the cut. Default 1,000,000: time and memory grow with them. */
  readonly maxPixels?: number;
  /** Worker threads. Default 1. */
  readonly threads?: number;
}

/** Starts no thread before the first cut. */
export function openGrabCut({ threads = 1, ...options }: GrabCutOptions = {}): GrabCut {
  const pool = openPool(threads);
  return { ...cutterOf(pool, options), close: () => pool.close() };
}

/**
 * The same on threads that the whole process shares and keeps: a thread for each photograph would cost 0.3 seconds, and memory
 * that the system gets back late. Idle threads do not hold the process.
 */
export function sharedGrabCut({ threads = 1, ...options }: GrabCutOptions = {}): Pick<GrabCut, "cut"> {
  const pool = shared.get(threads) ?? openPool(threads);
  shared.set(threads, pool);
  return cutterOf(pool, options);
}

type Pool = ThreadPool<GrabCutRequest, GrabCutAnswer>;

/** By their number of threads. */
const shared = new Map<number, Pool>();

function openPool(threads: number): Pool {
  return createThreadPool<GrabCutRequest, GrabCutAnswer>(require.resolve("./grabcut-thread"), threads);
}

function cutterOf(pool: Pool, { iterations = 5, maxPixels = 1_000_000 }: GrabCutOptions): Pick<GrabCut, "cut"> {
  return {
    async cut(image, box, drawn) {
      const rectangle = rectangleOf(box, image);
      if (rectangle.width === image.width && rectangle.height === image.height)
        return { failure: "the box is the whole image: nothing is known to be background" };
      const ask = (request: GrabCutRequest): Promise<GrabCutAnswer> =>
        pool.ask(request).catch((error: unknown) => ({ failure: `GrabCut: ${messageOf(error)}` }));
      const step = Math.ceil(Math.sqrt((image.width * image.height) / maxPixels));
      const certain = drawn === undefined ? undefined : certainOf(drawn, box, rectangle, image.width);
      if (step <= 1) return ask({ image, rectangle, iterations, certain });
      const answer = await ask({
        image: reducedBy(image, step),
        rectangle: reduceRectangle(rectangle, step),
        iterations,
        ...(certain === undefined ? {} : { certain: reduceCertain(certain, image, step) }),
      });
      return "failure" in answer ? answer : { foreground: enlarge(answer.foreground, image, rectangle, step) };
    },
  };
}

/** The object in each box, what strokes and clicks say being certain in all of them. */
export function cutBoxes(
  grabCut: Pick<GrabCut, "cut">,
  image: RgbImage,
  { boxes, points, strokes }: { boxes: readonly Box[]; points: readonly Point[]; strokes?: Uint8Array },
  ignore: number,
): Promise<GrabCutAnswer[]> {
  const data = drawnPixels(points, strokes, image, ignore);
  const drawn = data && { data, ignore };
  return Promise.all(boxes.map((box) => grabCut.cut(image, box, drawn)));
}

/** The pixels of a box in the image. @throws UserError "input" where there are none */
export function rectangleOf(box: Box, image: ImageSize): Rectangle {
  const pixels = pixelsOf(box, image);
  if (pixels === undefined) throw expected("input", "a box inside the image", JSON.stringify(box), "GrabCut");
  const { top, left, bottom, right } = pixels;
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

// --- internal ---

/** What strokes and clicks say of the pixels of one box; undefined where they say nothing. */
function certainOf(
  { data, ignore }: DrawnPixels,
  box: Box,
  { x, y, width, height }: Rectangle,
  stride: number,
): Uint8Array | undefined {
  const certain = new Uint8Array(data.length);
  let isEmpty = true;
  for (let row = y; row < y + height; row++)
    for (let pixel = row * stride + x; pixel < row * stride + x + width; pixel++) {
      if (data[pixel] === ignore) continue;
      certain[pixel] = data[pixel] === box.class ? CERTAIN.foreground : CERTAIN.background;
      isEmpty = false;
    }
  return isEmpty ? undefined : certain;
}

/** The first certain pixel of each block, so that no stroke gets lost. */
function reduceCertain(certain: Uint8Array, { width, height }: RgbImage, step: number): Uint8Array {
  const columns = Math.ceil(width / step);
  const small = new Uint8Array(columns * Math.ceil(height / step));
  for (const [pixel, value] of certain.entries()) {
    if (value === CERTAIN.nothing) continue;
    const at = Math.floor(Math.floor(pixel / width) / step) * columns + Math.floor((pixel % width) / step);
    if (small[at] === CERTAIN.nothing) small[at] = value;
  }
  return small;
}

function reduceRectangle({ x, y, width, height }: Rectangle, step: number): Rectangle {
  const [left, top] = [Math.floor(x / step), Math.floor(y / step)];
  return {
    x: left,
    y: top,
    width: Math.floor((x + width - 1) / step) - left + 1,
    height: Math.floor((y + height - 1) / step) - top + 1,
  };
}

function enlarge(small: Uint8Array, { width, height }: RgbImage, inside: Rectangle, step: number): Uint8Array {
  const large = new Uint8Array(width * height);
  const columns = Math.ceil(width / step);
  for (let y = inside.y; y < inside.y + inside.height; y++)
    for (let x = inside.x; x < inside.x + inside.width; x++)
      large[y * width + x] = small[Math.floor(y / step) * columns + Math.floor(x / step)];
  return large;
}
