/** Every option of `segment` (docs/method.md, section 4). */

import { type DenseCrfConfig, denseCrfOptions } from "./dense-crf";
import { type ImagesConfig, imagesOptions, shardOption } from "./images";
import { completeConfig, type OptionTable } from "./option";

export interface SegmentConfig extends ImagesConfig, DenseCrfConfig {
  readonly weights: string;
  readonly savePath: string;
  readonly overlay?: string;
  readonly outProb?: string;
  readonly scales: readonly number[];
  readonly flip: boolean;
  readonly denseCrf: boolean;
  readonly crfThreads: number;
}

const data = "Data";
const inference = "Inference";

export const segmentOptions: OptionTable<SegmentConfig> = {
  voc12Root: {
    ...imagesOptions.voc12Root,
    aliases: ["root", "images"],
    help: "folder in VOC layout, or a plain folder of photographs; its dataset.json names the classes, VOC's hold without one",
  },
  inferList: { ...imagesOptions.inferList, default: "val.txt" },
  frame: imagesOptions.frame,
  weights: {
    kind: "path",
    required: true,
    group: data,
    help: "a segmentation network: .safetensors or .pth, whose model, width and classes are read from it",
  },
  savePath: {
    kind: "path",
    default: "./out/segment",
    group: data,
    help: "folder for the labels (8-bit palette PNG); existing labels are kept",
  },
  overlay: { kind: "path", group: data, help: "folder for pictures of the label drawn over the photograph" },
  outProb: {
    kind: "path",
    group: data,
    help: "folder for the probabilities before the dense CRF, one .npy of [classes, height, width] an image",
  },
  scales: {
    kind: "numbers",
    default: [0.5, 0.75, 1, 1.25, 1.5],
    min: 0.05,
    max: 8,
    group: inference,
    help: "sizes at which the network sees the photograph; their probabilities are averaged",
  },
  flip: { kind: "boolean", default: true, group: inference, help: "each scale with its mirror image" },
  denseCrf: {
    kind: "boolean",
    default: true,
    group: "Dense CRF",
    help: "sharpen the probabilities; --dense-crf off gives their argmax",
  },
  // reference: kazuto1011/deeplab-pytorch configs/voc12.yaml
  ...denseCrfOptions({ gaussianSxy: 1, bilateralSxy: 67, bilateralSrgb: 3, bilateralCompat: 4 }),
  crfThreads: {
    kind: "integer",
    default: 1,
    min: 1,
    max: 64,
    group: "Dense CRF",
    help: "worker threads for the dense CRF, which runs while the network sees the next image",
  },
  shard: shardOption,
};

/** @throws UserError "usage" */
export function resolveConfig(given: Partial<SegmentConfig>): SegmentConfig {
  return completeConfig<SegmentConfig>(given, segmentOptions);
}
