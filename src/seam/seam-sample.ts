/** SEAM's training samples: a photograph as the network sees it in one epoch, and its tags. Made on worker threads. */

import { findImage, readRgb } from "../data/image";
import { expected } from "../errors";
import { Random } from "../random";
import type { SampleRequest } from "../training/task";
import { type SampleOptions, trainingSample } from "./training-sample";

/** Plain data, since it travels to the threads. */
export interface SeamSampleConfig {
  readonly root: string;
  /** Foreground classes of the data set. */
  readonly foregroundClasses: number;
  /** Class indices (1 = the first after background) by image. */
  readonly tags: Readonly<Record<string, readonly number[]>>;
  readonly options: SampleOptions;
}

export interface SeamSample {
  /** Of everything random about this sample in this epoch. */
  readonly seed: number;
  /** [cropSize, cropSize, 3], normalised. */
  readonly image: Float32Array;
  /** [foregroundClasses], 1 where tagged. */
  readonly tags: Float32Array;
}

/** @throws UserError "input" for an image that cannot be read, or has no tags given */
export async function makeSample(request: SampleRequest, config: SeamSampleConfig): Promise<SeamSample> {
  const { id, seed } = request;
  const tagged = Object.hasOwn(config.tags, id) ? config.tags[id] : undefined;
  if (tagged === undefined) throw expected("input", "tags", "none", `image "${id}"`);
  const tags = new Float32Array(config.foregroundClasses);
  for (const label of tagged) tags[label - 1] = 1;
  const image = await readRgb(await findImage(config.root, id));
  return { seed, tags, image: trainingSample(image, new Random(seed), config.options) };
}
