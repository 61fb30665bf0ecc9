/** The models by their names. */

import type { ModelName } from "../config/segmentation-models";
import { deepLabV2Resnet101, deepLabV2Vgg16 } from "./deeplab-v2";
import { deepLabV3PlusLite2 } from "./deeplab-v3plus";
import type { NetworkShape, SegmentationNetwork } from "./network";
import { pspNet } from "./pspnet";
import { treeFcn } from "./tree-fcn";

const BUILDERS: Readonly<Record<ModelName, (shape: NetworkShape) => SegmentationNetwork>> = {
  "deeplab-v2-vgg16": deepLabV2Vgg16,
  "deeplab-v2-resnet101": deepLabV2Resnet101,
  "deeplab-v3plus-efficientnet-lite2": deepLabV3PlusLite2,
  "pspnet-resnet101": pspNet,
  "tree-fcn-resnet101": treeFcn,
};

export function buildNetwork(shape: NetworkShape): SegmentationNetwork {
  return BUILDERS[shape.model](shape);
}
