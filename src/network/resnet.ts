/**
 * ResNets of bottleneck blocks (He et al. 2016), dilated or not, as each network on them wants it: which convolution of
 * a stage's first block has the stride, what the stem is, and how the last stages keep their resolution. Inside a stage
 * names are torchvision's. Goldens 40, 42, 43.
 */

import * as tf from "@tensorflow/tfjs";
import { convolution, convolutionNormRelu } from "./convolution-layer";
import { chain, type Layer } from "./layer";
import { maxPool } from "./max-pool";
import { normLayer } from "./norm-layer";

/** Blocks of the four stages. */
export const RESNET101_BLOCKS: readonly number[] = [3, 4, 23, 3];

/** Blocks of ResNet50's stages, and of ResNet18's, which are basic ones. */
export const RESNET50_BLOCKS: readonly number[] = [3, 4, 6, 3];
export const RESNET18_BLOCKS: readonly number[] = [2, 2, 2, 2];

/** bottleneck: 1×1, 3×3, 1×1, with four times as many channels outside. basic: two 3×3. */
export type BlockKind = "bottleneck" | "basic";

const EXPANSION: Readonly<Record<BlockKind, number>> = { bottleneck: 4, basic: 1 };

/** plain: one 7×7 convolution (torchvision). deep: three 3×3 ones (PSPNet, Tree-FCN). */
export type StemKind = "plain" | "deep";

/** A stage's stride, and the dilation of its 3×3 convolutions. */
export interface StageGeometry {
  readonly stride: number;
  readonly dilation: number;
}

export interface ResnetOptions {
  /** Channels of the first layer: 64 at full width. */
  readonly base: number;
  readonly stem: StemKind;
  /** Names of the stem's convolutions and normalisations, in order. */
  readonly stemNames: readonly (readonly [convolution: string, norm: string])[];
  /** Before `layer1` to `layer4`. */
  readonly prefix: string;
  /** Geometry of the stages; the first has stride 1. */
  readonly stages: readonly StageGeometry[];
  /** The convolution with the stride: the first, 1×1 (MSRA's networks in Caffe), or the 3×3 (torchvision). */
  readonly strideAt: "1x1" | "3x3";
  /** Windows of the stem's pooling as in Caffe. */
  readonly ceilPool: boolean;
  /** Default: 3, 4, 23, 3. */
  readonly blocks?: readonly number[];
  /** Default "bottleneck". */
  readonly kind?: BlockKind;
}

export interface Resnet {
  /** Brings the image to a quarter of its size. */
  readonly stem: Layer;
  readonly stages: readonly Layer[];
  /** Channels that each stage puts out: 256, 512, 1024, 2048 at full width, a quarter of that of basic blocks. */
  readonly channels: readonly number[];
}

export function resnet(options: ResnetOptions): Resnet {
  const { base, prefix, stages, blocks = RESNET101_BLOCKS, kind = "bottleneck" } = options;
  const channels = stages.map((_, stage) => EXPANSION[kind] * base * 2 ** stage);
  const first = options.stem === "deep" ? 2 * base : base;
  return {
    stem: stemLayer(options),
    stages: stages.map((geometry, stage) => {
      const name = (block: number): string => `${prefix}layer${stage + 1}.${block}`;
      const input = stage === 0 ? first : channels[stage - 1];
      if (kind === "basic") return basicStage(name, input, channels[stage], blocks[stage], geometry);
      return chain(
        Array.from({ length: blocks[stage] }, (_, block) =>
          block === 0
            ? bottleneck(name(0), input, channels[stage], geometry, options.strideAt, true)
            : bottleneck(name(block), channels[stage], channels[stage], { ...geometry, stride: 1 }, "3x3", false),
        ),
      );
    }),
    channels,
  };
}

function stemLayer({ base, stem, stemNames, ceilPool }: ResnetOptions): Layer {
  const pool = maxPool({ stride: 2, ceil: ceilPool });
  if (stem === "plain") return chain([convolutionNormRelu(stemNames[0], 3, base, { side: 7, stride: 2 }), pool]);
  return chain([
    convolutionNormRelu(stemNames[0], 3, base, { side: 3, stride: 2 }),
    convolutionNormRelu(stemNames[1], base, base, { side: 3 }),
    convolutionNormRelu(stemNames[2], base, 2 * base, { side: 3 }),
    pool,
  ]);
}

/**
 * 1×1, 3×3, 1×1, each normalised; the shortcut is the input, or a 1×1 convolution of it where channels or size change.
 */
function bottleneck(
  name: string,
  input: number,
  output: number,
  { stride, dilation }: StageGeometry,
  strideAt: ResnetOptions["strideAt"],
  projected: boolean,
): Layer {
  const middle = output / EXPANSION.bottleneck;
  const strides = strideAt === "1x1" ? [stride, 1] : [1, stride];
  const branch = chain([
    convolutionNormRelu([`${name}.conv1`, `${name}.bn1`], input, middle, { stride: strides[0] }),
    convolutionNormRelu([`${name}.conv2`, `${name}.bn2`], middle, middle, { side: 3, stride: strides[1], dilation }),
    convolution(`${name}.conv3`, middle, output),
    normLayer(`${name}.bn3`, output, false, { initialWeight: { constant: 0 } }),
  ]);
  return withShortcut(name, branch, input, output, stride, projected);
}

/** Blocks of two 3×3 convolutions; the first has the stride. */
function basicStage(
  name: (block: number) => string,
  input: number,
  output: number,
  blocks: number,
  { stride: outer, dilation }: StageGeometry,
): Layer {
  return chain(
    Array.from({ length: blocks }, (_, block) => {
      const [own, from, stride] = [name(block), block === 0 ? input : output, block === 0 ? outer : 1];
      const branch = chain([
        convolutionNormRelu([`${own}.conv1`, `${own}.bn1`], from, output, { side: 3, stride }),
        convolution(`${own}.conv2`, output, output, { side: 3, dilation }),
        normLayer(`${own}.bn2`, output, false, { initialWeight: { constant: 0 } }),
      ]);
      return withShortcut(own, branch, from, output, stride, from !== output || stride > 1);
    }),
  );
}

/** ReLU(branch + input), or + a 1×1 convolution of the input where channels or size change. */
function withShortcut(
  name: string,
  branch: Layer,
  input: number,
  output: number,
  stride: number,
  projected: boolean,
): Layer {
  const shortcut = projected
    ? chain([
        convolution(`${name}.downsample.0`, input, output, { stride }),
        normLayer(`${name}.downsample.1`, output, false),
      ])
    : undefined;
  return {
    parameters: [...branch.parameters, ...(shortcut?.parameters ?? [])],
    apply: (x, pass) => tf.tidy(() => sumRelu(branch.apply(x, pass), shortcut?.apply(x, pass) ?? x)),
  };
}

/** ReLU(a + b); keeps the result alone for the gradient. */
export function sumRelu(a: tf.Tensor4D, b: tf.Tensor4D): tf.Tensor4D {
  const add = tf.customGrad((...values) => {
    const [left, right] = values as unknown as [tf.Tensor4D, tf.Tensor4D];
    const y = tf.tidy(() => left.add(right).relu() as tf.Tensor4D);
    (values[2] as unknown as tf.GradSaveFunc)([y]);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, [output]: tf.Tensor[]) => {
        const masked = tf.tidy(() => dy.mul(output.sign()));
        return [masked, masked.clone()];
      },
    };
  });
  return add(a, b) as tf.Tensor4D;
}
