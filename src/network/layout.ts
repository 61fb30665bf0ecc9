/**
 * The layers of ResNet38 and of the heads on it: names, channels, strides, dilations. Names are the reference's
 * state_dict keys (network/resnet38d.py, resnet38_aff_gated.py, resnet38_SEAM.py). docs/method.md, sections 1.1, 2.1
 * and 2.2.
 *
 * Channel counts are multiples of `base`, the channels of conv1a: 64 at full width, 4 in the goldens' width/16
 * networks.
 */

/** A pre-activation block of two 3×3 convolutions, or a bottleneck of 1×1, 3×3, 1×1 with channel dropout. */
export interface BlockLayout {
  readonly name: string;
  readonly kind: "basic" | "bottleneck";
  /** Channels in, inside and out, in units of `base`. */
  readonly channels: readonly [number, number, number];
  readonly stride: number;
  readonly firstDilation: number;
  readonly dilation: number;
  /** Rate of the channel dropout on both inner activations; bottlenecks only. */
  readonly dropout: number;
  /** Which tap the block's first activation is, if any. */
  readonly tap?: TapName;
}

export type TapName = "conv1" | "conv2" | "conv3" | "conv4" | "conv5" | "conv6";

/** Networks by their head: none, the affinity network's, the classification network's. */
export type NetworkKind = "backbone" | "affinity" | "classification";

/** Layers that the reference never trains. */
export const FROZEN_LAYERS: readonly string[] = ["conv1a", "b2", "b2_1", "b2_2"];

/** The taps whose concatenation is a node's feature. */
export const FEATURE_TAPS = ["conv4", "conv5", "conv6"] as const;

export const FULL_WIDTH = 64;

const basic = (
  name: string,
  channels: BlockLayout["channels"],
  { stride = 1, dilation = 1, firstDilation = dilation, tap }: Partial<BlockLayout> = {},
): BlockLayout => ({ name, kind: "basic", channels, stride, firstDilation, dilation, dropout: 0, tap });

const repeated = (name: string, count: number, channels: BlockLayout["channels"], dilation = 1): BlockLayout[] =>
  Array.from({ length: count }, (_, i) => basic(`${name}_${i + 1}`, channels, { dilation }));

const bottleneck = (name: string, channels: BlockLayout["channels"], dropout: number, tap?: TapName): BlockLayout => ({
  name,
  kind: "bottleneck",
  channels,
  stride: 1,
  firstDilation: 4,
  dilation: 4,
  dropout,
  tap,
});

/** All blocks, in order. Between them and conv6 stand bn7 and a ReLU. */
export const BLOCKS: readonly BlockLayout[] = [
  basic("b2", [1, 2, 2], { stride: 2, tap: "conv1" }),
  ...repeated("b2", 2, [2, 2, 2]),
  basic("b3", [2, 4, 4], { stride: 2, tap: "conv2" }),
  ...repeated("b3", 2, [4, 4, 4]),
  basic("b4", [4, 8, 8], { stride: 2, tap: "conv3" }),
  ...repeated("b4", 5, [8, 8, 8]),
  basic("b5", [8, 8, 16], { firstDilation: 1, dilation: 2, tap: "conv4" }),
  ...repeated("b5", 2, [16, 8, 16], 2),
  bottleneck("b6", [16, 8, 32], 0.3, "conv5"),
  bottleneck("b7", [32, 16, 64], 0.5),
];

/** A convolution of the block: [out, in] channels in units of `base`, and its kernel's side. */
export interface ConvolutionLayout {
  readonly name: string;
  readonly channels: readonly [number, number];
  readonly side: number;
}

/** Whether the shortcut is the raw input, not a 1×1 convolution of the activated one. */
export function hasIdentityShortcut({ kind, channels, stride }: BlockLayout): boolean {
  return kind === "basic" && channels[0] === channels[2] && stride === 1;
}

/** The block's convolutions and normalisations, names without the block's. */
export function blockParts(block: BlockLayout): {
  convolutions: ConvolutionLayout[];
  normalisations: { name: string; channels: number }[];
} {
  const [input, middle, output] = block.channels;
  const convolutions: ConvolutionLayout[] = [];
  const normalisations = [
    { name: "bn_branch2a", channels: input },
    { name: "bn_branch2b1", channels: middle },
  ];
  if (block.kind === "basic") {
    convolutions.push({ name: "conv_branch2a", channels: [middle, input], side: 3 });
    convolutions.push({ name: "conv_branch2b1", channels: [output, middle], side: 3 });
  } else {
    convolutions.push({ name: "conv_branch2a", channels: [middle, input], side: 1 });
    convolutions.push({ name: "conv_branch2b1", channels: [2 * middle, middle], side: 3 });
    convolutions.push({ name: "conv_branch2b2", channels: [output, 2 * middle], side: 1 });
    normalisations.push({ name: "bn_branch2b2", channels: 2 * middle });
  }
  if (!hasIdentityShortcut(block)) convolutions.push({ name: "conv_branch1", channels: [output, input], side: 1 });
  return { convolutions, normalisations };
}

/** Names of the four vectors of a frozen batch normalisation. */
export const NORMALISATION_PARTS = ["weight", "bias", "running_mean", "running_var"] as const;

/**
 * Every parameter's shape (convolutions [out, in, h, w]) by its state_dict key.
 * @param base channels of conv1a
 * @param classes of the classification network, background included
 */
export function parameterShapes(base: number, kind: NetworkKind, classes = 21): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>([["conv1a.weight", [base, 3, 3, 3]]]);
  const normalisation = (name: string, channels: number): void => {
    for (const part of NORMALISATION_PARTS) shapes.set(`${name}.${part}`, [channels * base]);
  };
  for (const block of BLOCKS) {
    const { convolutions, normalisations } = blockParts(block);
    for (const { name, channels } of normalisations) normalisation(`${block.name}.${name}`, channels);
    for (const { name, channels, side } of convolutions)
      shapes.set(`${block.name}.${name}.weight`, [channels[0] * base, channels[1] * base, side, side]);
  }
  normalisation("bn7", 64);
  const head =
    kind === "affinity" ? affinityHeadShapes(base) : kind === "classification" ? seamHeadShapes(base, classes) : [];
  for (const [name, shape] of head) shapes.set(name, shape);
  return shapes;
}

function affinityHeadShapes(base: number): [string, readonly number[]][] {
  return [
    ["f8_3.weight", [base, 8 * base, 1, 1]],
    ["f8_4.weight", [2 * base, 16 * base, 1, 1]],
    ["f8_5.weight", [4 * base, 64 * base, 1, 1]],
    ["f9.weight", [7 * base, 7 * base, 1, 1]],
  ];
}

function seamHeadShapes(base: number, classes: number): [string, readonly number[]][] {
  return [
    ["fc8.weight", [classes, 64 * base, 1, 1]],
    ["f8_3.weight", [base, 8 * base, 1, 1]],
    ["f8_4.weight", [2 * base, 16 * base, 1, 1]],
    ["f9.weight", [3 * base, 3 * base + 3, 1, 1]],
  ];
}
