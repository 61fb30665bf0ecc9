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
import { boxLimits, limitToBoxes } from "./box-limit";
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
  unsharpened: UnsharpenedLabel,
  config: FinishConfig,
  sharpener: Sharpener,
): Promise<FinishedLabel> {
  const { image, full, classes, ignore } = unsharpened;
  const sharpened = await sharpen(unsharpened, config, sharpener);
  const { probable, columns } =
    full === undefined ? { probable: sharpened } : enlarged(sharpened, image, full, classes.length, config);
  const whole = full ?? unsharpened;
  if (config.boxLimit) limitToBoxes(probable, whole.boxes, classes.length, whole.image);
  if (whole.drawn !== undefined) holdDrawn(probable, whole.drawn, classes.length, ignore);
  const most = columns ?? mostProbableClass(probable, classes.length);
  return { label: labelOf(most, unsharpened, config), probabilities: probable, classes };
}

/** The same label without its probabilities, which take four bytes of each class and pixel of a large photograph. */
export async function finishLabelAlone(
  unsharpened: UnsharpenedLabel,
  config: FinishConfig,
  sharpener: Sharpener,
): Promise<Pick<FinishedLabel, "label" | "classes">> {
  const { image, full, classes } = unsharpened;
  const sharpened = await sharpen(unsharpened, config, sharpener);
  if (full !== undefined) {
    const columns = mostProbableEnlarged(sharpened, image, full, classes.length, config);
    return { label: labelOf(columns, unsharpened, config), classes };
  }
  const { boxes, drawn, ignore } = unsharpened;
  if (config.boxLimit) limitToBoxes(sharpened, boxes, classes.length, image);
  if (drawn !== undefined) holdDrawn(sharpened, drawn, classes.length, ignore);
  return { label: labelOf(mostProbableClass(sharpened, classes.length), unsharpened, config), classes };
}

// --- internal ---

async function sharpen(
  { image, probabilities, classes, drawn, ignore }: UnsharpenedLabel,
  config: FinishConfig,
  sharpener: Sharpener,
): Promise<Float32Array> {
  if (drawn !== undefined) holdDrawn(probabilities, drawn, classes.length, ignore);
  return config.denseCrf ? sharpener.sharpen(image, probabilities, crfOptionsOf(config)) : probabilities;
}

/** What was drawn stands in it; borders are tidied where that is asked for. */
function labelOf(
  data: Uint8Array,
  { image, full, boxes, drawn, classes, ignore }: UnsharpenedLabel,
  { boxLimit = false, minArea = 0, smooth = 0 }: FinishConfig,
): LabelMap {
  const whole = full ?? { image, boxes, drawn };
  const { width, height } = whole.image;
  const held = whole.drawn;
  if (held !== undefined)
    for (let pixel = 0; pixel < data.length; pixel++) if (held.data[pixel] !== ignore) data[pixel] = held.data[pixel];
  const limits = { drawn: held, ignore, ...(boxLimit ? { mayBe: boxLimits(whole.boxes, whole.image) } : {}) };
  return originalLabel(tidyLabel({ width, height, data }, classes.length, { minArea, smooth }, limits), classes);
}

/** The most probable class of each pixel of the large photograph; its probabilities are never in memory together. [H·W] */
function mostProbableEnlarged(
  probabilities: Float32Array,
  small: RgbImage,
  full: Pick<UnsharpenedLabel, "image" | "boxes">,
  classes: number,
  config: FinishConfig,
): Uint8Array {
  const { image } = full;
  const columns = new Uint8Array(image.width * image.height);
  const most = mostProbableWithin(full, config);
  upsampleGuided(probabilities, classes, small, image, (pixel, values) => {
    columns[pixel] = most(pixel, values);
  });
  return columns;
}

/** Probabilities of a reduced photograph at its own size, along the edges of the large one; each pixel's sum to 1. [H·W, K] */
function enlarged(
  probabilities: Float32Array,
  small: RgbImage,
  full: Pick<UnsharpenedLabel, "image" | "boxes">,
  classes: number,
  config: FinishConfig,
): { readonly probable: Float32Array; readonly columns: Uint8Array } {
  const { image } = full;
  const probable = new Float32Array(image.width * image.height * classes);
  const columns = new Uint8Array(image.width * image.height);
  const most = mostProbableWithin(full, config);
  upsampleGuided(probabilities, classes, small, image, (pixel, values) => {
    columns[pixel] = most(pixel, values);
    const at = pixel * classes;
    for (let k = 0; k < classes; k++) probable[at + k] = Math.max(0, values[k]);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += probable[at + k];
    if (sum > 0) for (let k = 0; k < classes; k++) probable[at + k] /= sum;
    else probable[at] = 1;
  });
  return { probable, columns };
}

/** The column of the largest value, the first of equal ones, among the classes that the pixel may have. */
function mostProbableWithin(
  { image, boxes }: Pick<UnsharpenedLabel, "image" | "boxes">,
  { boxLimit = false }: FinishConfig,
): (pixel: number, values: Float64Array) => number {
  const mayBe = boxLimit ? boxLimits(boxes, image) : () => true;
  return (pixel, values) => {
    let best = 0;
    let column = 0;
    for (let k = 0; k < values.length; k++) {
      if (values[k] <= best || !mayBe(pixel, k)) continue;
      best = Math.fround(values[k]);
      column = k;
    }
    return column;
  };
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
