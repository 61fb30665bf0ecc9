/**
 * DeepLab v2 (Chen et al., TPAMI 2018): a backbone at an eighth of the image's size, an atrous pyramid of rates 6 to 24
 * on it, and the same network on the image at 0.5, 0.75 and 1, of which each pixel and class takes the highest score.
 * Reference kazuto1011/deeplab-pytorch (libs/models/deeplabv2.py, msc.py) for ResNet101; VGG16 after the authors'
 * prototxt. Goldens 40, 41.
 */

import * as tf from "@tensorflow/tfjs";
import { resizeBilinear } from "../image-ops/bilinear";
import { convolution } from "../network/convolution-layer";
import { valueDropoutLayer } from "../network/dropout-layer";
import { chain, type Layer, type Parameter, type Pass } from "../network/layer";
import { pooledExtent } from "../network/max-pool";
import { resnet } from "../network/resnet";
import type { Learning, NetworkShape, SegmentationNetwork } from "./network";
import { vgg16 } from "./vgg16";

const RATES: readonly number[] = [6, 12, 18, 24];

/** Besides the whole size. */
const SCALES: readonly number[] = [0.5, 0.75];

export function deepLabV2Resnet101({ base, classes, blocks }: NetworkShape): SegmentationNetwork {
  const { stem, stages, channels } = resnet({
    base,
    blocks,
    stem: "plain",
    stemNames: [["conv1", "bn1"]],
    prefix: "",
    stages: [
      { stride: 1, dilation: 1 },
      { stride: 2, dilation: 1 },
      { stride: 1, dilation: 2 },
      { stride: 1, dilation: 4 },
    ],
    strideAt: "1x1",
    ceilPool: true,
  });
  const pyramid = sumOf(
    RATES.map((dilation, i) =>
      convolution(`aspp.c${i}`, channels[3], classes, { side: 3, dilation, bias: true, logits: true }),
    ),
  );
  const halved = (extent: number): number => Math.floor((extent - 1) / 2) + 1;
  return multiScale(chain([stem, ...stages, pyramid]), {
    gridOf: (extent) => halved(pooledExtent(halved(extent), 2, true)),
    isNew: (name) => name.startsWith("aspp."),
    // reference main.py get_params: the pyramid learns faster, its biases twice as fast again
    learning: ({ name, kind }) =>
      name.startsWith("aspp.") ? (kind === "bias" ? FAST_BIAS : FAST) : { rate: 1, decays: true },
  });
}

export function deepLabV2Vgg16({ base, classes }: NetworkShape): SegmentationNetwork {
  const { features, channels } = vgg16(base);
  const hidden = 16 * base;
  const pyramid = sumOf(
    RATES.map((dilation, i) =>
      chain([
        convolution(`fc6_${i + 1}`, channels, hidden, { side: 3, dilation, bias: true, relu: true }),
        valueDropoutLayer(`fc6_${i + 1}`, 0.5),
        convolution(`fc7_${i + 1}`, hidden, hidden, { bias: true, relu: true }),
        valueDropoutLayer(`fc7_${i + 1}`, 0.5),
        convolution(`fc8_${i + 1}`, hidden, classes, { bias: true, logits: true }),
      ]),
    ),
  );
  const pooled = (extent: number): number => pooledExtent(extent, 2, true);
  return multiScale(chain([features, pyramid]), {
    gridOf: (extent) => pooled(pooled(pooled(extent))),
    isNew: (name) => name.startsWith("fc"),
    // train.prototxt: biases twice as fast as weights and without decay, the classifiers ten times as fast as the rest
    learning: ({ name, kind }) =>
      name.startsWith("fc8_")
        ? kind === "bias"
          ? FAST_BIAS
          : FAST
        : { rate: kind === "bias" ? 2 : 1, decays: kind !== "bias" },
  });
}

const FAST: Learning = { rate: 10, decays: true };
const FAST_BIAS: Learning = { rate: 20, decays: false };

/** Parallel layers whose outputs are added, as one layer. */
function sumOf(layers: readonly Layer[]): Layer {
  return {
    parameters: layers.flatMap(({ parameters }) => parameters),
    apply: (x, pass) => tf.tidy(() => tf.addN(layers.map((layer) => layer.apply(x, pass)))),
  };
}

interface SingleScale {
  /** Side of the logits for an image's. */
  gridOf(extent: number): number;
  isNew(name: string): boolean;
  learning(parameter: Parameter): Learning;
}

function multiScale(single: Layer, { gridOf, isNew, learning }: SingleScale): SegmentationNetwork {
  const scaled = (image: tf.Tensor4D, scale: number): tf.Tensor4D => {
    const size = [image.shape[1], image.shape[2]].map((extent) => Math.max(1, Math.floor(extent * scale)));
    return resizeBilinear(image, size as [number, number], { scaleFactor: scale });
  };
  const pyramid = (image: tf.Tensor4D, pass: Pass): tf.Tensor4D[] => [
    single.apply(image, pass),
    ...SCALES.map((scale) => tf.tidy(() => single.apply(scaled(image, scale), pass))),
  ];
  const highest = ([whole, ...others]: readonly tf.Tensor4D[]): tf.Tensor4D =>
    tf.tidy(() => {
      const [, h, w] = whole.shape;
      return others.map((logits) => resizeBilinear(logits, [h, w])).reduce((a, b) => tf.maximum(a, b), whole);
    });
  return {
    parameters: single.parameters,
    outputs: ["whole", ...SCALES.map(String), "highest"].map((name) => ({ name, weight: 1 })),
    labelSides: (crop) => [gridOf(crop), ...SCALES.map((scale) => gridOf(Math.floor(crop * scale))), gridOf(crop)],
    train(image, pass) {
      const logits = pyramid(image, pass);
      return [...logits, highest(logits)];
    },
    infer: (image, pass) => tf.tidy(() => highest(pyramid(image, pass))),
    alignCorners: false,
    fit: (extent) => extent,
    learning,
    isNew,
  };
}
