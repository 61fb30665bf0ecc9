/** Goldens are NCHW and OIHW, the library is NHWC and HWIO. */

import * as tf from "@tensorflow/tfjs";
import type { NdArray } from "../src/nd-array";

/** [b, c, h, w] → [b, h, w, c] */
export function toNhwc(array: NdArray): tf.Tensor4D {
  return tf.tidy(() => asTensor(array).transpose([0, 2, 3, 1]));
}

/** [out, in, h, w] → [h, w, in, out] */
export function toHwio(array: NdArray): tf.Tensor4D {
  return tf.tidy(() => asTensor(array).transpose([2, 3, 1, 0]));
}

/** [b, h, w, c] → [b, c, h, w] */
export function toNchw(tensor: tf.Tensor): NdArray<Float32Array> {
  return transposed(tensor, [0, 3, 1, 2]);
}

/** [h, w, in, out] → [out, in, h, w] */
export function toOihw(tensor: tf.Tensor): NdArray<Float32Array> {
  return transposed(tensor, [3, 2, 0, 1]);
}

function transposed(tensor: tf.Tensor, axes: number[]): NdArray<Float32Array> {
  const moved = tensor.transpose(axes);
  const array = toArray(moved);
  moved.dispose();
  return array;
}

export function asTensor(array: NdArray): tf.Tensor {
  return tf.tensor(Float32Array.from(array.data), [...array.shape], "float32");
}

export function toArray(tensor: tf.Tensor): NdArray<Float32Array> {
  return { shape: tensor.shape, data: tensor.dataSync<"float32">() as Float32Array };
}

/** Windowed [b, (1,) d, d, h, w] → [b, h, w, d·d] */
export function toWindow(array: NdArray): tf.Tensor4D {
  const [h, w] = array.shape.slice(-2);
  const d = array.shape[array.shape.length - 3];
  return tf.tidy(() =>
    asTensor(array)
      .reshape([-1, d * d, h, w])
      .transpose([0, 2, 3, 1]),
  );
}

/** [b, h, w, d·d] → [b, d, d, h, w] */
export function fromWindow(tensor: tf.Tensor): NdArray<Float32Array> {
  const [b, h, w, area] = tensor.shape;
  const d = Math.round(Math.sqrt(area));
  return { shape: [b, d, d, h, w], data: toNchw(tensor).data };
}
