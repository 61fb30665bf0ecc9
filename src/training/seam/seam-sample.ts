/** SEAM's training samples: a photograph as the network sees it in one epoch. Made on other threads. */

import { findImage, readRgb } from "../../data/image";
import { Random } from "../../random";
import type { MakeSamples } from "../sample-loader";
import type { SampleLoader } from "../task";
import { type SampleOptions, trainingSample } from "./training-sample";

/** Plain data, since it travels to the threads. */
export interface SeamSampleConfig extends SampleOptions {
  readonly root: string;
}

export interface UntaggedSample {
  /** Seed of everything random about this sample in this epoch. */
  readonly seed: number;
  /** [cropSize, cropSize, 3], normalised. */
  readonly image: Float32Array;
}

export interface SeamSample extends UntaggedSample {
  /** [foreground classes], 1 where tagged. */
  readonly tags: Float32Array;
}

/** @throws UserError "input" for an image that cannot be read */
export const handle: MakeSamples<SeamSampleConfig, UntaggedSample> = async ({ request: { id, seed }, options }) => {
  const image = await readRgb(await findImage(options.root, id));
  return { seed, image: trainingSample(image, new Random(seed), options) };
};

/** Samples with the tags of their images: class indices, 1 = the first after background. */
export function withTags(
  loader: SampleLoader<UntaggedSample>,
  tagsOf: ReadonlyMap<string, readonly number[]>,
  foregroundClasses: number,
): SampleLoader<SeamSample> {
  return {
    parallel: loader.parallel,
    async load(request) {
      const tags = new Float32Array(foregroundClasses);
      for (const label of tagsOf.get(request.id) ?? []) tags[label - 1] = 1;
      return { ...(await loader.load(request)), tags };
    },
    close: () => loader.close(),
  };
}
