/**
 * One sample of segmentation training: photograph and label at a random scale, mirrored or not, a square cut out of
 * both at random, and the label brought to the size of each output of the network. References: libs/datasets/base.py of
 * kazuto1011/deeplab-pytorch, util/transform.py of hszhao/semseg, dataloader.py of TreeFilter-Torch.
 *
 * Outside the photograph the crop has the mean colour, and the label is unknown.
 *
 * Unlike them: the size is drawn evenly from a range, as in semseg, where the other two draw from a list; a photograph
 * smaller than the crop lies anywhere in it, where deeplab-pytorch puts it top left and the other two in the middle;
 * and semseg's rotations by up to 10° and its blur are left out.
 */

import type { RgbImage } from "../../data/image";
import type { LabelMap } from "../../data/label-png";
import { resizeBilinearArray } from "../../image-ops/bilinear";
import { type JitterRanges, jitterColour } from "../../image-ops/colour-jitter";
import { resizeNearestCentre } from "../../image-ops/nearest";
import { type InputColours, normaliseRgb } from "../../image-ops/normalise";
import { type CropPlacement, crop, mirror, randomPlacement } from "../../image-ops/random-crop";
import { deriveSeed, Random } from "../../random";
import { type LabelledImages, readLabelledImage } from "../labelled-image";
import type { MakeSamples } from "../sample-loader";

/** Plain data: workers get it. */
export interface SegmentationSampleOptions extends LabelledImages {
  readonly cropSize: number;
  /** Sides of the labels, in the order of the network's outputs. */
  readonly labelSides: readonly number[];
  /** What the network's images are normalised to. */
  readonly input: InputColours;
  /** Smallest and largest size of the photograph, drawn evenly. */
  readonly scaleRange: readonly [smallest: number, largest: number];
  /** Absent: colours as they are. */
  readonly jitter?: JitterRanges;
}

export interface SegmentationSample {
  readonly id: string;
  /** Seed of its dropout. */
  readonly seed: number;
  /** Normalised, [cropSize·cropSize·3]. */
  readonly image: Float32Array;
  /** [side·side] each: class, or the ignore value. */
  readonly labels: readonly Uint8Array[];
}

/** For `createSampleLoader`. @throws UserError "input" naming the file that cannot be used */
export const handle: MakeSamples<SegmentationSampleOptions, SegmentationSample> = async ({ request, options }) => {
  const { rgb, label } = await readLabelledImage(request.id, options);
  const random = new Random(deriveSeed(request.seed, "augment"));
  const jittered = options.jitter === undefined ? rgb : jitterColour(rgb, options.jitter, random);
  const size = scaledSize(rgb, random.uniform(...options.scaleRange));
  const placement = randomPlacement(size, options.cropSize, (below) => random.integer(below));
  const mirrored = random.integer(2) === 1;
  return {
    id: request.id,
    seed: request.seed,
    ...segmentationCrop(jittered, label, size, placement, mirrored, options),
  };
};

/** Photograph and label resized, cut, mirrored, and the label at every side asked for. */
export function segmentationCrop(
  rgb: RgbImage,
  label: LabelMap,
  size: { readonly width: number; readonly height: number },
  placement: CropPlacement,
  mirrored: boolean,
  { labelSides, ignore, input }: Pick<SegmentationSampleOptions, "labelSides" | "ignore" | "input">,
): Pick<SegmentationSample, "image" | "labels"> {
  const side = placement.size;
  const target = [size.height, size.width] as const;
  const cut = <T extends Uint8Array | Float32Array>(data: T, channels: number, outside: number): T => {
    const square = crop(data, { ...size, channels }, placement, outside);
    return mirrored ? mirror(square, { width: side, height: side, channels }) : square;
  };
  const colours = resizeBilinearArray(rgb.data, { ...extentOf(rgb), channels: 3 }, target);
  const classes = resizeNearestCentre(label.data, { ...extentOf(label), channels: 1 }, target);
  const whole = cut(classes, 1, ignore);
  return {
    image: cut(normaliseRgb(colours, input), 3, 0), // 0 is the mean colour
    labels: labelSides.map((to) =>
      to === side ? whole : resizeNearestCentre(whole, { width: side, height: side, channels: 1 }, [to, to]),
    ),
  };
}

function scaledSize({ width, height }: RgbImage, scale: number): { width: number; height: number } {
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}

function extentOf({ width, height }: { readonly width: number; readonly height: number }): {
  width: number;
  height: number;
} {
  return { width, height };
}
