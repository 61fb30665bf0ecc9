/**
 * From class activation maps to a label that holds only what is sure. docs/method.md, section 1.2; reference:
 * infer_SEAM.py:133-180.
 *
 * Two dense CRFs: "la" with the low exponent (4: much background) and "ha" with the high one (24: little background).
 * What la calls foreground is foreground, what ha calls background is background, the rest unknown: the full label. Of
 * that, a pixel stays in the confident label where its map is among the class's strongest and the CRF is sure as well.
 */

import { expected } from "../errors";
import { backgroundScore, type ImageCams } from "./cam-scores";

export interface ConfidenceThresholds {
  /** Exponent of the background score in which a map must win. Default 24. */
  readonly alpha: number;
  /** Share of a class's winning pixels that is not sure. Default 0.6: the top 40 % stay. */
  readonly unsureShare: number;
  /** Pixels with a weaker map do not count among the winning ones. Default 0.01. */
  readonly camMinimum: number;
  /** Background is sure where its score is above this. Default 0.8. */
  readonly backgroundMinimum: number;
  /** The CRF is sure from this probability on. Default 0.8. */
  readonly crfMinimum: number;
}

export const defaultThresholds: ConfidenceThresholds = Object.freeze({
  alpha: 24,
  unsureShare: 0.6,
  camMinimum: 0.01,
  backgroundMinimum: 0.8,
  crfMinimum: 0.8,
});

export interface ConfidentLabel {
  /** [H·W]: class, or `ignore`. */
  readonly confident: Uint8Array;
  /** [H·W]: before the filter, the reference's "top 100 %". */
  readonly full: Uint8Array;
  /** [H·W]: 1 where the map is sure. */
  readonly camSure: Uint8Array;
  /** [H·W]: 1 where the CRF is not sure. */
  readonly crfUnsure: Uint8Array;
}

/**
 * @param cams the maps of the image's tags
 * @param low CRF probabilities of the low exponent, [H·W, 1 + tags], as `camScores` orders them
 * @param high those of the high exponent
 * @param dataset number of classes (background included) and value of unknown pixels
 */
export function confidentLabel(
  cams: ImageCams,
  low: Float32Array,
  high: Float32Array,
  dataset: { readonly classCount: number; readonly ignore: number },
  thresholds: ConfidenceThresholds = defaultThresholds,
): ConfidentLabel {
  const pixels = cams.width * cams.height;
  const labels = [0, ...cams.maps.keys()];
  const columns = labels.length;
  for (const probabilities of [low, high])
    if (probabilities.length !== pixels * columns)
      throw expected("input", `${pixels}×${columns} probabilities`, `${probabilities.length}`, "confidentLabel");

  const lowWinner = strongestColumn(low, columns);
  const highWinner = strongestColumn(high, columns);
  const camSure = sureOfMap(cams, lowWinner, dataset.classCount, thresholds);
  const crfMinimum = Math.fround(thresholds.crfMinimum);
  const full = new Uint8Array(pixels);
  const confident = new Uint8Array(pixels);
  const crfUnsure = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    full[i] = highWinner[i] === 0 ? 0 : lowWinner[i] === 0 ? dataset.ignore : labels[lowWinner[i]];
    let surest = high[i * columns];
    for (let j = 1; j < columns; j++) surest = Math.max(surest, low[i * columns + j]);
    crfUnsure[i] = surest < crfMinimum ? 1 : 0;
    confident[i] = camSure[i] === 1 && crfUnsure[i] === 0 ? full[i] : dataset.ignore;
  }
  return { confident, full, camSure, crfUnsure };
}

/** Index of the largest entry of each row; the first of equals. [n, columns] → [n] */
function strongestColumn(rows: Float32Array, columns: number): Uint8Array {
  const winner = new Uint8Array(rows.length / columns);
  for (let i = 0; i < winner.length; i++)
    for (let j = 1; j < columns; j++) if (rows[i * columns + j] > rows[i * columns + winner[i]]) winner[i] = j;
  return winner;
}

/** 1 where the score that wins [(1 − max)^α, maps] is sure. Only classes that win somewhere in the low CRF count. */
function sureOfMap(
  { width, height, maps }: ImageCams,
  lowWinner: Uint8Array,
  classCount: number,
  { alpha, unsureShare, camMinimum, backgroundMinimum }: ConfidenceThresholds,
): Uint8Array {
  const pixels = width * height;
  const columns = [...maps.values()];
  const winner = new Uint8Array(pixels);
  const score = new Float32Array(pixels);
  for (let i = 0; i < pixels; i++) {
    // reference: the maps of absent classes are 0 there and take part in the maximum.
    let strongest = columns.length < classCount - 1 ? 0 : -Infinity;
    for (const column of columns) strongest = Math.max(strongest, column[i]);
    score[i] = backgroundScore(strongest, alpha);
    for (let j = 0; j < columns.length; j++) {
      if (columns[j][i] <= score[i]) continue;
      score[i] = columns[j][i];
      winner[i] = j + 1;
    }
  }
  const present = new Set(lowWinner);
  const threshold = Float32Array.from({ length: columns.length + 1 }, (_, j) => {
    if (!present.has(j)) return Infinity;
    return j === 0 ? backgroundMinimum : rankThreshold(score, winner, j, unsureShare, camMinimum);
  });
  return Uint8Array.from(score, (value, i) => (value > threshold[winner[i]] ? 1 : 0));
}

/** The value at rank floor(share · n), ascending, of the n scores above `minimum` where `column` wins; ∞ below rank 1. */
function rankThreshold(
  score: Float32Array,
  winner: Uint8Array,
  column: number,
  share: number,
  minimum: number,
): number {
  const least = Math.fround(minimum);
  const values = score.filter((value, i) => winner[i] === column && value > least).sort();
  const rank = Math.floor(values.length * share);
  return rank < 1 ? Infinity : (values[rank] ?? Infinity);
}
