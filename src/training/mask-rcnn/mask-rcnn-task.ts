/**
 * Training of Mask R-CNN as the training loop wants it. Goldens test/mask-rcnn-goldens.
 *
 * What the losses divide by, the drawn anchors, proposals and positives of the whole batch, is known only once the network has
 * proposed boxes. So counting runs the network up to the proposals without a gradient and keeps what was drawn; computing then
 * follows image by image. However a batch is split over processes and parts, its losses and gradients are the same.
 */

import * as tf from "@tensorflow/tfjs";
import { anchorsOf } from "../../mask-rcnn/anchors";
import type { Extent } from "../../mask-rcnn/boxes";
import { type InstanceMask, maskUnderBox } from "../../mask-rcnn/instance-mask";
import type { InstanceSegmenter } from "../../mask-rcnn/instance-segmenter";
import { BOX_SIDE, MASK_INPUT_SIDE, MASK_SIDE, POOLED_MAPS } from "../../mask-rcnn/network";
import { type ProposalOptions, proposalsOf } from "../../mask-rcnn/proposals";
import { roiAlign } from "../../mask-rcnn/roi-align";
import type { NdArray } from "../../nd-array";
import { deriveSeed, Random } from "../../random";
import { lossShare } from "../gradients";
import type { LossShare, TrainedVariable, TrainingTask } from "../task";
import { boxLosses, maskLoss, proposalLosses } from "./mask-rcnn-losses";
import {
  ANCHOR_DRAW,
  type AnchorSamples,
  type DrawOptions,
  type Objects,
  REGION_DRAW,
  type RegionSamples,
  sampleAnchors,
  sampleRegions,
} from "./region-samples";

/** What a training computes with. */
export interface MaskRcnnInput {
  /** Decides which anchors and proposals are drawn. */
  readonly seed: number;
  /** Normalised and padded to a multiple of 32, [height·width·3]. */
  readonly image: Float32Array;
  readonly padded: Extent;
  /** The size before padding. */
  readonly extent: Extent;
  readonly objects: Objects;
  /** One for each object. */
  readonly masks: readonly InstanceMask[];
}

export interface MaskRcnnTaskOptions {
  readonly anchors?: DrawOptions;
  /** Anchors of an image by whose number a variant with a fixed one divides. Default: as many as are drawn at most. */
  readonly anchorsDividedBy?: number;
  readonly regions?: DrawOptions;
  /** Default: 2000 a map; afterwards as many as the variant has it. */
  readonly proposals?: ProposalOptions;
}

interface Drawn {
  readonly anchors: AnchorSamples;
  readonly regions: RegionSamples;
}

const LOSSES = ["loss", "loss_objectness", "loss_rpn_box", "loss_class", "loss_box", "loss_mask"] as const;

