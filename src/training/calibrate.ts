/** First statistics for the normalisations of a network from scratch: those of the first samples it will train on. */

import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors";
import type { ResNet38 } from "../network/resnet38";
import { requestsOf, type Schedule } from "./epoch-order";
import type { SampleLoader } from "./task";

/** Samples looked at; one batch's, if it is smaller. */
const SAMPLES = 8;

/**
 * The same on every process, and again when a run goes on.
 * @param size side of the samples' images
 */
export async function calibrateNorms(
  backbone: ResNet38,
  loader: SampleLoader<{ readonly image: Float32Array }>,
  schedule: Schedule,
  size: number,
): Promise<void> {
  const requests = requestsOf(schedule, 0, { rank: 0, size: 1 }).slice(0, SAMPLES);
  const images: Float32Array[] = [];
  for (const request of requests) {
    try {
      images.push((await loader.load(request)).image);
    } catch (error) {
      if (!(error instanceof UserError)) throw error; // the training loop will name it
    }
  }
  if (images.length === 0) return;
  const batch = tf.tidy(() => tf.stack(images.map((image) => tf.tensor3d(image, [size, size, 3]))) as tf.Tensor4D);
  backbone.calibrate(batch);
  batch.dispose();
}
