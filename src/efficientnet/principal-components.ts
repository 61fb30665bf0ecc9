/**
 * The leading principal components of many rows by subspace iteration (Halko, Martinsson, Tropp, SIAM Review 2011): a few
 * products of the covariance with a thin matrix instead of a decomposition of all of it.
 */

import * as tf from "@tensorflow/tfjs";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { Random } from "../random";
import { valuesOf } from "../tensor-values";

/** Directions carried beside the wanted ones, and how often the covariance is applied to all of them. */
const SPARE = 16;
const ITERATIONS = 12;

/**
 * Coordinates of the rows along their `count` leading principal components, by falling variance. The sign of a component is
 * such that its largest entry is positive, so that the same rows give the same coordinates.
 * @param rows [n, c]; their mean is taken away
 * @returns [n, count]; columns beyond the rank of the rows are 0
 */
export function principalComponents(rows: tf.Tensor2D, count: number): tf.Tensor2D {
  return tf.tidy(() => {
    const centred = rows.sub<tf.Tensor2D>(rows.mean(0, true));
    const covariance = tf.matMul(centred, centred, true).div<tf.Tensor2D>(rows.shape[0]); // [c, c]
    const directions = leadingEigenvectors(covariance, count);
    return tf.matMul(centred, directions);
  });
}

/** [c, c] → [c, count]; columns are of length 1, or 0 where the matrix has no such direction. */
function leadingEigenvectors(covariance: tf.Tensor2D, count: number): tf.Tensor2D {
  const c = covariance.shape[0];
  const carried = Math.min(c, count + SPARE);
  const random = new Random(1);
  let basis = Matrix.from1DArray(
    c,
    carried,
    Array.from({ length: c * carried }, () => random.normal()),
  );
  for (let i = 0; i < ITERATIONS; i++) basis = orthonormal(applied(covariance, basis));
  // Rayleigh–Ritz: the small matrix that the covariance is within the subspace.
  const small = basis.transpose().mmul(applied(covariance, basis));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(small.add(small.transpose()).div(2), {
    assumeSymmetric: true,
  });
  const order = [...realEigenvalues.keys()].sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  const vectors = basis.mmul(eigenvectorMatrix);
  const negligible = 1e-6 * Math.max(realEigenvalues[order[0]], 1e-12);
  const leading = new Float32Array(c * count);
  for (const [column, index] of order.slice(0, count).entries()) {
    if (realEigenvalues[index] <= negligible) continue;
    const vector = vectors.getColumn(index);
    const largest = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    for (let row = 0; row < c; row++) leading[row * count + column] = vector[row] * Math.sign(largest);
  }
  return tf.tensor2d(leading, [c, count]);
}

function applied(matrix: tf.Tensor2D, basis: Matrix): Matrix {
  const values = valuesOf(() =>
    tf.matMul(matrix, tf.tensor2d(Float32Array.from(basis.to1DArray()), [basis.rows, basis.columns])),
  );
  return Matrix.from1DArray(basis.rows, basis.columns, [...values]);
}

/** Gram–Schmidt, twice, because once is not enough in finite precision. Columns without length become 0. */
function orthonormal(basis: Matrix): Matrix {
  const columns: number[][] = [];
  for (let j = 0; j < basis.columns; j++) {
    const column = basis.getColumn(j);
    const before = length(column);
    for (let twice = 0; twice < 2; twice++)
      for (const other of columns) {
        const shared = column.reduce((sum, value, i) => sum + value * other[i], 0);
        for (let i = 0; i < column.length; i++) column[i] -= shared * other[i];
      }
    const after = length(column);
    columns.push(column.map((value) => (after > 1e-9 * before ? value / after : 0)));
  }
  return new Matrix(columns).transpose();
}

function length(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
