/** Views with strides (transposed, sliced, expanded, Fortran order) copied to C order. */

import type { NumberArray } from "../nd-array";
import { sizeOf } from "../nd-array";

/** Strides of C order, in elements. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= Math.max(1, shape[axis]);
  }
  return strides;
}

/** Strides of Fortran order, in elements. */
export function fortranStrides(shape: readonly number[]): number[] {
  return contiguousStrides([...shape].reverse()).reverse();
}

/** Whether elements lie one after the other in C order; strides of axes of one element do not matter. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  const wanted = contiguousStrides(shape);
  return shape.includes(0) || shape.every((extent, axis) => extent === 1 || strides[axis] === wanted[axis]);
}

/** Elements between the first and the last of a view, both included: 0 for an empty one. Strides ≥ 0. */
export function spanOf(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return 1 + shape.reduce((span, extent, axis) => span + (extent - 1) * strides[axis], 0);
}

/**
 * Copies a view to C order.
 * @param data the elements from the view's first to its last
 */
export function gather<T extends NumberArray>(data: T, shape: readonly number[], strides: readonly number[]): T {
  const count = sizeOf(shape);
  const result = new (data.constructor as new (length: number) => T)(count);
  if (count === 0) return result;
  const rank = shape.length;
  const index = new Array<number>(rank).fill(0);
  for (let i = 0, from = 0; i < count; i++) {
    result[i] = data[from];
    for (let axis = rank - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}
