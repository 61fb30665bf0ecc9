/** min(max(x, 0), 6) as a layer. Its own gradient needs the output alone, which the next layer keeps anyway. */

import * as tf from "@tensorflow/tfjs";
import { type Layer, plainLayer } from "./layer";

const MOST = 6;

export const relu6: Layer = plainLayer((x) => {
  const apply = tf.customGrad((input, save) => {
    const y = tf.relu6(input as tf.Tensor4D);
    (save as tf.GradSaveFunc)([y]);
    return { value: y, gradFunc: (dy, [output]) => tf.tidy(() => dy.mul(slope(output))) };
  });
  return apply(x) as tf.Tensor4D;
});

/** 1 where the output is inside (0, 6), else 0. */
function slope(output: tf.Tensor): tf.Tensor {
  return tf.tidy(() => output.sign().mul(tf.sub(MOST, output).sign()));
}
