/** One dense CRF, on a thread of its own. */

import type { RgbImage } from "../data/image";
import type { Handle } from "../parallel/thread-pool";
import { denseCrf } from "./dense-crf";
import type { DenseCrfOptions } from "./dense-crf-options";

export interface SharpenRequest {
  readonly image: RgbImage;
  /** [H·W, K] */
  readonly probabilities: Float32Array;
  readonly options: DenseCrfOptions;
}

export const handle: Handle<SharpenRequest, Float32Array> = async ({ image, probabilities, options }) =>
  denseCrf(image.data, image.width, image.height, probabilities, options);
