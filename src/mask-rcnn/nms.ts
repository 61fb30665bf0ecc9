/**
 * Non-maximum suppression: of boxes that overlap by more than a threshold the one with the highest score stays. Equal scores
 * are taken in the order of their indices.
 */

import { type BoxArray, boxAreas, boxIou } from "./boxes";

/**
 * @param groups boxes of different groups (levels, classes) do not suppress one another. Default: one group
 * @returns indices of those that stay, by falling score
 */
export function suppress(
  boxes: BoxArray,
  scores: ArrayLike<number>,
  threshold: number,
  groups?: ArrayLike<number>,
): Int32Array {
  const areas = boxAreas(boxes);
  const order = byFallingScore(scores);
  const kept: number[] = [];
  const keptOfGroup = new Map<number, number[]>();
  for (const i of order) {
    const group = groups === undefined ? 0 : groups[i];
    const rivals = keptOfGroup.get(group) ?? [];
    if (rivals.some((j) => boxIou(boxes, j, areas[j], boxes, i, areas[i]) > threshold)) continue;
    rivals.push(i);
    keptOfGroup.set(group, rivals);
    kept.push(i);
  }
  return Int32Array.from(kept);
}

/** Indices by falling score, equal ones ascending. */
function byFallingScore(scores: ArrayLike<number>): Int32Array {
  return Int32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
}

/** Indices of the `count` highest scores, by falling score; without sorting all of them. */
export function highest(scores: Float32Array, count: number): Int32Array {
  if (count >= scores.length) return byFallingScore(scores);
  if (count <= 0) return new Int32Array(0);
  const least = scores.slice().sort()[scores.length - count];
  let above = 0;
  for (const score of scores) if (score > least) above++;
  let ties = count - above; // the first of them
  const chosen: number[] = [];
  for (let i = 0; i < scores.length; i++) if (scores[i] > least || (scores[i] === least && ties-- > 0)) chosen.push(i);
  const own = byFallingScore(chosen.map((i) => scores[i]));
  return own.map((i) => chosen[i]);
}
