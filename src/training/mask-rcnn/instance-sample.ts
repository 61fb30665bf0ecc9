/**
 * One sample of Mask R-CNN's training: the photograph at a size drawn at random, mirrored or not, with its objects. As
 * Detectron2's ResizeShortestEdge and RandomFlip; colours may be jittered besides.
 */

import type { AnnotationFrame } from "../../config/images";
import type { VariantName } from "../../config/mask-rcnn-options";
import { findImage, type RgbImage, readRgb } from "../../data/image";
import { annotatedIn } from "../../data/orientation";
import { type JitterRanges, jitterColour } from "../../image-ops/colour-jitter";
import type { InputColours } from "../../image-ops/normalise";
import { mirror } from "../../image-ops/random-crop";
import type { InstanceMask } from "../../mask-rcnn/box-mask";
import type { Extent } from "../../mask-rcnn/boxes";
import { inputExtent, networkInput } from "../../mask-rcnn/network-input";
import { variantOf } from "../../mask-rcnn/variant";
import { deriveSeed, Random } from "../../random";
import type { MakeSamples } from "../sample-loader";
import { type InstanceFiles, readInstances, type TrueInstance } from "./instance-truth";
import type { MaskRcnnInput } from "./mask-rcnn-task";

/** Plain data: workers get it. */
export interface InstanceSampleOptions extends InstanceFiles {
  readonly voc12Root: string;
  readonly annotationFrame?: AnnotationFrame;
  readonly input: InputColours;
  readonly variant: VariantName;
  /** Pixels, of which one is drawn. */
  readonly shortSides: readonly number[];
  readonly longSide: number;
  /** Absent: colours as they are. */
  readonly jitter?: JitterRanges;
}

export interface InstanceSample extends MaskRcnnInput {
  readonly id: string;
}

/** For `createSampleLoader`. @throws UserError "input" naming the file that cannot be used */
export const handle: MakeSamples<InstanceSampleOptions, InstanceSample> = async ({ request, options }) => {
  const rgb = await readRgb(await findImage(options.voc12Root, request.id));
  const { instances } = await readInstances(request.id, annotatedIn(rgb, options.annotationFrame), options);
  const random = new Random(deriveSeed(request.seed, "augment"));
  const jittered = options.jitter === undefined ? rgb : jitterColour(rgb, options.jitter, random);
  const short = options.shortSides[random.integer(options.shortSides.length)];
  const extent = inputExtent(rgb, { short, long: options.longSide }, variantOf(options.variant));
  const mirrored = random.integer(2) === 1;
  return {
    id: request.id,
    seed: request.seed,
    ...instanceSample(jittered, instances, extent, mirrored, options.input),
  };
};

/** Photograph and objects at that size, mirrored or not. */
export function instanceSample(
  rgb: RgbImage,
  instances: readonly TrueInstance[],
  extent: Extent,
  mirrored: boolean,
  input: InputColours,
): Omit<MaskRcnnInput, "seed"> {
  const { width, height } = rgb;
  const seen = mirrored ? { width, height, data: mirror(rgb.data, { width, height, channels: 3 }) } : rgb;
  const { data, padded } = networkInput(seen, extent, input);
  const [across, down] = [extent.width / width, extent.height / height];
  const boxes = instances.flatMap(({ box: [x, y, w, h] }) => {
    const left = mirrored ? width - x - w : x;
    return [left * across, y * down, (left + w) * across, (y + h) * down];
  });
  return {
    image: data,
    padded,
    extent,
    objects: { boxes: Float32Array.from(boxes), classes: Uint8Array.from(instances, (each) => each.class) },
    masks: instances.map(({ mask }) => resizedMask(mirrored ? mirroredMask(mask, width) : mask, rgb, extent)),
  };
}

function mirroredMask({ left, width, height, data, top }: InstanceMask, imageWidth: number): InstanceMask {
  return { top, left: imageWidth - left - width, width, height, data: mirror(data, { width, height, channels: 1 }) };
}

/** Resizes by the nearest pixel, as both libraries do with masks: pixel i reads floor(i · from / to). */
function resizedMask(mask: InstanceMask, from: Extent, to: Extent): InstanceMask {
  const rows = reading(mask.top, mask.height, from.height, to.height);
  const columns = reading(mask.left, mask.width, from.width, to.width);
  const data = new Uint8Array(rows.sources.length * columns.sources.length);
  for (const [y, row] of rows.sources.entries())
    for (const [x, column] of columns.sources.entries())
      data[y * columns.sources.length + x] = mask.data[row * mask.width + column];
  return { top: rows.first, left: columns.first, height: rows.sources.length, width: columns.sources.length, data };
}

/** The pixels of one axis that read from the mask, and which of its pixels each reads. */
function reading(start: number, length: number, from: number, to: number): { first: number; sources: number[] } {
  const sourceOf = (i: number): number => Math.min(from - 1, Math.floor((i * from) / to));
  let first = Math.floor((start * to) / from);
  while (sourceOf(first) < start) first++;
  const sources: number[] = [];
  for (let i = first; i < to && sourceOf(i) < start + length; i++) sources.push(sourceOf(i) - start);
  return { first, sources };
}
