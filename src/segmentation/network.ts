/** What every segmentation network offers, whatever it is made of. */

import type * as tf from "@tensorflow/tfjs";
import type { ModelName } from "../config/segmentation-models";
import type { InputColours } from "../image-ops/normalise";
import type { Parameter, Pass } from "../network/layer";
import type { StemKind } from "../network/resnet";

/** What tells one network of a model from another; read off the weights' names and shapes. */
export interface NetworkShape {
  readonly model: ModelName;
  /** Channels of the first layer: 64 in the published networks. */
  readonly base: number;
  /** Background included. */
  readonly classes: number;
  /** Kind of a ResNet's stem. */
  readonly stem: StemKind;
  /** Blocks per stage of a ResNet: 3, 4, 23, 3. */
  readonly blocks: readonly number[];
  /** What its images are normalised to. */
  readonly input: InputColours;
}

/** One of the maps that a training step compares with the label. */
export interface TrainedOutput {
  readonly name: string;
  /** Weight of its loss in the total. */
  readonly weight: number;
}

/** How a parameter learns, as each reference groups them. */
export interface Learning {
  /** Multiple of the learning rate. */
  readonly rate: number;
  readonly decays: boolean;
}

export interface SegmentationNetwork {
  readonly parameters: readonly Parameter[];
  readonly outputs: readonly TrainedOutput[];
  /** Sides of the labels that the outputs are compared with, for a square crop. */
  labelSides(crop: number): readonly number[];
  /** @param image [b, H, W, 3], normalised @returns logits [b, side, side, K] in the order of `outputs` */
  train(image: tf.Tensor4D, pass: Pass): readonly tf.Tensor4D[];
  /** @returns logits [b, h, w, K] on the network's grid */
  infer(image: tf.Tensor4D, pass: Pass): tf.Tensor4D;
  /** Whether logits are resized with corner pixels meeting corner pixels. */
  readonly alignCorners: boolean;
  /** The least extent from this one on that the network takes. */
  fit(extent: number): number;
  learning(parameter: Parameter): Learning;
  /** True of layers that no classification network has: they are drawn where the weights lack them. */
  isNew(name: string): boolean;
  /** Whether drawn layers with a bias get their first scale from the first samples. Default: only if no layer has learned anything. */
  readonly calibratesNew?: boolean;
  /** The network in two parts, where a training may leave the first as it is. */
  readonly backbone?: DividedNetwork;
}

/** What a training that leaves the backbone alone computes once, outside its gradient, and what it computes of that. */
export interface DividedNetwork {
  /** @param image [b, H, W, 3], normalised @returns the maps that the rest of the network sees */
  maps(image: tf.Tensor4D, pass: Pass): tf.Tensor4D[];
  /** As `train` of the network, from the maps. */
  train(maps: readonly tf.Tensor4D[], pass: Pass): readonly tf.Tensor4D[];
}

/** Whether it has batch normalisations: VGG16 has none. */
export function hasNorms({ parameters }: SegmentationNetwork): boolean {
  return parameters.some(({ kind }) => kind === "norm weight");
}
