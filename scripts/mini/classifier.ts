/**
 * The segmentation networks' backbones as classification networks: the mean over the backbone's last map and one layer on it
 * that is fully connected. To the training loop that is a segmentation network whose map has one cell.
 *
 * ResNets have the strides and the names of the networks that are trained on ImageNet; VGG16 is as DeepLab has it.
 */

import * as tf from "@tensorflow/tfjs";
import type { ModelName } from "../../src/config/segmentation-models";
import { convolution } from "../../src/network/convolution-layer";
import { chain, type Layer, plainLayer } from "../../src/network/layer";
import { resnet as bottleneckResnet, RESNET101_BLOCKS, type ResnetOptions } from "../../src/network/resnet";
import type { NetworkShape, SegmentationNetwork } from "../../src/segmentation/network";
import { vgg16 } from "../../src/segmentation/vgg16";

export const BACKBONES = ["vgg16", "resnet101", "resnet101-deep-stem"] as const;

export type BackboneName = (typeof BACKBONES)[number];

/** Which backbone each network begins with. */
export const BACKBONE_OF: Readonly<Record<ModelName, BackboneName>> = {
  "deeplab-v2-vgg16": "vgg16",
  "deeplab-v2-resnet101": "resnet101",
  "pspnet-resnet101": "resnet101-deep-stem",
  "tree-fcn-resnet101": "resnet101-deep-stem",
};

/** What `Segmenter.load` wants to know; the model is one that the backbone serves. */
export function classifierShape(backbone: BackboneName, base: number, classes: number): NetworkShape {
  const models = Object.keys(BACKBONE_OF) as ModelName[];
  const model = models.find((each) => BACKBONE_OF[each] === backbone) as ModelName;
  const stem = backbone === "resnet101-deep-stem" ? "deep" : "plain";
  return { model, base, classes, stem, blocks: RESNET101_BLOCKS, input: "imagenet" };
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

const STEMS: Readonly<
  Record<Exclude<BackboneName, "vgg16">, Pick<ResnetOptions, "stem" | "stemNames" | "strideAt" | "ceilPool">>
> = {
  // DeepLab's comes from MSRA's network in Caffe
  resnet101: { stem: "plain", stemNames: [stemLayer(1)], strideAt: "1x1", ceilPool: true },
  "resnet101-deep-stem": { stem: "deep", stemNames: [1, 2, 3].map(stemLayer), strideAt: "3x3", ceilPool: false },
};

function resnet(backbone: Exclude<BackboneName, "vgg16">, base: number): { features: Layer; channels: number } {
  const stages = [1, 2, 2, 2].map((stride) => ({ stride, dilation: 1 }));
  const { stem, stages: layers, channels } = bottleneckResnet({ base, prefix: "", stages, ...STEMS[backbone] });
  return { features: chain([stem, ...layers]), channels: channels[3] };
}
