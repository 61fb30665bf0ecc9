/** The dense CRF of finished images, in worker threads while the next image trains. */

import type { DenseCrfConfig } from "../config/dense-crf";
import type { RgbImage } from "../data/image";
import { createThreadPool } from "../parallel/thread-pool";
import type { DenseCrfOptions } from "./dense-crf";
import type { SharpenRequest } from "./sharpen-thread";

export interface Sharpener {
  /** @param probabilities [H·W, K], moved to the thread: unusable afterwards @returns the same shape */
  sharpen(image: RgbImage, probabilities: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/** The options of a step that has a dense CRF. */
export interface SharpenerConfig extends DenseCrfConfig {
  readonly denseCrf: boolean;
  readonly crfThreads: number;
}

/** Threads start with the first image. With `--dense-crf off` probabilities stay as they are. */
export function openSharpener(config: SharpenerConfig): Sharpener {
  if (!config.denseCrf) return { sharpen: async (_, probabilities) => probabilities, close: async () => undefined };
  const pool = createThreadPool<SharpenRequest, Float32Array>(require.resolve("./sharpen-thread"), config.crfThreads);
  const options: DenseCrfOptions = {
    iterations: config.crfIterations,
    gaussian: { sxy: config.crfGaussianSxy, compat: config.crfGaussianCompat },
    bilateral: { sxy: config.crfBilateralSxy, srgb: config.crfBilateralSrgb, compat: config.crfBilateralCompat },
  };
  return {
    sharpen: (image, probabilities) =>
      pool.ask({ image, probabilities, options }, [probabilities.buffer as ArrayBuffer]),
    close: () => pool.close(),
  };
}
