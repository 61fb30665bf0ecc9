/**
 * The layers of which EfficientNet-Lite is made. Convolutions pad as TensorFlow's "same" does, at any size of image: where
 * the padding is odd, the extra row and column stand at the bottom and at the right.
 */

import * as tf from "@tensorflow/tfjs";
import { depthwiseConvolution } from "../network/depthwise-convolution";
import { chain, type Layer } from "../network/layer";
import { normLayer } from "../network/norm-layer";
import { relu6 } from "../network/relu6";
import type { LiteBlock } from "./lite-layout";

/** TensorFlow's usual one. */
const EPSILON = 1e-3;

/** The stem: 3×3 convolution of stride 2, normalisation, ReLU6. [b, h, w, 3] → [b, ⌈h/2⌉, ⌈w/2⌉, channels] */
export function liteStem(channels: number): Layer {
  return chain([
    sameConvolution("_conv_stem", 3, channels, { side: 3, stride: 2 }),
    normLayer("_bn0", channels, false, { epsilon: EPSILON }),
    relu6,
  ]);
}

/** The block's input is added to its output wherever both have one shape. [b, h, w, input] → [b, ⌈h/stride⌉, ⌈w/stride⌉, output] */
export function invertedResidual({ name, input, output, expansion, side, stride }: LiteBlock): Layer {
  const inner = input * expansion;
  const expand =
    expansion === 1
      ? []
      : [
          sameConvolution(`${name}._expand_conv`, input, inner),
          normLayer(`${name}._bn0`, inner, false, { epsilon: EPSILON }),
          relu6,
        ];
  const branch = chain([
    ...expand,
    depthwiseConvolution(`${name}._depthwise_conv`, inner, { side, stride }),
    normLayer(`${name}._bn1`, inner, false, { epsilon: EPSILON }),
    relu6,
    sameConvolution(`${name}._project_conv`, inner, output),
    normLayer(`${name}._bn2`, output, false, { epsilon: EPSILON }),
  ]);
  if (stride !== 1 || input !== output) return branch;
  return {
    parameters: branch.parameters,
    apply: (x, pass) => tf.tidy(() => branch.apply(x, pass).add<tf.Tensor4D>(x)),
  };
}

function sameConvolution(
  name: string,
  input: number,
  output: number,
  { side = 1, stride = 1 }: { readonly side?: number; readonly stride?: number } = {},
): Layer {
  return {
    parameters: [{ name: `${name}.weight`, shape: [output, input, side, side], kind: "kernel" }],
    apply: (x, pass) => tf.conv2d(x, pass.kernel(`${name}.weight`), stride, "same"),
  };
}
