/**
 * Tree-FCN (Song et al., NeurIPS 2019): ResNet101 to a thirty-second of the image's size, and back up stage by stage; on the
 * way the coarser map is filtered over the minimum spanning tree of the stage's own features before it is added. Reference
 * Megvii-BaseDetection/TreeFilter-Torch (model/voc/voc.fcn_32d.R101_v1c.extra.tree_filter/network.py). Golden 43.
 */

import * as tf from "@tensorflow/tfjs";
import { resizeBilinear } from "../image-ops/bilinear";
import { convolution, convolutionNormRelu } from "../network/convolution-layer";
import { chain, type Layer, type Pass } from "../network/layer";
import { resnet, sumRelu } from "../network/resnet";
import { TREE_FILTER_GROUPS, treeFilterModule } from "../tree-filter/tree-filter-module";
import type { NetworkShape, SegmentationNetwork } from "./network";

export function treeFcn({ base, classes, stem: kind, blocks }: NetworkShape): SegmentationNetwork {
  const { stem, stages, channels } = resnet({
    base,
    blocks,
    stem: kind,
    stemNames:
      kind === "plain"
        ? [["backbone.conv1", "backbone.bn1"]]
        : [
            ["backbone.conv1.0", "backbone.conv1.1"],
            ["backbone.conv1.3", "backbone.conv1.4"],
            ["backbone.conv1.6", "backbone.bn1"],
          ],
    prefix: "backbone.",
    stages: [1, 2, 2, 2].map((stride) => ({ stride, dilation: 1 })),
    strideAt: "3x3",
    ceilPool: false,
  });
  const width = 8 * base;
  const coarseToFine = [...channels].reverse();
  const context = convolutionNormRelu(["global_context.1.conv", "global_context.1.bn"], channels[3], width);
  const levels = coarseToFine.map((input, i) => ({
    latent: residual(`latent_layers.${i}`, input, width),
    embed: { name: `embed_layers.${i}.conv.weight`, shape: [4 * base, width, 1, 1], kind: "kernel" } as const,
    refine: residual(`refine_layers.${i}`, width, width),
  }));
  const predict = chain([
    residual("predict_layer.head_layers.0", width, width),
    convolution("predict_layer.head_layers.1", width, classes, { bias: true, logits: true }),
  ]);
  const groups = greatestCommonDivisor(TREE_FILTER_GROUPS, 4 * base); // fewer in narrow networks

  const upwards = (image: tf.Tensor4D, pass: Pass): tf.Tensor4D =>
    tf.tidy(() => {
      const maps: tf.Tensor4D[] = [];
      for (const stage of stages) maps.push(stage.apply(maps.at(-1) ?? stem.apply(image, pass), pass));
      maps.reverse(); // the coarsest first
      const means = maps[0].mean<tf.Tensor4D>([1, 2], true); // [b, 1, 1, c]
      let last = context.apply(means, pass);
      for (const [i, { latent, embed, refine }] of levels.entries()) {
        const [, h, w] = maps[i].shape;
        const coarser = resizeBilinear(last, [h, w], { alignCorners: true });
        const filtered = treeFilterModule(coarser, maps[i], pass.kernel(embed.name), { groups });
        last = refine.apply(latent.apply(maps[i], pass).add(filtered), pass); // [b, h, w, width]
      }
      return predict.apply(last, pass); // [b, H/4, W/4, K]
    });

  return {
    parameters: [
      ...[stem, ...stages, context].flatMap(({ parameters }) => parameters),
      ...levels.flatMap(({ latent, embed, refine }) => [...latent.parameters, embed, ...refine.parameters]),
      ...predict.parameters,
    ],
    outputs: [{ name: "main", weight: 1 }],
    labelSides: (crop) => [crop],
    train: (image, pass) =>
      tf.tidy(() => {
        const size = [image.shape[1], image.shape[2]] as const;
        return [resizeBilinear(upwards(image, pass), size, { alignCorners: true })];
      }),
    infer: upwards,
    alignCorners: true,
    fit: (extent) => 32 * Math.ceil(extent / 32),
    // reference group_weight: convolutions decay, biases and normalisations do not
    learning: ({ kind }) => ({ rate: 1, decays: kind === "kernel" }),
    isNew: (name) => !name.startsWith("backbone."),
  };
}

/** ReLU(y + two 3×3 convolutions of y), y a 1×1 convolution of the input. */
function residual(name: string, input: number, output: number): Layer {
  const narrow = convolution(`${name}.conv_1x1`, input, output);
  const branch = chain([
    convolutionNormRelu([`${name}.cbr.conv`, `${name}.cbr.bn`], output, output, { side: 3 }),
    convolution(`${name}.conv_refine`, output, output, { side: 3 }),
  ]);
  return {
    parameters: [...narrow.parameters, ...branch.parameters],
    apply: (x, pass) =>
      tf.tidy(() => {
        const y = narrow.apply(x, pass);
        return sumRelu(branch.apply(y, pass), y);
      }),
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
