/**
 * First statistics for the normalisations of a network from scratch, or its first scales where it has none: by the
 * first samples that it will train on.
 */

import type * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors";
import { requestsOf, type Schedule } from "./epoch-order";
import { stackImages } from "./gradients";
import type { SampleLoader } from "./task";

/** Samples looked at; one batch's, if it is smaller. */
const SAMPLES = 16;

/**
 * The result is the same in every process, and when a run resumes.
 * @param size side of the samples' images
 */
export async function calibrateNorms(
  network: { calibrate(images: tf.Tensor4D): void },
  loader: SampleLoader<{ readonly image: Float32Array }>,
  schedule: Schedule,
  size: number,
): Promise<void> {
  const requests = requestsOf(schedule, 0, { rank: 0, size: 1 }).slice(0, SAMPLES);
  const samples: { readonly image: Float32Array }[] = [];
  for (const request of requests) {
    try {
      samples.push(await loader.load(request));
    } catch (error) {
      if (!(error instanceof UserError)) throw error; // the training loop will name it
    }
  }
  if (samples.length === 0) return;
  const batch = stackImages(samples, size);
  network.calibrate(batch);
  batch.dispose();
}
