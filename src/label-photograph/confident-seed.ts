/** The confident label of class activation maps (docs/method.md, section 1.2), with the numbers of `infer-seam`. */

import { inferSeamOptions } from "../config/infer-seam";
import { defaultsOf } from "../config/option";
import type { DatasetDescription } from "../data/dataset";
import type { RgbImage } from "../data/image";
import { crfOptionsOf } from "../dense-crf/dense-crf-options";
import type { Sharpener } from "../dense-crf/sharpen";
import { camScores, type ImageCams } from "../seam/cam-scores";
import { confidentLabel } from "../seam/confident-label";

/** [H·W]: a class where the maps and two dense CRFs are sure of it, the ignore value elsewhere. */
export async function confidentSeed(
  cams: ImageCams,
  image: RgbImage,
  { classes, ignore }: DatasetDescription,
  sharpener: Sharpener,
): Promise<Uint8Array> {
  const config = defaultsOf(inferSeamOptions);
  const options = crfOptionsOf(config);
  const [low, high] = await Promise.all(
    [config.alphaLow, config.alphaHigh].map((alpha) => sharpener.sharpen(image, camScores(cams, alpha), options)),
  );
  return confidentLabel(cams, low, high, { classCount: classes.length, ignore }).confident;
}
