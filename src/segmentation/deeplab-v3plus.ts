/**
 * DeepLab v3+ (Chen et al., ECCV 2018) on EfficientNet-Lite2, light enough to be trained on a laptop: an atrous pyramid of
 * depthwise separable convolutions, and a decoder that sees borders in one early map, at a quarter of the photograph's size.
 *
 * Unlike the paper's backbones this one keeps its strides: the pyramid stands on its maps at strides 16 and 32, the latter
 * enlarged, so that the backbone computes what it learned on ImageNet, at its usual cost. The head has biases in place of
 * normalisations, since batches on a laptop are too small for statistics; its first scales come from the first samples.
 */

import * as tf from "@tensorflow/tfjs";
import { type LiteNetwork, liteNetwork } from "../efficientnet/efficientnet-lite";
import { resizeBilinear } from "../image-ops/bilinear";
import { convolution } from "../network/convolution-layer";
import { separableConvolution } from "../network/depthwise-convolution";
import { channelDropoutLayer } from "../network/dropout-layer";
import { chain, type Layer, type Pass, parametersOf, plainLayer } from "../network/layer";
import type { NetworkShape, SegmentationNetwork } from "./network";

/** The backbone's stages that the network sees, counted from 0: at strides 4, 16 and 32. */
const STAGES: readonly number[] = [1, 4, 6];
const DECODER_STRIDE = 4;
const COARSEST_STRIDE = 32;
/** Cells of 16 pixels between the taps; half the paper's, for crops of half its size. */
const RATES: readonly number[] = [3, 6, 9];
const DROPOUT = 0.1;

export function deepLabV3PlusLite2({ base, classes }: NetworkShape): SegmentationNetwork {
  const backbone = liteNetwork("efficientnet-lite2", base);
  const head = decodingHead(backbone, 4 * base, classes);
  const maps = (image: tf.Tensor4D, pass: Pass): tf.Tensor4D[] => backbone.stageMaps(image, pass, STAGES);
  const isNew = (name: string): boolean => HEAD.test(name);
  return {
    parameters: parametersOf([backbone, head]),
    outputs: [{ name: "main", weight: 1 }],
    labelSides: (crop) => [crop / DECODER_STRIDE],
    train: (image, pass) => [tf.tidy(() => head.apply(maps(image, pass), pass))],
    infer: (image, pass) => tf.tidy(() => head.apply(maps(image, pass), pass)),
    backbone: { maps, train: (seen, pass) => [tf.tidy(() => head.apply(seen, pass))] },
    alignCorners: false,
    fit: (extent) => COARSEST_STRIDE * Math.max(1, Math.ceil(extent / COARSEST_STRIDE)),
    learning: ({ name, kind }) => ({ rate: isNew(name) ? 10 : 1, decays: kind === "kernel" }),
    isNew,
    calibratesNew: true,
  };
}

const HEAD = /^(aspp|decoder)\./;

interface DecodingHead extends Pick<Layer, "parameters"> {
  /** Maps at strides 4, 16 and 32 → logits at stride 4, [b, h, w, classes]. */
  apply(maps: readonly tf.Tensor4D[], pass: Pass): tf.Tensor4D;
}

function decodingHead({ stages }: LiteNetwork, width: number, classes: number): DecodingHead {
  const [early, middle, late] = STAGES.map((stage) => stages[stage].channels);
  const pyramid = atrousPyramid(middle + late, width);
  const skip = convolution("decoder.skip", early, width / 4, { bias: true, relu: true });
  const decoder = chain([
    separableConvolution("decoder.refine.0", width + width / 4, width, { side: 3 }),
    separableConvolution("decoder.refine.1", width, width, { side: 3 }),
    channelDropoutLayer("decoder", DROPOUT),
    convolution("decoder.classifier", width, classes, { bias: true, logits: true }),
  ]);
  return {
    parameters: parametersOf([pyramid, skip, decoder]),
    apply: ([borders, coarse, coarsest], pass) =>
      tf.tidy(() => {
        const [, h, w] = coarse.shape;
        const context = pyramid.apply(tf.concat4d([coarse, resizeBilinear(coarsest, [h, w])], 3), pass);
        const fine = resizeBilinear(context, [borders.shape[1], borders.shape[2]]);
        return decoder.apply(tf.concat4d([fine, skip.apply(borders, pass)], 3), pass);
      }),
  };
}

/** The map itself, it seen at each rate, and its mean, side by side, joined. [b, h, w, input] → [b, h, w, width] */
function atrousPyramid(input: number, width: number): Layer {
  const own = convolution("aspp.own", input, width, { bias: true, relu: true });
  const wider = RATES.map((dilation, i) => separableConvolution(`aspp.rate.${i}`, input, width, { side: 3, dilation }));
  // Without bias: one value an image says too little of its scale.
  const mean = chain([convolution("aspp.mean", input, width), plainLayer((x) => tf.relu(x))]);
  const branches = [own, ...wider];
  const joined = convolution("aspp.joined", (branches.length + 1) * width, width, { bias: true, relu: true });
  return {
    parameters: parametersOf([...branches, mean, joined]),
    apply: (x, pass) =>
      tf.tidy(() => {
        const [, h, w] = x.shape;
        const everywhere = mean.apply(x.mean<tf.Tensor4D>([1, 2], true), pass).tile<tf.Tensor4D>([1, h, w, 1]);
        return joined.apply(tf.concat4d([...branches.map((branch) => branch.apply(x, pass)), everywhere], 3), pass);
      }),
  };
}
