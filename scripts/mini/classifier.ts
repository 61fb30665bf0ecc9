/**
 * The segmentation networks' backbones, and Mask R-CNN's light one, as classification networks: the mean over the backbone's last map and one layer on it
 * that is fully connected. To the training loop that is a segmentation network whose map has one cell.
 *
 * ResNets have the strides and the names of the networks that are trained on ImageNet; VGG16 is as DeepLab has it.
 */

import * as tf from "@tensorflow/tfjs";
import type { ModelName } from "../../src/config/segmentation-models";
import { convolution } from "../../src/network/convolution-layer";
import { chain, type Layer, plainLayer } from "../../src/network/layer";
import {
  RESNET18_BLOCKS,
  RESNET101_BLOCKS,
  type ResnetOptions,
  resnet as residualNetwork,
} from "../../src/network/resnet";
import type { NetworkShape, SegmentationNetwork } from "../../src/segmentation/network";
import { vgg16 } from "../../src/segmentation/vgg16";

export const BACKBONES = ["vgg16", "resnet101", "resnet101-deep-stem", "resnet18"] as const;

export type BackboneName = (typeof BACKBONES)[number];

/** Networks that begin from what drawn portraits teach; the light one has ImageNet. */
export type DrawnModel = Exclude<ModelName, "deeplab-v3plus-efficientnet-lite2">;

/** Which backbone each network begins with. */
export const BACKBONE_OF: Readonly<Record<DrawnModel, BackboneName>> = {
  "deeplab-v2-vgg16": "vgg16",
  "deeplab-v2-resnet101": "resnet101",
  "pspnet-resnet101": "resnet101-deep-stem",
  "tree-fcn-resnet101": "resnet101-deep-stem",
};

/** What `Segmenter.load` wants to know; the model is one that the backbone serves, or any where none is. */
export function classifierShape(backbone: BackboneName, base: number, classes: number): NetworkShape {
  const models = Object.keys(BACKBONE_OF) as DrawnModel[];
  const model = models.find((each) => BACKBONE_OF[each] === backbone) ?? models[0];
  const stem = backbone === "resnet101-deep-stem" ? "deep" : "plain";
  const blocks = backbone === "resnet18" ? RESNET18_BLOCKS : RESNET101_BLOCKS;
  return { model, base, classes, stem, blocks, input: "imagenet" };
}

/** [b, H, W, 3] → [b, 1, 1, K] */
export function classifier(backbone: BackboneName, { base, classes }: NetworkShape): SegmentationNetwork {
  const { features, channels } = backbone === "vgg16" ? vgg16(base) : resnet(backbone, base);
  const mean = plainLayer((x) => x.mean<tf.Tensor4D>([1, 2], true));
  const whole = chain([features, mean, convolution("fc", channels, classes, { bias: true })]);
  return {
    parameters: whole.parameters,
    outputs: [{ name: "class", weight: 1 }],
    labelSides: () => [1],
    train: (image, pass) => [whole.apply(image, pass)],
    infer: (image, pass) => tf.tidy(() => whole.apply(image, pass)),
    alignCorners: false,
    fit: (extent) => extent,
    learning: ({ kind }) => ({ rate: 1, decays: kind === "kernel" }),
    isNew: () => true,
  };
}

/** Names of a stem's convolution and normalisation. */
const stemLayer = (place: number): readonly [string, string] => [`conv${place}`, `bn${place}`];

const STEMS: Readonly<Record<Exclude<BackboneName, "vgg16">, Omit<ResnetOptions, "base" | "prefix" | "stages">>> = {
  // DeepLab's comes from MSRA's network in Caffe
  resnet101: { stem: "plain", stemNames: [stemLayer(1)], strideAt: "1x1", ceilPool: true },
  "resnet101-deep-stem": { stem: "deep", stemNames: [1, 2, 3].map(stemLayer), strideAt: "3x3", ceilPool: false },
  resnet18: {
    ...{ stem: "plain", stemNames: [stemLayer(1)], strideAt: "3x3", ceilPool: false },
    ...{ kind: "basic", blocks: RESNET18_BLOCKS },
  },
};

function resnet(backbone: Exclude<BackboneName, "vgg16">, base: number): { features: Layer; channels: number } {
  const stages = [1, 2, 2, 2].map((stride) => ({ stride, dilation: 1 }));
  const { stem, stages: layers, channels } = residualNetwork({ base, prefix: "", stages, ...STEMS[backbone] });
  return { features: chain([stem, ...layers]), channels: channels[3] };
}
