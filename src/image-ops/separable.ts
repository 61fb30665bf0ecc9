/** Linear resizing of rows and columns by two matrices: out = R · x · Cᵀ. Its gradient is the two products transposed. */

import * as tf from "@tensorflow/tfjs";

/** One axis: a dense matrix [to, from], row-major. */
export interface AxisMatrix {
  readonly from: number;
  readonly to: number;
  readonly data: Float32Array;
}

/** [b, h, w, c] → [b, H, W, c], with `rows` [H, h] and `columns` [W, w]; differentiable in `x`. */
export function applySeparable(x: tf.Tensor4D, rows: AxisMatrix, columns: AxisMatrix): tf.Tensor4D {
  return tf.tidy(() => {
    const [b, h, w, c] = x.shape;
    const alongRows = tf.matMul(matrixOf(rows), x.reshape([b, h, w * c])); // [b, H, w·c]
    const alongBoth = tf.matMul(matrixOf(columns), alongRows.reshape([b * rows.to, w, c])); // [b·H, W, c]
    return alongBoth.reshape([b, rows.to, columns.to, c]) as tf.Tensor4D;
  });
}

function matrixOf({ from, to, data }: AxisMatrix): tf.Tensor3D {
  return tf.tensor3d(data, [1, to, from]);
}
