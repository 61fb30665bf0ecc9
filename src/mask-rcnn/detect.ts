/** The objects of a photograph: proposals, their classes and boxes, suppression class by class, then a mask for each. */

import * as tf from "@tensorflow/tfjs";
import type { RgbImage } from "../data/image";
import type { Instance } from "../instances/instance";
import { pasteMask } from "./box-mask";
import { BOX_WEIGHTS, type BoxArray, clipBoxes, decodeBoxes, type Extent, scaleBoxes, takeBoxes } from "./boxes";
import type { InstanceSegmenter } from "./instance-segmenter";
import { BOX_SIDE, MASK_INPUT_SIDE, MASK_SIDE, POOLED_MAPS } from "./network";
import { type ImageSides, inputExtent, type NetworkInput, networkInput } from "./network-input";
import { suppress } from "./nms";
import { INFERENCE_PROPOSALS, largerThan, type ProposalOptions, proposalsOf } from "./proposals";
import { roiAlign } from "./roi-align";

export interface DetectOptions {
  /** Default: 800 and at most 1333, as both libraries have it. */
  readonly sides?: ImageSides;
  /** Detections of a lower score are left out. Default 0.05. */
  readonly leastScore?: number;
  /** Overlap above which the lower of two detections of one class goes. Default 0.5. */
  readonly overlap?: number;
  /** How many an image may have; the highest scores stay. Default 100. */
  readonly most?: number;
  readonly proposals?: ProposalOptions;
}

const DEFAULT_SIDES: ImageSides = { short: 800, long: 1333 };

/** @returns by falling score, in pixels of the photograph */
export function detectInstances(
  segmenter: InstanceSegmenter,
  image: RgbImage,
  options: DetectOptions = {},
): Instance[] {
  return detectInPart(segmenter, image, { left: 0, top: 0, whole: image }, options);
}

/** Where a part of a photograph lies in it. */
export interface PartOfImage {
  readonly left: number;
  readonly top: number;
  readonly whole: Extent;
}

/** The same of a part of a photograph, in pixels of the whole. */
export function detectInPart(
  segmenter: InstanceSegmenter,
  part: RgbImage,
  { left: x, top: y, whole }: PartOfImage,
  options: DetectOptions = {},
): Instance[] {
  const extent = inputExtent(part, options.sides ?? DEFAULT_SIDES, segmenter.variant);
  const input = networkInput(part, extent, segmenter.input);
  const found = detectInInput(segmenter, input, options);
  const own = scaleBoxes(found.boxes, part.width / extent.width, part.height / extent.height);
  const boxes = own.map((edge, i) => edge + (i % 2 === 0 ? x : y));
  return Array.from(found.classes, (foreground, i): Instance => {
    const [left, top, right, bottom] = boxes.subarray(4 * i, 4 * i + 4);
    return {
      class: foreground,
      score: found.scores[i],
      box: [left, top, right - left, bottom - top],
      mask: pasteMask(found.masks[i], boxes, i, whole, segmenter.variant),
    };
  });
}

export interface Detections {
  /** Edges in pixels of the network's input. */
  readonly boxes: BoxArray;
  readonly scores: Float32Array;
  readonly classes: Uint8Array;
  /** Probabilities, [28·28] each. */
  readonly masks: readonly Float32Array[];
}

/** The same in the network's own input. */
function detectInInput(
  { network, store, variant }: InstanceSegmenter,
  { data, padded, extent }: NetworkInput,
  options: DetectOptions = {},
): Detections {
  const { proposals = INFERENCE_PROPOSALS } = options;
  const pass = store.pass();
  let found: Detections = {
    boxes: new Float32Array(0),
    scores: new Float32Array(0),
    classes: new Uint8Array(0),
    masks: [],
  };
  tf.tidy(() => {
    const image = tf.tensor4d(data, [1, padded.height, padded.width, 3]);
    const maps = network.pyramid(network.first(image, pass), pass);
    const { objectness, deltas, grids } = network.propose(maps, pass);
    const boxes = proposalsOf(valuesOf(objectness), valuesOf(deltas), grids, extent, proposals, variant);
    if (boxes.length === 0) return;
    const pooled = maps.slice(0, POOLED_MAPS);
    const outputs = network.classify(roiAlign(pooled, boxes, { ...variant, side: BOX_SIDE }), pass);
    const chosen = chooseBoxes(
      valuesOf(outputs.logits.softmax()),
      valuesOf(outputs.deltas),
      boxes,
      extent,
      variant,
      options,
    );
    if (chosen.classes.length === 0) return;
    const logits = network.masks(roiAlign(pooled, chosen.boxes, { ...variant, side: MASK_INPUT_SIDE }), pass);
    found = { ...chosen, masks: masksOf(valuesOf(logits.sigmoid()), chosen.classes, logits.shape[3]) };
  });
  return found;
}

// --- internal ---

function chooseBoxes(
  probabilities: Float32Array,
  deltas: Float32Array,
  proposals: BoxArray,
  extent: Extent,
  { smallestDetection }: InstanceSegmenter["variant"],
  { leastScore = 0.05, overlap = 0.5, most = 100 }: DetectOptions,
): Omit<Detections, "masks"> {
  const decoded = decodeBoxes(deltas, proposals, BOX_WEIGHTS); // [n·k·4]
  clipBoxes(decoded, extent);
  const classes = (4 * probabilities.length) / proposals.length;
  const rows: number[] = [];
  for (let row = 0; row < probabilities.length; row++)
    if (row % classes > 0 && probabilities[row] > leastScore) rows.push(row);
  const boxes = takeBoxes(decoded, rows);
  const large = largerThan(boxes, smallestDetection);
  const usable = takeBoxes(boxes, large);
  const scores = Float32Array.from(large, (i) => probabilities[rows[i]]);
  const labels = Uint8Array.from(large, (i) => rows[i] % classes);
  const kept = suppress(usable, scores, overlap, labels).subarray(0, most);
  return {
    boxes: takeBoxes(usable, kept),
    scores: Float32Array.from(kept, (i) => scores[i]),
    classes: Uint8Array.from(kept, (i) => labels[i]),
  };
}

/** Picks the mask of each detection's class. @param probabilities [n, 28, 28, k] */
function masksOf(probabilities: Float32Array, classes: Uint8Array, count: number): Float32Array[] {
  const cells = MASK_SIDE * MASK_SIDE;
  return Array.from(classes, (own, i) =>
    Float32Array.from({ length: cells }, (_, cell) => probabilities[(i * cells + cell) * count + own]),
  );
}

function valuesOf(tensor: tf.Tensor): Float32Array {
  return tensor.dataSync<"float32">() as Float32Array;
}
