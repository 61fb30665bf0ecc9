/**
 * Training of Mask R-CNN as the training loop wants it. Goldens test/mask-rcnn-goldens.
 *
 * What the losses divide by, the drawn anchors, proposals and positives of the whole batch, is known only once the network has
 * proposed boxes. So counting runs the network up to the proposals and keeps what was drawn; computing then follows image by
 * image. For as many images as memory may hold at a time, counting also keeps all that their gradients need, and computing
 * continues from there; the others run that far twice. However a batch is split over processes and parts, its losses and
 * gradients are the same.
 */

import * as tf from "@tensorflow/tfjs";
import { anchorsOf, type Grid } from "../../mask-rcnn/anchors";
import { type InstanceMask, maskUnderBox } from "../../mask-rcnn/box-mask";
import type { Extent } from "../../mask-rcnn/boxes";
import type { InstanceSegmenter } from "../../mask-rcnn/instance-segmenter";
import { BOX_SIDE, MASK_INPUT_SIDE, MASK_SIDE, POOLED_MAPS } from "../../mask-rcnn/network";
import { type ProposalOptions, proposalsOf } from "../../mask-rcnn/proposals";
import { roiAlign } from "../../mask-rcnn/roi-align";
import type { NdArray } from "../../nd-array";
import { deriveSeed, Random } from "../../random";
import { lossShare } from "../gradients";
import { continueTape, dropTape, type HeldTape, holdTape } from "../tape";
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
  /** Images whose activations are in memory at the same time. Default 1. */
  readonly held?: number;
}

interface Drawn {
  readonly anchors: AnchorSamples;
  readonly regions: RegionSamples;
  /** The maps, objectness and deltas, ready for their gradient. */
  readonly tape?: HeldTape;
}

const NONE = new Float32Array(0);

const LOSSES = ["loss", "loss_objectness", "loss_rpn_box", "loss_class", "loss_box", "loss_mask"] as const;

/** @param segmenter loaded with `trained`; the caller disposes it */
export function maskRcnnTask(
  segmenter: InstanceSegmenter,
  options: MaskRcnnTaskOptions = {},
): TrainingTask<MaskRcnnInput> {
  const { network, store, variant } = segmenter;
  const { anchors = ANCHOR_DRAW, regions = REGION_DRAW, anchorsDividedBy = anchors.count, held = 1 } = options;
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

  /** @param holds whether the gradient is to continue from here */
  const drawnOf = (sample: MaskRcnnInput, holds: boolean): Drawn => {
    const known = drawn.get(sample) ?? draw(sample, holds);
    drawn.set(sample, known);
    return known;
  };

  /** Everything up to the heads. */
  function draw(sample: MaskRcnnInput, holds: boolean): Drawn {
    const frozenPart = frozenPartOf(sample);
    let grids: readonly Grid[] = [];
    const forward = (): tf.Tensor[] => {
      const maps = mapsOf(frozenPart);
      const proposed = network.propose(maps, pass);
      ({ grids } = proposed);
      return [proposed.objectness, proposed.deltas, ...(holds ? maps : [])];
    };
    const tape = holds ? holdTape(forward) : { result: tf.tidy(forward), nodes: [] };
    frozenPart.dispose();
    const [scores, shifts] = tape.result.map((each, i) => (i < 2 ? (each.dataSync() as Float32Array) : NONE));
    if (!holds) dropTape(tape);
    const found = proposalsOf(scores, shifts, grids, sample.extent, proposals, variant);
    const random = new Random(deriveSeed(sample.seed, "regions"));
    return {
      anchors: sampleAnchors(anchorsOf(grids, variant), sample.objects, anchors, random),
      regions: sampleRegions(found, sample.objects, regions, random),
      ...(holds ? { tape } : {}),
    };
  }

  /** The maps of the pyramid and what is proposed on them: continued from where counting ended, or computed. */
  function proposed(frozenPart: tf.Tensor4D | undefined, tape: HeldTape | undefined) {
    if (tape === undefined) {
      const maps = mapsOf(frozenPart as tf.Tensor4D);
      return { maps, ...network.propose(maps, pass) };
    }
    continueTape(tape);
    const [objectness, deltas, ...maps] = tape.result;
    return { maps: maps as tf.Tensor4D[], objectness: objectness as tf.Tensor1D, deltas: deltas as tf.Tensor2D };
  }

  /** An image is computed once; what counting has kept of it serves one gradient. */
  function taken(sample: MaskRcnnInput): Drawn {
    const { tape, ...rest } = drawnOf(sample, false);
    drawn.set(sample, rest);
    return { ...rest, tape };
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
    const { anchors: own, regions: boxes, tape } = taken(sample);
    const frozenPart = tape === undefined ? frozenPartOf(sample) : undefined;
    const anchorsOfBatch = variant.fixedAnchorCount ? anchorsDividedBy * images : anchorCount;
    const share = lossShare(variables, () => {
      const { maps, ...found } = proposed(frozenPart, tape);
      const pooled = maps.slice(0, POOLED_MAPS);
      const [objectness, shifts] = proposalLosses(found, own, variant.smoothBeta);
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
    frozenPart?.dispose();
    if (tape !== undefined) dropTape(tape);
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
      // Those that are held come last here and first in the gradient, so that no more than these are ever in memory.
      for (const sample of samples.slice(held)) drawnOf(sample, false);
      const all = samples.map((sample, place) => drawnOf(sample, place < held));
      const sum = (of: (each: Drawn) => number): number => all.reduce((total, each) => total + of(each), 0);
      return [
        samples.length,
        sum((each) => each.anchors.indices.length),
        sum((each) => each.regions.classes.length),
        sum((each) => each.regions.positives),
      ];
    },
    forget: (samples) => {
      for (const sample of samples) {
        const { tape } = taken(sample);
        if (tape !== undefined) dropTape(tape);
      }
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
