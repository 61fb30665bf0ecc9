/**
 * From probabilities to a label: the dense CRF, the limit of the boxes once more, the most probable class. What a person drew
 * enters the CRF as certain, so that it spreads to what looks alike, and stands in the label whatever the CRF and boxes say.
 */

import type { DenseCrfConfig } from "../config/dense-crf";
import type { LabelMap } from "../data/label-png";
import { mostProbableClass } from "../dense-crf/dense-crf";
import { crfOptionsOf } from "../dense-crf/dense-crf-options";
import type { Sharpener } from "../dense-crf/sharpen";
import { limitToBoxes } from "./box-limit";
import { type ImageClasses, originalLabel } from "./image-classes";
import type { UnsharpenedLabel } from "./label-probabilities";

export interface FinishConfig extends DenseCrfConfig {
  /** Without it the probabilities stay as they are. */
  readonly denseCrf: boolean;
  /** Whether classes that have boxes stay within them. Default false. */
  readonly boxLimit?: boolean;
}

export interface FinishedLabel {
  /** In the data set's classes. */
  readonly label: LabelMap;
  /** [H·W, K], a column for each of the image's classes. */
  readonly probabilities: Float32Array;
  /** The data set's class of each column. */
  readonly classes: ImageClasses;
}

/** @param unsharpened its probabilities are not to be used afterwards */
export async function finishLabel(
  { image, probabilities, classes, boxes, drawn, ignore }: UnsharpenedLabel,
  config: FinishConfig,
  sharpener: Sharpener,
): Promise<FinishedLabel> {
  const { width, height } = image;
  if (drawn !== undefined) holdDrawn(probabilities, drawn, classes.length, ignore);
  const sharpened = config.denseCrf
    ? await sharpener.sharpen(image, probabilities, crfOptionsOf(config))
    : probabilities;
  if (config.boxLimit) limitToBoxes(sharpened, boxes, classes.length, image);
  if (drawn !== undefined) holdDrawn(sharpened, drawn, classes.length, ignore);
  const columns = { width, height, data: mostProbableClass(sharpened, classes.length) };
  return { label: originalLabel(columns, classes), probabilities: sharpened, classes };
}

/** Drawn pixels have probability 1 of their class. In place, [H·W, K]. */
function holdDrawn(probabilities: Float32Array, { data }: LabelMap, classes: number, ignore: number): void {
  for (const [pixel, label] of data.entries()) {
    if (label === ignore) continue;
    probabilities.fill(0, pixel * classes, (pixel + 1) * classes);
    probabilities[pixel * classes + label] = 1;
  }
}
