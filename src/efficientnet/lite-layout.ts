/**
 * The EfficientNet-Lite family (Tan and Le, ICML 2019, in the form for mobile processors: ReLU6, no squeeze-and-excitation)
 * as a list of blocks. A variant scales the widths and repeats of one base network; the stem and the first and last stage
 * keep their size. Names and shapes are those of the PyPI package `efficientnet-lite-pytorch`.
 */

const LITE_VARIANTS = ["efficientnet-lite0", "efficientnet-lite2"] as const;

export type LiteVariant = (typeof LITE_VARIANTS)[number];

/** One inverted residual block: 1×1 expansion, k×k depthwise convolution, 1×1 projection. */
export interface LiteBlock {
  /** `_blocks.7` */
  readonly name: string;
  /** 0 to 6. */
  readonly stage: number;
  readonly input: number;
  readonly output: number;
  /** Channels inside as a multiple of `input`; at 1 there is no expansion. */
  readonly expansion: number;
  /** Side of the depthwise kernel. */
  readonly side: number;
  readonly stride: number;
}

/** Channels of the stem's only convolution in the published networks. */
export const STEM_CHANNELS = 32;

/** Width and depth relative to the base network. */
const SCALES: Readonly<Record<LiteVariant, readonly [width: number, depth: number]>> = {
  "efficientnet-lite0": [1, 1],
  "efficientnet-lite2": [1.1, 1.2],
};

/** The base network's stages: repeats, kernel side, stride of the first block, expansion, channels out. */
const STAGES: readonly (readonly [repeats: number, side: number, stride: number, expansion: number, output: number])[] =
  [
    [1, 3, 1, 1, 16],
    [2, 3, 2, 6, 24],
    [2, 5, 2, 6, 40],
    [3, 3, 2, 6, 80],
    [3, 5, 1, 6, 112],
    [4, 5, 2, 6, 192],
    [1, 3, 1, 6, 320],
  ];

/**
 * All blocks of a variant, in order.
 * @param stem channels of the stem. Default: the published networks'; a narrower network is narrower everywhere
 */
export function liteBlocks(variant: LiteVariant, stem: number = STEM_CHANNELS): LiteBlock[] {
  const [width, depth] = SCALES[variant];
  const narrowing = stem / STEM_CHANNELS;
  const multiple = Math.max(1, Math.floor(8 * narrowing));
  const blocks: LiteBlock[] = [];
  let input = stem;
  for (const [stage, [repeats, side, stride, expansion, output]] of STAGES.entries()) {
    const isEnd = stage === 0 || stage === STAGES.length - 1;
    const count = isEnd ? repeats : Math.ceil(repeats * depth);
    const channels = rounded(output * width * narrowing, multiple);
    for (let i = 0; i < count; i++) {
      const name = `_blocks.${blocks.length}`;
      blocks.push({ name, stage, input, output: channels, expansion, side, stride: i === 0 ? stride : 1 });
      input = channels;
    }
  }
  return blocks;
}

/** The nearest multiple, at least 90 % of the value. */
function rounded(value: number, multiple: number): number {
  const nearest = Math.max(multiple, Math.floor((value + multiple / 2) / multiple) * multiple);
  return nearest < 0.9 * value ? nearest + multiple : nearest;
}
