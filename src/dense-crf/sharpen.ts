/** The dense CRF of finished images: in worker threads while the next image trains, or at once in this one. */

import type { RgbImage } from "../data/image";
import { createThreadPool } from "../parallel/thread-pool";
import { denseCrf, type PreparedCrf, prepareDenseCrf } from "./dense-crf";
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

/**
 * @param threads each starts with the first image that needs it
 * @param each threads for one image, where cores would be idle otherwise
 */
export function openSharpener(threads: number, each: 1 | 2 = 1): Sharpener {
  const pool = createThreadPool<SharpenRequest, Float32Array>(require.resolve("./sharpen-thread"), threads);
  return {
    sharpen: (image, probabilities, options) =>
      pool.ask({ image, probabilities, options: { threads: each, ...options } }, [probabilities.buffer as ArrayBuffer]),
    close: () => pool.close(),
  };
}

/** Computes in the calling thread, which waits for it. */
export const sharpenerHere: Sharpener = {
  sharpen: async ({ data, width, height }, probabilities, options) =>
    denseCrf(data, width, height, probabilities, options),
  close: async () => undefined,
};

export interface KeepingSharpener extends Sharpener {
  /** Ahead of the first label of a photograph. */
  prepare(image: RgbImage, options: DenseCrfOptions): void;
}

/** In the calling thread; what depends on the photograph alone is kept for the next label of the same photograph. */
export function keepingSharpener(): KeepingSharpener {
  let last: { readonly image: RgbImage; readonly key: string; readonly crf: PreparedCrf } | undefined;
  const prepared = (image: RgbImage, { iterations: _, ...kernels }: DenseCrfOptions): PreparedCrf => {
    const key = JSON.stringify(kernels);
    if (last === undefined || last.key !== key || !isSame(last.image, image)) {
      const { data, width, height } = image;
      last = { image, key, crf: prepareDenseCrf(data, width, height, kernels) };
    }
    return last.crf;
  };
  return {
    prepare: (image, options) => void prepared(image, options),
    sharpen: async (image, probabilities, options) => prepared(image, options)(probabilities, options.iterations),
    async close() {
      last = undefined;
    },
  };
}

/** A reduced photograph is a new array of the same pixels each time. */
function isSame(a: RgbImage, b: RgbImage): boolean {
  return a === b || (a.width === b.width && a.height === b.height && Buffer.compare(a.data, b.data) === 0);
}
