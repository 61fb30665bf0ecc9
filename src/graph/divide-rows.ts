/** Rows divided by a number each, 0 where that is 0: as `tf.divNoNan`, which makes five more arrays of the rows' size. */

import * as tf from "@tensorflow/tfjs";

/** @param rows [n, c] @param divisors [n, 1] */
export function divideRows(rows: tf.Tensor2D, divisors: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => tf.div(rows, tf.where(tf.equal(divisors, 0), Number.POSITIVE_INFINITY, divisors)));
}
