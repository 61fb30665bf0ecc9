/**
 * What Mask R-CNN learns from one image: a few anchors and a few proposals, some that hold an object and some that do not,
 * drawn at random (Ren et al. 2015, Girshick 2015). Thresholds and numbers are those of Detectron2 and torchvision alike.
 */

import { BOX_WEIGHTS, type BoxArray, encodeBoxes, joinBoxes, PROPOSAL_WEIGHTS, takeBoxes } from "../../mask-rcnn/boxes";
import { BACKGROUND, matchBoxes, UNDECIDED } from "../../mask-rcnn/match";
import type { Random } from "../../random";

/** How many an image has at most, and the largest share of those that hold an object. */
export interface DrawOptions {
  readonly count: number;
  readonly positiveShare: number;
}

export const ANCHOR_DRAW: DrawOptions = { count: 256, positiveShare: 0.5 };
export const REGION_DRAW: DrawOptions = { count: 512, positiveShare: 0.25 };

/** The objects of an image. */
export interface Objects {
  readonly boxes: BoxArray;
  /** Class indices, from 1 on. */
  readonly classes: Uint8Array;
}

export interface AnchorSamples {
  /** Indices of the anchors, those with an object first. */
  readonly indices: Int32Array;
  readonly positives: number;
  /** What the shifts of the positives should be, [positives·4]. */
  readonly deltas: Float32Array;
}

export function sampleAnchors(anchors: BoxArray, { boxes }: Objects, draw: DrawOptions, random: Random): AnchorSamples {
  const matches = matchBoxes(anchors, boxes, { high: 0.7, low: 0.3, eachObject: true });
  const { indices, positives } = drawMatches(matches, draw, random);
  const chosen = indices.subarray(0, positives);
  const wanted = takeBoxes(boxes, chosen.map((i) => matches[i])); // biome-ignore format: one row
  return { indices, positives, deltas: encodeBoxes(wanted, takeBoxes(anchors, chosen), PROPOSAL_WEIGHTS) };
}

export interface RegionSamples {
  /** Those with an object first, [n·4]. */
  readonly boxes: BoxArray;
  readonly positives: number;
  /** 0 = background, [n] */
  readonly classes: Uint8Array;
  /** Which object each positive holds. */
  readonly objects: Int32Array;
  /** What the shifts of the positives should be, [positives·4]. */
  readonly deltas: Float32Array;
}

/** @param proposals to which the objects' own boxes are added */
export function sampleRegions(
  proposals: BoxArray,
  { boxes: truth, classes }: Objects,
  draw: DrawOptions,
  random: Random,
): RegionSamples {
  const all = joinBoxes([proposals, truth]);
  const matches = matchBoxes(all, truth, { high: 0.5, low: 0.5, eachObject: false });
  const { indices, positives } = drawMatches(matches, draw, random);
  const boxes = takeBoxes(all, indices);
  const objects = indices.subarray(0, positives).map((i) => matches[i]);
  const positive = boxes.subarray(0, 4 * positives);
  return {
    boxes,
    positives,
    classes: Uint8Array.from(indices, (i) => (matches[i] === BACKGROUND ? 0 : classes[matches[i]])),
    objects,
    deltas: encodeBoxes(takeBoxes(truth, objects), positive, BOX_WEIGHTS),
  };
}

// --- internal ---

/** Positives first, each kind ascending. */
function drawMatches(
  matches: Int32Array,
  { count, positiveShare }: DrawOptions,
  random: Random,
): { readonly indices: Int32Array; readonly positives: number } {
  const positive: number[] = [];
  const negative: number[] = [];
  for (let i = 0; i < matches.length; i++)
    if (matches[i] === BACKGROUND) negative.push(i);
    else if (matches[i] !== UNDECIDED) positive.push(i);
  const own = drawSome(positive, Math.floor(count * positiveShare), random);
  const others = drawSome(negative, count - own.length, random);
  return { indices: Int32Array.from([...own, ...others]), positives: own.length };
}

/** The first steps of a shuffle. Changes the list. */
function drawSome(list: number[], count: number, random: Random): number[] {
  if (list.length <= count) return list;
  for (let i = 0; i < count; i++) {
    const other = i + random.integer(list.length - i);
    [list[i], list[other]] = [list[other], list[i]];
  }
  return list.slice(0, count).sort((a, b) => a - b);
}
