/**
 * ResNet38: 38 layers, wide, pre-activation, stride 8 (Wu et al. 2016, model A1; reference network/resnet38d.py, whose
 * state_dict keys are the names here). Three of its activations are a grid cell's feature: conv4 (512 channels), conv5 (1024),
 * conv6 (4096). docs/method.md, section 2.1; goldens 23, 26.
 */

import * as tf from "@tensorflow/tfjs";
import { convolution } from "./convolution-layer";
import { type Parameter, type Pass, parametersOf } from "./layer";
import { normLayer } from "./norm-layer";
import { type BlockOptions, type ResidualBlock, residualBlock } from "./residual-block";
import { FEATURE_TAPS, type FeatureTap, type TappedBackbone, type Taps } from "./tapped-backbone";

export type TapName = "conv1" | "conv2" | "conv3" | FeatureTap;

export interface ResNet38 {
  readonly parameters: readonly Parameter[];
  readonly channels: TappedBackbone["channels"];
  readonly headWidth: number;
  nodeFeatures(taps: Taps): tf.Tensor4D;
  /** Whether a parameter is of a layer that no training changes. */
  isFrozen(name: string): boolean;
  /**
   * @param image [b, H, W, 3], normalised; any size, the grid is rounded up
   * @param taps which activations to return. Default: conv4, conv5, conv6
   * @returns the taps, [b, ⌈H/8⌉, ⌈W/8⌉, c] for conv4 to conv6
   */
  forward<T extends TapName = FeatureTap>(image: tf.Tensor4D, pass: Pass, taps?: readonly T[]): Record<T, tf.Tensor4D>;
  /**
   * The leading layers that training leaves alone. A training step computes them outside its gradient: no backward pass,
   * and nothing of them is kept. [b, H, W, 3] → what `trunk` takes
   */
  stem(image: tf.Tensor4D, pass: Pass): tf.Tensor4D;
  /** The rest, from `stem`'s output, whose taps cannot be asked for. */
  trunk<T extends TapName = FeatureTap>(stem: tf.Tensor4D, pass: Pass, taps?: readonly T[]): Record<T, tf.Tensor4D>;
}

/** Layers that the reference never trains. */
const FROZEN_LAYERS: readonly string[] = ["conv1a", "b2", "b2_1", "b2_2"];

/**
 * @param base channels of conv1a: 64 at full width, 4 in the goldens' networks
 * @param frozen names of the leading blocks, conv1a first, that no training changes. Default: conv1a, b2, b2_1, b2_2
 */
export function resnet38(base: number, frozen: readonly string[] = FROZEN_LAYERS): ResNet38 {
  const first = convolution("conv1a", 3, base, { side: 3 });
  const blocks = blocksOf(base);
  const last = normLayer("bn7", 64 * base, true);
  const firstTrained = blocks.findIndex(({ name }) => !frozen.includes(name));
  const frozenBlocks = frozen.includes("conv1a") ? (firstTrained < 0 ? blocks.length : firstTrained) : 0;

  /** Blocks [from, to), each freeing its input: at most one block's tensors are in memory, besides the taps. */
  const run = (input: tf.Tensor4D, from: number, to: number, pass: Pass, wanted: Wanted): tf.Tensor4D => {
    let x = input;
    for (const { block, tap } of blocks.slice(from, to)) {
      const { output, activated } = block.apply(x, pass);
      if (tap !== undefined && wanted.names.includes(tap)) wanted.taps[tap] = activated;
      else activated.dispose();
      x.dispose();
      x = output;
    }
    return x;
  };
  const finish = (start: tf.Tensor4D, from: number, pass: Pass, names: readonly TapName[]): Wanted["taps"] => {
    const wanted: Wanted = { names, taps: {} };
    const output = run(start, from, blocks.length, pass, wanted);
    return names.includes("conv6") ? { ...wanted.taps, conv6: last.apply(output, pass) } : wanted.taps;
  };
  return {
    parameters: kernelsFirst(parametersOf([first, ...blocks.map(({ block }) => block), last])),
    channels: { conv4: 8 * base, conv5: 16 * base, conv6: 64 * base },
    headWidth: base,
    nodeFeatures: (taps) =>
      tf.concat4d(
        FEATURE_TAPS.map((tap) => taps[tap]),
        3,
      ),
    isFrozen: (name) => frozen.includes(name.split(".")[0]),
    forward: <T extends TapName>(image: tf.Tensor4D, pass: Pass, taps: readonly TapName[] = FEATURE_TAPS) =>
      tf.tidy(() => finish(first.apply(image, pass), 0, pass, taps) as Record<T, tf.Tensor4D>),
    stem(image, pass) {
      if (frozenBlocks === 0) return image.clone();
      return tf.tidy(() => run(first.apply(image, pass), 0, frozenBlocks, pass, { names: [], taps: {} }));
    },
    trunk: <T extends TapName>(stem: tf.Tensor4D, pass: Pass, taps: readonly TapName[] = FEATURE_TAPS) =>
      tf.tidy(() => {
        const start = frozenBlocks === 0 ? first.apply(stem, pass) : stem.clone();
        return finish(start, frozenBlocks, pass, taps) as Record<T, tf.Tensor4D>;
      }),
  };
}

// --- internal ---

interface Wanted {
  readonly names: readonly TapName[];
  readonly taps: Partial<Record<TapName, tf.Tensor4D>>;
}

interface NamedBlock {
  readonly name: string;
  readonly block: ResidualBlock;
  /** Which tap the block's first activation is, if any. */
  readonly tap?: TapName;
}

/** All blocks, in order. Between them and conv6 stand bn7 and a ReLU. */
function blocksOf(base: number): readonly NamedBlock[] {
  const named = (name: string, options: BlockOptions, tap?: TapName): NamedBlock => {
    const [input, middle, output] = options.channels;
    const channels = [input * base, middle * base, output * base] as const;
    return { name, block: residualBlock(name, { ...options, channels }), tap };
  };
  const repeated = (name: string, count: number, channels: BlockOptions["channels"], dilation = 1): NamedBlock[] =>
    Array.from({ length: count }, (_, i) => named(`${name}_${i + 1}`, { kind: "basic", channels, dilation }));
  return [
    named("b2", { kind: "basic", channels: [1, 2, 2], stride: 2 }, "conv1"),
    ...repeated("b2", 2, [2, 2, 2]),
    named("b3", { kind: "basic", channels: [2, 4, 4], stride: 2 }, "conv2"),
    ...repeated("b3", 2, [4, 4, 4]),
    named("b4", { kind: "basic", channels: [4, 8, 8], stride: 2 }, "conv3"),
    ...repeated("b4", 5, [8, 8, 8]),
    named("b5", { kind: "basic", channels: [8, 8, 16], firstDilation: 1, dilation: 2 }, "conv4"),
    ...repeated("b5", 2, [16, 8, 16], 2),
    named("b6", { kind: "bottleneck", channels: [16, 8, 32], dilation: 4, dropout: 0.3 }, "conv5"),
    named("b7", { kind: "bottleneck", channels: [32, 16, 64], dilation: 4, dropout: 0.5 }),
  ];
}

/** Files of these networks have their convolutions first. */
function kernelsFirst(parameters: readonly Parameter[]): readonly Parameter[] {
  const isKernel = ({ kind }: Parameter): boolean => kind === "kernel";
  return [...parameters.filter(isKernel), ...parameters.filter((each) => !isKernel(each))];
}
