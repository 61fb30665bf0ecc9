/** `--model`: the networks that label pixels, and those that find objects, by name. */

export const MODELS = [
  "deeplab-v2-vgg16",
  "deeplab-v2-resnet101",
  "deeplab-v3plus-efficientnet-lite2",
  "pspnet-resnet101",
  "tree-fcn-resnet101",
] as const;

export type ModelName = (typeof MODELS)[number];

/** The light network, which a laptop trains from the backbone that `setup` fetches. */
export const LIGHT_MODEL: ModelName = "deeplab-v3plus-efficientnet-lite2";

/** Networks that give each object a box and a mask. The first is a light one. */
export const INSTANCE_MODELS = ["mask-rcnn-resnet18-fpn", "mask-rcnn-resnet50-fpn", "mask-rcnn-resnet101-fpn"] as const;

export type InstanceModelName = (typeof INSTANCE_MODELS)[number];

export function isInstanceModel(model: ModelName | InstanceModelName): model is InstanceModelName {
  return INSTANCE_MODELS.some((name) => name === model);
}
