/**
 * From probabilities to a label: the dense CRF, the limit of the boxes once more, the most probable class. What a person drew
 * enters the CRF as certain, so that it spreads to what looks alike, and stands in the label whatever the CRF and boxes say.
 * Borders are tidied on request.
 */

import type { DenseCrfConfig } from "../config/dense-crf";
import type { RgbImage } from "../data/image";
import type { LabelMap } from "../data/label-png";
import { mostProbableClass } from "../dense-crf/dense-crf";
import { crfOptionsOf } from "../dense-crf/dense-crf-options";
import type { Sharpener } from "../dense-crf/sharpen";
import { upsampleGuided } from "../image-ops/guided-upsampling";
import { limitToBoxes } from "./box-limit";
import { type ImageClasses, originalLabel } from "./image-classes";
import type { UnsharpenedLabel } from "./label-probabilities";
import { tidyLabel } from "./tidy-label";

export interface FinishConfig extends DenseCrfConfig {
  /** Without it the probabilities stay as they are. */
  readonly denseCrf: boolean;
  /** Whether classes that have boxes stay within them. Default false. */
  readonly boxLimit?: boolean;
  /** Borders are tidied where one of these is above 0. Default 0. */
  readonly minArea?: number;
  readonly smooth?: number;
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
  { image, full, probabilities, classes, boxes, drawn, ignore }: UnsharpenedLabel,
  config: FinishConfig,
  sharpener: Sharpener,
): Promise<FinishedLabel> {
  if (drawn !== undefined) holdDrawn(probabilities, drawn, classes.length, ignore);
  const sharpened = config.denseCrf
    ? await sharpener.sharpen(image, probabilities, crfOptionsOf(config))
    : probabilities;
  const whole = full ?? { image, boxes, drawn };
  const probable = full === undefined ? sharpened : enlarged(sharpened, image, full.image, classes.length);
  if (config.boxLimit) limitToBoxes(probable, whole.boxes, classes.length, whole.image);
  if (whole.drawn !== undefined) holdDrawn(probable, whole.drawn, classes.length, ignore);
  const { width, height } = whole.image;
  const probableColumns = { width, height, data: mostProbableClass(probable, classes.length) };
  const { minArea = 0, smooth = 0 } = config;
  const columns = tidyLabel(
    probableColumns,
    classes.length,
    { minArea, smooth },
    { drawn: whole.drawn, ignore, mayBe: (pixel, column) => probable[pixel * classes.length + column] > 0 },
  );
  return { label: originalLabel(columns, classes), probabilities: probable, classes };
}

/** Probabilities of a reduced photograph at its own size, along the edges of the large one; each pixel's sum to 1. [H·W, K] */
function enlarged(probabilities: Float32Array, small: RgbImage, full: RgbImage, classes: number): Float32Array {
  const large = new Float32Array(full.width * full.height * classes);
  for (let k = 0; k < classes; k++) {
    const map = Float32Array.from({ length: small.width * small.height }, (_, i) => probabilities[i * classes + k]);
    upsampleGuided(map, small, full, (pixel, value) => {
      large[pixel * classes + k] = Math.max(0, value);
    });
  }
  for (let at = 0; at < large.length; at += classes) {
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += large[at + k];
    if (sum > 0) for (let k = 0; k < classes; k++) large[at + k] /= sum;
    else large[at] = 1;
  }
  return large;
}

/** Drawn pixels have probability 1 of their class. In place, [H·W, K]. */
function holdDrawn(probabilities: Float32Array, { data }: LabelMap, classes: number, ignore: number): void {
  for (let pixel = 0; pixel < data.length; pixel++) {
    const label = data[pixel];
    if (label === ignore) continue;
    probabilities.fill(0, pixel * classes, (pixel + 1) * classes);
    probabilities[pixel * classes + label] = 1;
  }
}
