/**
 * The layers of which EfficientNet-Lite is made. Convolutions pad as TensorFlow's "same" does, at any size of image: where
 * the padding is odd, the extra row and column stand at the bottom and at the right.
 */

import * as tf from "@tensorflow/tfjs";
import { chain, type Layer, plainLayer } from "../network/layer";
import { normLayer } from "../network/norm-layer";
import { type LiteBlock, STEM_CHANNELS } from "./lite-layout";

/** TensorFlow's usual one. */
const EPSILON = 1e-3;

/** The stem: 3×3 convolution of stride 2, normalisation, ReLU6. [b, h, w, 3] → [b, ⌈h/2⌉, ⌈w/2⌉, 32] */
export function liteStem(): Layer {
  return chain([
    sameConvolution("_conv_stem", 3, STEM_CHANNELS, { side: 3, stride: 2 }),
    normLayer("_bn0", STEM_CHANNELS, false, { epsilon: EPSILON }),
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
    depthwiseConvolution(`${name}._depthwise_conv`, inner, side, stride),
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

/** min(max(x, 0), 6). */
const relu6: Layer = plainLayer((x) => tf.relu6(x));

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

/** Each channel by a kernel of its own: [c, 1, k, k] in PyTorch, which the store turns to [k, k, 1, c]. */
function depthwiseConvolution(name: string, channels: number, side: number, stride: number): Layer {
  return {
    parameters: [{ name: `${name}.weight`, shape: [channels, 1, side, side], kind: "kernel" }],
    apply: (x, pass) =>
      tf.tidy(() => {
        const kernel = pass.kernel(`${name}.weight`).reshape<tf.Tensor4D>([side, side, channels, 1]);
        return tf.depthwiseConv2d(x, kernel, stride, "same");
      }),
  };
}
