/**
 * What the evaluation compares: one category of one image, as plain numbers. All figures are worked out from these, so
 * that masks and boxes, COCO's rules and VOC's go the same way.
 */

export interface Comparison {
  /** Detections, best score first; equal scores in the order of the file. */
  readonly scores: readonly number[];
  /** Pixels of each detection. */
  readonly areas: readonly number[];
  readonly truths: readonly TrueInstance[];
  /** IoU of detection d and truth g at `d · truths + g`; for a crowd the share of the detection that lies within it. */
  readonly overlaps: Float64Array;
}

export interface TrueInstance {
  /** Pixels, as the truth's file says. */
  readonly area: number;
  readonly isCrowd: boolean;
}
