/**
 * One sample of affinity training: colour jitter, then a crop of photograph and label together, mirrored or not; the
 * label brought to the grid. docs/method.md, section 2.3; golden 20; reference voc12/data.py
 * (VOC12AffGtDataset_NoExtract).
 *
 * Outside the photograph the crop is white *before* normalising (black in SEAM's older recipe), unknown in the label.
 */

import type { RgbImage } from "../../data/image";
import type { LabelMap } from "../../data/label-png";
import { resizeBilinearArray } from "../../image-ops/bilinear";
import { type JitterRanges, jitterColour } from "../../image-ops/colour-jitter";
import { resizeNearest } from "../../image-ops/nearest";
import { normaliseRgb } from "../../image-ops/normalise";
import { type CropPlacement, crop, mirror, randomPlacement } from "../../image-ops/random-crop";
import { deriveSeed, Random } from "../../random";
import { type LabelledImages, readLabelledImage } from "../labelled-image";
import type { MakeSamples } from "../sample-loader";
import type { SampleRequest } from "../task";
import { type AffinityTargets, affinityTargets } from "./affinity-targets";
import type { PairShape } from "./pair-labels";

/** Plain data: workers get it. */
export interface AffinitySampleOptions extends LabelledImages {
  /** Side of the crop, a multiple of 8. */
  readonly cropSize: number;
  readonly radius: number;
  readonly pairs: PairShape;
  /** Absent: colours as they are. */
  readonly jitter?: JitterRanges;
  /** Whether to make kernels for the CRF term. */
  readonly crf: boolean;
  /** Value of the crop's pixels outside the photograph: 255 in the reference, 0 in SEAM's train_aff. */
  readonly fill: number;
}

export interface AffinitySample {
  readonly id: string;
  /** Seed of its dropout. */
  readonly seed: number;
  /** Normalised, [cropSize·cropSize·3]. */
  readonly image: Float32Array;
  readonly targets: AffinityTargets;
}

/** The crop before it becomes targets. */
export interface AffinityCrop {
  /** Normalised, [size·size·3]. */
  readonly image: Float32Array;
  /** [grid·grid], grid = size / 8: class, or `ignore`. */
  readonly label: Uint8Array;
  /** [grid·grid], 1 inside the photograph. */
  readonly inside: Uint8Array;
}

/** For `createSampleLoader`. */
export const handle: MakeSamples<AffinitySampleOptions, AffinitySample> = ({ request, options }) =>
  makeSample(request, options);

/** @throws UserError "input" naming the file that cannot be used */
async function makeSample(request: SampleRequest, options: AffinitySampleOptions): Promise<AffinitySample> {
  const { rgb, label } = await readLabelledImage(request.id, options);
  const random = new Random(deriveSeed(request.seed, "augment"));
  const jittered = options.jitter === undefined ? rgb : jitterColour(rgb, options.jitter, random);
  const placement = randomPlacement(rgb, options.cropSize, (below) => random.integer(below));
  const mirrored = random.integer(2) === 1;
  const { image, ...maps } = affinityCrop(jittered, label, placement, mirrored, options);

  const { cropSize: size, radius, pairs: shape, ignore } = options;
  const grid = size / 8;
  const colour = options.crf
    ? resizeBilinearArray(image, { height: size, width: size, channels: 3 }, [grid, grid])
    : undefined;
  const geometry = { height: grid, width: grid, radius, shape };
  const targets = affinityTargets(maps.label, maps.inside, colour, ignore, geometry);
  return { id: request.id, seed: request.seed, image, targets };
}

/** Photograph and label cut, mirrored, and brought to the network's and the grid's size. */
export function affinityCrop(
  rgb: RgbImage,
  label: LabelMap,
  placement: CropPlacement,
  mirrored: boolean,
  { ignore, fill }: Pick<AffinitySampleOptions, "ignore" | "fill">,
): AffinityCrop {
  const { size } = placement;
  const grid = size / 8;
  const shape = { width: rgb.width, height: rgb.height };
  const cut = <T extends Uint8Array>(data: T, channels: number, outside: number): T => {
    const square = crop(data, { ...shape, channels }, placement, outside);
    return mirrored ? mirror(square, { width: size, height: size, channels }) : square;
  };
  const toGrid = (map: Uint8Array): Uint8Array =>
    resizeNearest(map, { width: size, height: size, channels: 1 }, [grid, grid]);
  return {
    image: normaliseRgb(cut(rgb.data, 3, fill)),
    label: toGrid(cut(label.data, 1, ignore)),
    inside: toGrid(cut(new Uint8Array(rgb.width * rgb.height).fill(1), 1, 0)),
  };
}
