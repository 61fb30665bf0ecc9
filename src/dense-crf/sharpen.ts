/** The dense CRF of finished images: in worker threads while the next image trains, or at once in this one. */

import type { RgbImage } from "../data/image";
import { createThreadPool } from "../parallel/thread-pool";
import { denseCrf } from "./dense-crf";
import type { DenseCrfOptions } from "./dense-crf-options";
import type { SharpenRequest } from "./sharpen-thread";

export interface Sharpener {
  /**
   * @param probabilities [H·W, K]; they may move to another thread, and are unusable afterwards
   * @returns the same shape
   */
  sharpen(image: RgbImage, probabilities: Float32Array, options: DenseCrfOptions): Promise<Float32Array>;
  close(): Promise<void>;
}

/** @param threads each starts with the first image that needs it */
export function openSharpener(threads: number): Sharpener {
  const pool = createThreadPool<SharpenRequest, Float32Array>(require.resolve("./sharpen-thread"), threads);
  return {
    sharpen: (image, probabilities, options) =>
      pool.ask({ image, probabilities, options }, [probabilities.buffer as ArrayBuffer]),
    close: () => pool.close(),
  };
}

/** Computes in the calling thread, which waits for it. */
export const sharpenerHere: Sharpener = {
  sharpen: async ({ data, width, height }, probabilities, options) =>
    denseCrf(data, width, height, probabilities, options),
  close: async () => undefined,
};
