/**
 * Class activation maps of one image at its full size, as plain arrays: how the maps of all scales become one, and how
 * maps become scores with a background. docs/method.md, section 1.2; reference: infer_SEAM.py:70-83 and :99-106.
 *
 * All arithmetic is rounded to float32 after each operation, as NumPy's is, because thresholds follow.
 */

import { expected } from "../errors";

/** Maps of one image by foreground class (1 = the first after background), each [H·W], row-major. */
export interface ImageCams {
  readonly width: number;
  readonly height: number;
  /** Ascending by class. */
  readonly maps: ReadonlyMap<number, Float32Array>;
}

const EPSILON = 1e-5;

/**
 * The sum of a class's maps over scales and mirror images, normalised: negatives to 0, values below min + ε to 0, then
 * (x − min − ε) / (max − min + ε). So what is set to 0 ends slightly below 0, as in the reference.
 *
 * @param maps [H·W] each
 */
export function combineCams(maps: readonly Float32Array[]): Float32Array {
  const { fround } = Math;
  const combined = new Float32Array(maps[0].length);
  for (const map of maps) {
    if (map.length !== combined.length)
      throw expected("input", `maps of ${combined.length} pixels`, `${map.length}`, "combineCams");
    for (let i = 0; i < combined.length; i++) combined[i] += map[i];
  }
  let low = Infinity;
  let high = 0;
  for (let i = 0; i < combined.length; i++) {
    if (combined[i] < 0) combined[i] = 0;
    low = Math.min(low, combined[i]);
    high = Math.max(high, combined[i]);
  }
  const epsilon = fround(EPSILON);
  const floor = fround(low + epsilon);
  const range = fround(fround(high - low) + epsilon);
  for (let i = 0; i < combined.length; i++) {
    const value = combined[i] < floor ? 0 : combined[i];
    combined[i] = fround(fround(value - low) - epsilon) / range;
  }
  return combined;
}

/** Maps to a power: above 1 only what is close to the peak stays strong. Values at or below 0 stay. [H·W] → same */
export function sharpenedMap(map: Float32Array, power: number): Float32Array {
  return power === 1 ? map : map.map((value) => (value > 0 ? value ** power : value));
}

/**
 * Scores for the dense CRF: background (1 − max)^α beside the maps of the image's tags.
 *
 * @returns [H·W, 1 + number of tags], columns in ascending order of class
 */
export function camScores({ width, height, maps }: ImageCams, alpha: number): Float32Array {
  const pixels = width * height;
  const columns = [...maps.values()];
  const scores = new Float32Array(pixels * (columns.length + 1));
  for (let i = 0; i < pixels; i++) {
    const row = i * (columns.length + 1);
    let strongest = columns.length === 0 ? 0 : -Infinity;
    for (let j = 0; j < columns.length; j++) {
      const value = columns[j][i];
      scores[row + 1 + j] = value;
      if (value > strongest) strongest = value;
    }
    scores[row] = backgroundScore(strongest, alpha);
  }
  return scores;
}

/** (1 − strongest)^α in float32. */
export function backgroundScore(strongest: number, alpha: number): number {
  return Math.fround(Math.fround(1 - strongest) ** alpha);
}

/** The strongest map of each pixel, or 0 where none is above `background`: the reference's `out_cam_pred`. [H·W] */
export function camLabel({ width, height, maps }: ImageCams, background: number): Uint8Array {
  const label = new Uint8Array(width * height);
  const strongest = new Float32Array(width * height).fill(background);
  for (const [tag, map] of maps)
    for (let i = 0; i < label.length; i++) {
      if (map[i] <= strongest[i]) continue;
      strongest[i] = map[i];
      label[i] = tag;
    }
  return label;
}
