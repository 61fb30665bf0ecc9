/**
 * SEAM's training for the one training loop (`training/trainer.ts`). docs/method.md, section 1.1; reference: SEAM
 * train_SEAM.py.
 *
 * Every loss is a mean over the images of the batch, so an image's share is its own loss over their number. Where
 * normalisations are trained, the images of a batch depend on each other: a process computes its share at once, and one
 * without any image takes part in the sums with a blank one that counts nothing.
 */

import * as tf from "@tensorflow/tfjs";
import type { NdArray } from "../../nd-array";
import { layerOf } from "../../network/parameter-store";
import type { Communicator } from "../../parallel/communicator";
import { deriveSeed } from "../../random";
import type { SeamNet } from "../../seam/seam-net";
import { lossShare, stackImages } from "../gradients";
import type { LossShare, TrainedVariable, TrainingTask } from "../task";
import { multilabelLoss, seamLosses, shrunken } from "./seam-losses";
import type { SeamSample } from "./seam-sample";

/** Layers that the classification network adds to the backbone: they learn ten times as fast, where that has learned before. */
const NEW_LAYERS = ["fc8", "f8_3", "f8_4", "f9"];

export interface SeamTaskOptions {
  /** All losses, or the classifier's alone. Default "seam". */
  readonly stage?: "seam" | "classification";
  /** Channel dropout in b6, b7 and before the classifier. Default true. */
  readonly dropout?: boolean;
  /** No layer has learned anything yet: all learn equally fast. Default false. */
  readonly fromScratch?: boolean;
  /** Normalisations learn, with the network loaded for it; of the classification stage. Default: they stay frozen. */
  readonly batchNorm?: BatchNorm;
}

export interface BatchNorm {
  /** Side of the samples. */
  readonly cropSize: number;
  readonly communicator?: Communicator;
}

/** @param network stays the caller's; loaded with `trained` */
export function seamTask(network: SeamNet, options: SeamTaskOptions = {}): TrainingTask<SeamSample> {
  const { stage = "seam", dropout = true, fromScratch = false, batchNorm } = options;
  const variables = network.store.variables().map(({ parameter: { name }, variable }): TrainedVariable => {
    const isHeadFast = stage === "seam" || network.kind !== "resnet38"; // SEAM's own have no such stage before
    const isNew = isHeadFast && !fromScratch && NEW_LAYERS.includes(layerOf(name));
    return { name, variable, rate: isNew ? 10 : 1, decays: variable.rank > 1 }; // a normalisation's do not decay
  });
  const seedsOf = (samples: readonly SeamSample[], scale: string): readonly number[] | undefined =>
    dropout ? samples.map(({ seed }) => deriveSeed(seed, scale)) : undefined;

  return {
    variables,
    statistics: network.store.statistics().map(({ parameter: { name }, variable }) => ({ name, variable })),
    wholeShare: batchNorm !== undefined,
    // The reference's names and sums: classification and minimum together, both directions of the cross loss.
    lossNames: stage === "seam" ? ["loss", "loss_cls", "loss_er", "loss_ecr"] : ["loss"],
    countNames: ["images"],
    count: (samples) => [samples.length],
    compute: (samples, [images]) => (stage === "seam" ? shareOf(samples, images) : classifierShare(samples, images)),
    toStateDict: (): Promise<Map<string, NdArray>> => network.store.toStateDict(),
  };

  function shareOf(samples: readonly SeamSample[], images: number): LossShare {
    const { image, copy, tags, stem, copyStem } = tf.tidy(() => inputsOf(samples, network));
    try {
      return lossShare(variables, () => {
        const maps = network.trunk(stem, image, { dropoutSeeds: seedsOf(samples, "image") });
        const copyMaps = network.trunk(copyStem, copy, { dropoutSeeds: seedsOf(samples, "copy") });
        const { loss, classification, rvmin, er, ecr } = seamLosses(maps, copyMaps, tags);
        const first = classification[0].add(classification[1]).add(rvmin[0]).add(rvmin[1]).mul(0.5);
        return [loss, first, er, ecr[0].add(ecr[1])].map((each) => each.mul(samples.length / images) as tf.Scalar);
      });
    } finally {
      tf.dispose([image, copy, tags, stem, copyStem]);
    }
  }

  function classifierShare(given: readonly SeamSample[], images: number): LossShare {
    const counts = given.length > 0;
    const samples = counts || batchNorm === undefined ? given : [blankSample(batchNorm.cropSize, network.classes)];
    const batch = batchNorm === undefined ? undefined : { communicator: batchNorm.communicator, counts };
    const { stem, tags } = tf.tidy(() => ({ stem: network.stem(imagesOf(samples)), tags: tagsOf(samples) }));
    try {
      return lossShare(variables, () => {
        const cam = network.trunkCam(stem, seedsOf(samples, "image"), batch);
        return [multilabelLoss(cam, tags).mul(given.length / Math.max(1, images))];
      });
    } finally {
      tf.dispose([stem, tags]);
    }
  }
}

/** A type, not an interface: tf.tidy takes only those. */
type Inputs = {
  /** [b, H, W, 3] */
  image: tf.Tensor4D;
  copy: tf.Tensor4D;
  /** [b, k−1] */
  tags: tf.Tensor2D;
  /** What the layers make of them that no training changes: computed here, outside the gradient. */
  stem: tf.Tensor4D;
  copyStem: tf.Tensor4D;
};

function inputsOf(samples: readonly SeamSample[], network: SeamNet): Inputs {
  const image = imagesOf(samples);
  const copy = shrunken(image);
  return { image, copy, tags: tagsOf(samples), stem: network.stem(image), copyStem: network.stem(copy) };
}

/** Grey, without tags. */
function blankSample(cropSize: number, classes: number): SeamSample {
  return { seed: 0, image: new Float32Array(cropSize * cropSize * 3), tags: new Float32Array(classes - 1) };
}

function imagesOf(samples: readonly SeamSample[]): tf.Tensor4D {
  const side = Math.sqrt(samples[0].image.length / 3);
  return stackImages(samples, side);
}

function tagsOf(samples: readonly SeamSample[]): tf.Tensor2D {
  return tf.stack(samples.map((sample) => tf.tensor1d(sample.tags))) as tf.Tensor2D;
}