/** @param segmenter loaded with `trained`; the caller disposes it */
export function maskRcnnTask(
  segmenter: InstanceSegmenter,
  options: MaskRcnnTaskOptions = {},
): TrainingTask<MaskRcnnInput> {
  const { network, store, variant } = segmenter;
  const { anchors = ANCHOR_DRAW, regions = REGION_DRAW, anchorsDividedBy = anchors.count } = options;
  const proposals = options.proposals ?? { perMap: 2000, afterwards: variant.trainedProposals };
  const variables: TrainedVariable[] = store.variables().map(({ parameter: { name }, variable }) => ({
    name,
    variable,
    rate: 1,
    decays: true,
  }));
  const pass = store.pass();
  const pooling = { aligned: variant.aligned, samplingRatio: variant.samplingRatio };
  const drawn = new WeakMap<MaskRcnnInput, Drawn>();

  const drawnOf = (sample: MaskRcnnInput): Drawn => {
    const known = drawn.get(sample);
    if (known !== undefined) return known;
    tf.tidy(() => {
      drawn.set(sample, draw(sample));
    });
    return drawn.get(sample) as Drawn;
  };

  /** Everything up to the heads, without a gradient. */
  function draw(sample: MaskRcnnInput): Drawn {
    const { objectness, deltas, grids } = network.propose(mapsOf(frozenPartOf(sample)), pass);
    const [scores, shifts] = [objectness, deltas].map((each) => each.dataSync<"float32">() as Float32Array);
    const found = proposalsOf(scores, shifts, grids, sample.extent, proposals, variant);
    const random = new Random(deriveSeed(sample.seed, "regions"));
    return {
      anchors: sampleAnchors(anchorsOf(grids, variant), sample.objects, anchors, random),
      regions: sampleRegions(found, sample.objects, regions, random),
    };
  }

  /** What training leaves alone, outside the gradient: the stem and the first stage; from scratch nothing but the image. */
  function frozenPartOf({ image, padded: { height, width } }: MaskRcnnInput): tf.Tensor4D {
    return tf.tidy(() => {
      const input = tf.tensor4d(image, [1, height, width, 3]);
      return segmenter.fromScratch ? input : network.first(input, pass);
    });
  }

  function mapsOf(frozenPart: tf.Tensor4D): tf.Tensor4D[] {
    return network.pyramid(segmenter.fromScratch ? network.first(frozenPart, pass) : frozenPart, pass);
  }

  function computeOne(
    sample: MaskRcnnInput,
    [images, anchorCount, regionCount, positives]: readonly number[],
  ): LossShare {
    const { anchors: own, regions: boxes } = drawnOf(sample);
    const frozenPart = frozenPartOf(sample);
    const anchorsOfBatch = variant.fixedAnchorCount ? anchorsDividedBy * images : anchorCount;
    const share = lossShare(variables, () => {
      const maps = mapsOf(frozenPart);
      const pooled = maps.slice(0, POOLED_MAPS);
      const [objectness, shifts] = proposalLosses(network.propose(maps, pass), own, variant.smoothBeta);
      const outputs = network.classify(roiAlign(pooled, boxes.boxes, { ...pooling, side: BOX_SIDE }), pass);
      const [classes, box] = boxLosses(outputs, boxes, variant.smoothBeta);
      const losses = [
        objectness.div<tf.Scalar>(Math.max(1, anchorsOfBatch)),
        shifts.div<tf.Scalar>(Math.max(1, anchorsOfBatch)),
        classes.div<tf.Scalar>(Math.max(1, regionCount)),
        box.div<tf.Scalar>(Math.max(1, regionCount)),
        maskShare(pooled, boxes, sample).div<tf.Scalar>(Math.max(1, positives)),
      ];
      return [tf.addN(losses), ...losses];
    });
    frozenPart.dispose();
    return share;
  }

  function maskShare(
    maps: readonly tf.Tensor4D[],
    { boxes, positives, classes, objects }: RegionSamples,
    sample: MaskRcnnInput,
  ): tf.Scalar {
    if (positives === 0) return tf.scalar(0);
    const own = boxes.subarray(0, 4 * positives);
    const logits = network.masks(roiAlign(maps, own, { ...pooling, side: MASK_INPUT_SIDE }), pass);
    const targets = Array.from(objects, (object, i) => {
      const sampling = { aligned: variant.aligned, samplingRatio: 0, side: MASK_SIDE };
      const target = maskUnderBox(sample.masks[object], own, i, sample.extent, sampling);
      return variant.binaryMaskTargets ? target.map((value) => (value >= 0.5 ? 1 : 0)) : target;
    });
    return maskLoss(logits, classes, targets);
  }

  return {
    variables,
    lossNames: LOSSES,
    countNames: ["images", "anchors", "proposals", "positives"],
    count: (samples) => {
      const all = samples.map(drawnOf);
      const sum = (of: (each: Drawn) => number): number => all.reduce((total, each) => total + of(each), 0);
      return [
        samples.length,
        sum((each) => each.anchors.indices.length),
        sum((each) => each.regions.classes.length),
        sum((each) => each.regions.positives),
      ];
    },
    compute: (samples, counts) => samples.map((sample) => computeOne(sample, counts)).reduce(added),
    toStateDict: (): Promise<Map<string, NdArray>> => segmenter.toStateDict(),
  };
}

/** Two shares as one; frees both. */
function added(a: LossShare, b: LossShare): LossShare {
  const gradients = a.gradients.map((gradient, i) => gradient.add(b.gradients[i]));
  tf.dispose([...a.gradients, ...b.gradients]);
  return { losses: a.losses.map((loss, i) => loss + b.losses[i]), gradients };
}
