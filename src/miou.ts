/**
 * Intersection over union from a confusion matrix (docs/method.md, section 5): pixels counted over a whole list of
 * images, then divided once. Ground-truth pixels with the ignore value do not count at all. A *prediction* with the
 * ignore value on a pixel whose truth is known is a miss: it stands in an extra column, counts in the union of its true
 * class and against the pixel accuracy, and is a false alarm of no class.
 *
 * k = classes, background included.
 */

import { UserError } from "./errors";

export interface Confusion {
  readonly classes: number;
  /** [k, k + 1], rows truth, columns prediction; the last column holds predictions with the ignore value. */
  readonly counts: Float64Array;
  /** Pixels whose truth has the ignore value. */
  ignored: number;
}

export interface ClassScore {
  readonly class: string;
  /** Fraction, or null where the class is in neither truth nor prediction. */
  readonly iou: number | null;
  /** Whether the class is in the ground truth, i.e. counts in the mean. */
  readonly present: boolean;
  readonly truePixels: number;
  readonly predictedPixels: number;
}

export interface Scores {
  readonly perClass: readonly ClassScore[];
  /** Mean IoU over the classes present in the ground truth; null where there is no labelled pixel. */
  readonly mIoU: number | null;
  readonly pixelAccuracy: number | null;
  readonly labelledPixels: number;
  readonly ignoredPixels: number;
  /** Labelled pixels whose prediction has the ignore value: counted as misses. */
  readonly unpredictedPixels: number;
}

export function createConfusion(classes: number): Confusion {
  return { classes, counts: new Float64Array(classes * (classes + 1)), ignored: 0 };
}

/**
 * Adds one image to the matrix, or nothing if a value is out of range.
 * @param truth class indices or `ignore`, one per pixel
 * @param prediction the same
 * @throws UserError "input" for different lengths and for values that are neither a class nor `ignore`
 */
export function addToConfusion(
  confusion: Confusion,
  truth: Uint8Array,
  prediction: Uint8Array,
  ignore: number,
  where: string,
): void {
  if (truth.length !== prediction.length)
    throw new UserError(
      "input",
      `expected a prediction of ${truth.length} pixels, got ${prediction.length} (image "${where}")`,
    );
  const { classes, counts } = confusion;
  checkValues(truth, "ground truth", classes, ignore, where);
  checkValues(prediction, "prediction", classes, ignore, where);
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] === ignore) confusion.ignored++;
    else counts[truth[i] * (classes + 1) + (prediction[i] === ignore ? classes : prediction[i])]++;
  }
}

/** @param names one per class, background first */
export function scoresOf({ classes, counts, ignored }: Confusion, names: readonly string[]): Scores {
  const at = (truth: number, prediction: number): number => counts[truth * (classes + 1) + prediction];
  const all = Array.from({ length: classes }, (_, index) => index);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const perClass = all.map((c): ClassScore => {
    const truePixels = sum([...all, classes].map((prediction) => at(c, prediction)));
    const predictedPixels = sum(all.map((truth) => at(truth, c)));
    const union = truePixels + predictedPixels - at(c, c);
    const iou = union > 0 ? at(c, c) / union : null;
    return { class: names[c], iou, present: truePixels > 0, truePixels, predictedPixels };
  });
  const present = perClass.filter((score) => score.present);
  const labelledPixels = sum(perClass.map((score) => score.truePixels));
  return {
    perClass,
    mIoU: present.length > 0 ? sum(present.map((score) => score.iou ?? 0)) / present.length : null,
    pixelAccuracy: labelledPixels > 0 ? sum(all.map((c) => at(c, c))) / labelledPixels : null,
    labelledPixels,
    ignoredPixels: ignored,
    unpredictedPixels: sum(all.map((c) => at(c, classes))),
  };
}

function checkValues(labels: Uint8Array, what: string, classes: number, ignore: number, where: string): void {
  for (const label of labels)
    if (label >= classes && label !== ignore)
      throw new UserError(
        "input",
        `expected class indices below ${classes} or ${ignore} in the ${what}, got ${label} (image "${where}")`,
      );
}
