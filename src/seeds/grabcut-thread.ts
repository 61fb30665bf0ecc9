/** One GrabCut, on a thread of its own: OpenCV's module blocks while it works, and hooks itself into its process. */

import type { RgbImage } from "../data/image";
import { messageOf } from "../errors";
import type { Handle } from "../parallel/thread-pool";

/** Half-open pixel rectangle inside an image. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface GrabCutRequest {
  readonly image: RgbImage;
  readonly rectangle: Rectangle;
  readonly iterations: number;
  /** What is known for certain, [H·W]: `CERTAIN.background`, `CERTAIN.foreground`, else `CERTAIN.nothing`. */
  readonly certain?: Uint8Array;
}

export const CERTAIN = { nothing: 0, background: 1, foreground: 2 } as const;

/** Either which pixels are foreground, [H·W] of 0 and 1, or why there is no answer. */
export type GrabCutAnswer = { readonly foreground: Uint8Array } | { readonly failure: string };

/** The part of OpenCV's module that is used. Objects live in WebAssembly's memory until deleted. */
interface OpenCv {
  readonly Mat: {
    new (): Mat;
    new (rows: number, columns: number, type: number): Mat;
  };
  readonly Rect: new (x: number, y: number, width: number, height: number) => object;
  readonly CV_8UC1: number;
  readonly CV_8UC3: number;
  readonly GC_INIT_WITH_RECT: number;
  readonly GC_INIT_WITH_MASK: number;
  grabCut(image: Mat, mask: Mat, rectangle: object, bg: Mat, fg: Mat, iterations: number, mode: number): void;
  setRNGSeed(seed: number): void;
  exceptionFromPtr(pointer: number): { readonly msg: string };
  onRuntimeInitialized?: () => void;
}

interface Mat {
  readonly data: Uint8Array;
  delete(): void;
}

/** The colour models start from k-means with random centres; with the same seed every time a box has one answer. */
const SEED = 0;

let loading: Promise<{ readonly cv: OpenCv }> | undefined;

/** Wrapped in an object: the module has a `then` of its own, and a promise of it would never settle. */
function loadOpenCv(): Promise<{ readonly cv: OpenCv }> {
  loading ??= new Promise((resolve) => {
    const cv = require("@techstark/opencv-js") as OpenCv;
    if ((cv as Partial<OpenCv>).Mat !== undefined) resolve({ cv });
    else cv.onRuntimeInitialized = () => resolve({ cv });
  });
  return loading;
}

/** A module that ran out of memory or aborted is unusable; the next cut loads a fresh one. */
function forgetOpenCv(): void {
  loading = undefined;
  delete require.cache[require.resolve("@techstark/opencv-js")];
}

export const handle: Handle<GrabCutRequest, GrabCutAnswer> = async (request) => {
  const { cv } = await loadOpenCv();
  try {
    return { foreground: cut(cv, request) };
  } catch (error) {
    // exceptions of OpenCV's own arrive as pointers, and leave the module whole
    if (typeof error === "number") return { failure: `GrabCut: ${cv.exceptionFromPtr(error).msg}` };
    forgetOpenCv();
    return { failure: `GrabCut: ${messageOf(error)}` };
  }
};

/** [H·W] of 0 and 1. */
function cut(cv: OpenCv, { image, rectangle, iterations, certain }: GrabCutRequest): Uint8Array {
  const { width, height, data } = image;
  const made: Mat[] = [];
  const own = (mat: Mat): Mat => {
    made.push(mat);
    return mat;
  };
  try {
    const bgr = own(new cv.Mat(height, width, cv.CV_8UC3));
    const mask = own(new cv.Mat(height, width, cv.CV_8UC1));
    const [background, foreground] = [own(new cv.Mat()), own(new cv.Mat())];
    const pixels = bgr.data;
    for (let i = 0; i < data.length; i += 3) {
      pixels[i] = data[i + 2];
      pixels[i + 1] = data[i + 1];
      pixels[i + 2] = data[i];
    }
    const { x, y, width: w, height: h } = rectangle;
    if (certain !== undefined) mask.data.set(initialMask(image, rectangle, certain));
    const mode = certain === undefined ? cv.GC_INIT_WITH_RECT : cv.GC_INIT_WITH_MASK;
    cv.setRNGSeed(SEED);
    cv.grabCut(bgr, mask, new cv.Rect(x, y, w, h), background, foreground, iterations, mode);
    // 0 and 2 are background, 1 and 3 foreground, certain or probable
    return Uint8Array.from(mask.data, (value) => value & 1);
  } finally {
    for (const mat of made) mat.delete();
  }
}

/** OpenCV's numbers: 0 and 1 are certain background and foreground; 3, inside the rectangle, is what the cut decides. */
function initialMask({ width, height }: RgbImage, { x, y, ...inside }: Rectangle, certain: Uint8Array): Uint8Array {
  const mask = new Uint8Array(width * height);
  for (let row = y; row < y + inside.height; row++)
    for (let pixel = row * width + x; pixel < row * width + x + inside.width; pixel++)
      mask[pixel] = certain[pixel] === CERTAIN.foreground ? 1 : certain[pixel] === CERTAIN.background ? 0 : 3;
  return mask;
}
