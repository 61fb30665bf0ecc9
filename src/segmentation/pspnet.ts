/**
 * PSPNet (Zhao et al., CVPR 2017): a dilated ResNet101, means over the whole map and over 2×2, 3×3 and 6×6 parts of it
 * beside the map itself, and while training a second classifier on the stage before the last. Reference hszhao/semseg
 * (model/pspnet.py). Golden 42.
 */

import * as tf from "@tensorflow/tfjs";
import { resizeBilinear } from "../image-ops/bilinear";
import { adaptiveAveragePool } from "../image-ops/pooling";
import { convolution, convolutionNormRelu } from "../network/convolution-layer";
import { channelDropoutLayer } from "../network/dropout-layer";
import { chain, type Layer } from "../network/layer";
import { resnet } from "../network/resnet";
import type { NetworkShape, SegmentationNetwork } from "./network";

/** Parts along each axis that means are taken over. */
const BINS: readonly number[] = [1, 2, 3, 6];
const DROPOUT = 0.1;
/** Weight of the second classifier's loss. */
const AUXILIARY_WEIGHT = 0.4;

const HEADS = /^(ppm|cls|aux)\./;

export function pspNet({ base, classes, stem: kind, blocks }: NetworkShape): SegmentationNetwork {
  const { stem, stages, channels } = resnet({
    base,
    blocks,
    stem: kind,
    stemNames: [
      ["layer0.0", "layer0.1"],
      ["layer0.3", "layer0.4"],
      ["layer0.6", "layer0.7"],
    ],
    prefix: "",
    stages: [
      { stride: 1, dilation: 1 },
      { stride: 2, dilation: 1 },
      { stride: 1, dilation: 2 },
      { stride: 1, dilation: 4 },
    ],
    strideAt: "3x3",
    ceilPool: false,
  });
  const early = chain([stem, ...stages.slice(0, 3)]);
  const late = stages[3];
  const classifier = chain([pyramidPooling(channels[3]), classifierLayer("cls", 2 * channels[3], 8 * base, classes)]);
  const auxiliary = classifierLayer("aux", channels[2], 4 * base, classes);
  return {
    parameters: [early, late, classifier, auxiliary].flatMap(({ parameters }) => parameters),
    outputs: [
      { name: "main", weight: 1 },
      { name: "auxiliary", weight: AUXILIARY_WEIGHT },
    ],
    labelSides: (crop) => [crop, crop],
    train(image, pass) {
      const size = [image.shape[1], image.shape[2]] as const;
      return tf.tidy(() => {
        const middle = early.apply(image, pass);
        return [classifier.apply(late.apply(middle, pass), pass), auxiliary.apply(middle, pass)].map((logits) =>
          resizeBilinear(logits, size, { alignCorners: true }),
        );
      });
    },
    infer: (image, pass) => tf.tidy(() => chain([early, late, classifier]).apply(image, pass)),
    alignCorners: true,
    fit: (extent) => 8 * Math.max(1, Math.ceil((extent - 1) / 8)) + 1,
    learning: ({ name }) => ({ rate: HEADS.test(name) ? 10 : 1, decays: true }),
    isNew: (name) => HEADS.test(name),
  };
}

/** The map, and for each number of bins its means, a quarter as many channels, brought to the map's size. */
function pyramidPooling(channels: number): Layer {
  const branches = BINS.map((_, i) =>
    convolutionNormRelu([`ppm.features.${i}.1`, `ppm.features.${i}.2`], channels, channels / BINS.length),
  );
  return {
    parameters: branches.flatMap(({ parameters }) => parameters),
    apply: (x, pass) =>
      tf.tidy(() => {
        const [, h, w] = x.shape;
        const maps = branches.map((branch, i) => {
          const means = branch.apply(adaptiveAveragePool(x, [BINS[i], BINS[i]]), pass);
          return resizeBilinear(means, [h, w], { alignCorners: true });
        });
        return tf.concat4d([x, ...maps], 3); // [b, h, w, 2·channels]
      }),
  };
}

function classifierLayer(name: string, input: number, hidden: number, classes: number): Layer {
  return chain([
    convolutionNormRelu([`${name}.0`, `${name}.1`], input, hidden, { side: 3 }),
    channelDropoutLayer(name, DROPOUT),
    convolution(`${name}.4`, hidden, classes, { bias: true, logits: true }),
  ]);
}
