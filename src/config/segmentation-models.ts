/** `--model`: the segmentation networks by name. */

export const MODELS = ["deeplab-v2-vgg16", "deeplab-v2-resnet101", "pspnet-resnet101", "tree-fcn-resnet101"] as const;

export type ModelName = (typeof MODELS)[number];
