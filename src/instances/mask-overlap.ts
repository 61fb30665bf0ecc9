/** How far masks and boxes overlap, and masks together, worked out on the runs without decoding them. */

import { type CocoBox, maskArea, type Rle } from "./rle";

/** Pixels inside both masks, which are of one size. */
export function intersection(a: Rle, b: Rle): number {
  let both = 0;
  eachCommonRun(a, b, (length, inA, inB) => {
    if (inA && inB) both += length;
  });
  return both;
}

/**
 * Intersection over union; for a crowd, which may hold any number of objects, intersection over the detection's own area.
 * 0 where the masks have nothing in common, empty ones too.
 */
export function maskIou(detection: Rle, truth: Rle, isCrowd = false): number {
  const both = intersection(detection, truth);
  if (both === 0) return 0;
  const area = maskArea(detection);
  return both / (isCrowd ? area : area + maskArea(truth) - both);
}

/** The same of boxes, which have the extent of their numbers. */
export function boxIou(detection: CocoBox, truth: CocoBox, isCrowd = false): number {
  const [x, y, w, h] = detection;
  const [u, v, s, t] = truth;
  const width = Math.min(w + x, s + u) - Math.max(x, u);
  const height = Math.min(h + y, t + v) - Math.max(y, v);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (isCrowd ? w * h : w * h + s * t - both);
}

/** The pixels of either mask. */
export function union(a: Rle, b: Rle): Rle {
  return combined(a, b, (inA, inB) => inA || inB);
}

/** The pixels of `a` that are not of `b`. */
export function difference(a: Rle, b: Rle): Rle {
  return combined(a, b, (inA, inB) => inA && !inB);
}

// --- internal ---

function combined(a: Rle, b: Rle, rule: (inA: boolean, inB: boolean) => boolean): Rle {
  const counts = [0];
  eachCommonRun(a, b, (length, inA, inB) => {
    const isInside = counts.length % 2 === 0; // what the last count is of
    if (rule(inA, inB) === isInside) counts[counts.length - 1] += length;
    else counts.push(length);
  });
  return { width: a.width, height: a.height, counts: Uint32Array.from(counts) };
}

/** The stretches of pixels along which neither mask changes, in order; none is empty. */
function eachCommonRun(
  { counts: a }: Rle,
  { counts: b }: Rle,
  visit: (length: number, inA: boolean, inB: boolean) => void,
): void {
  let [i, j] = [0, 0];
  let [leftA, leftB] = [a[0], b[0]];
  while (i < a.length && j < b.length) {
    const length = Math.min(leftA, leftB);
    if (length > 0) visit(length, i % 2 === 1, j % 2 === 1);
    leftA -= length;
    leftB -= length;
    if (leftA === 0) leftA = a[++i];
    if (leftB === 0) leftB = b[++j];
  }
}
