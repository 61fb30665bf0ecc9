/** What torchvision recorded (scripts/record-mask-rcnn-goldens.py), and the narrow network that it was recorded of. */

import path from "node:path";
import type { VariantName } from "../src/config/mask-rcnn-options";
import { InstanceSegmenter } from "../src/mask-rcnn/instance-segmenter";
import { type MaskRcnnShape, maskRcnn } from "../src/mask-rcnn/network";
import type { NdArray } from "../src/nd-array";
import { shapesOf } from "../src/network/layer";
import { RESNET50_BLOCKS } from "../src/network/resnet";
import { openWeights } from "../src/weights/checkpoint";
import { formulaTensor } from "../src/weights/formula";

export const SEED = 5;
export const SHAPE: MaskRcnnShape = {
  base: 2,
  classes: 4,
  kind: "bottleneck",
  blocks: RESNET50_BLOCKS,
  strideAt: "3x3",
};

export type Recorded = ReadonlyMap<string, NdArray>;

export async function recorded(name: VariantName | "operations"): Promise<Recorded> {
  const file = await openWeights(path.join(__dirname, "mask-rcnn-goldens", `${name}.safetensors`));
  try {
    const arrays = new Map<string, NdArray>();
    for (const each of file.names()) arrays.set(each, await file.read(each));
    return arrays;
  } finally {
    await file.close();
  }
}

/** With weights by formula. */
export function narrowNetwork(variant: VariantName, trained = false): Promise<InstanceSegmenter> {
  return InstanceSegmenter.load(formulaState(SHAPE), SHAPE, { variant, trained });
}

export function formulaState(shape: MaskRcnnShape): Map<string, NdArray> {
  const shapes = shapesOf(maskRcnn(shape).parameters);
  return new Map(
    [...shapes].map(([name, extents]): [string, NdArray] => [
      name,
      { shape: extents, data: formulaTensor(name, extents, SEED, ...rangeOf(name, extents)) },
    ]),
  );
}

/** As `parameter_range` of the script. */
function rangeOf(name: string, shape: readonly number[]): readonly [number, number] {
  if (name.endsWith("bn3.weight")) return [0.1, 0.3];
  if (name.endsWith("running_var") || /(\.bn\d|downsample\.1)\.weight$/.test(name)) return [0.8, 1.2];
  if (shape.length === 1) return [-0.1, 0.1];
  const gain = name.includes("bbox_pred")
    ? 0.2
    : name.includes("cls_score")
      ? 6
      : name.includes("cls_logits")
        ? 0.5
        : 1;
  const bound = gain * Math.sqrt(6 / shape.slice(1).reduce((product, extent) => product * extent, 1));
  return [-bound, bound];
}

/** An image of values in [0, 1) by formula, as torchvision normalises it: [H·W·3]. */
export function formulaImage(name: string, height: number, width: number): Float32Array {
  const values = formulaTensor(name, [3, height, width], SEED, 0, 1);
  const [mean, deviation] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ];
  return Float32Array.from({ length: values.length }, (_, i) => {
    const colour = i % 3;
    return (values[colour * height * width + Math.floor(i / 3)] - mean[colour]) / deviation[colour];
  });
}
