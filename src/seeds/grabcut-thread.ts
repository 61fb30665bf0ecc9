/** One GrabCut, on a thread of its own: OpenCV's module blocks while it works, and hooks itself into its process. */

import type { Handle } from "../parallel/thread-pool";
import type { GrabCutAnswer, GrabCutRequest } from "./grabcut";

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

export const handle: Handle<GrabCutRequest, GrabCutAnswer> = async ({ image, rectangle, iterations }) => {
  const { cv } = await loadOpenCv();
  const { width, height, data } = image;
  const bgr = new cv.Mat(height, width, cv.CV_8UC3);
  const mask = new cv.Mat(height, width, cv.CV_8UC1);
  const models = [new cv.Mat(), new cv.Mat()] as const;
  try {
    const pixels = bgr.data;
    for (let i = 0; i < data.length; i += 3) {
      pixels[i] = data[i + 2];
      pixels[i + 1] = data[i + 1];
      pixels[i + 2] = data[i];
    }
    cv.setRNGSeed(SEED);
    const { x, y, width: w, height: h } = rectangle;
    cv.grabCut(bgr, mask, new cv.Rect(x, y, w, h), ...models, iterations, cv.GC_INIT_WITH_RECT);
    // 0 and 2 are background, 1 and 3 foreground, certain or probable
    return { foreground: Uint8Array.from(mask.data, (value) => value & 1) };
  } catch (error) {
    return { failure: `GrabCut: ${typeof error === "number" ? cv.exceptionFromPtr(error).msg : String(error)}` };
  } finally {
    for (const mat of [bgr, mask, ...models]) mat.delete();
  }
};
