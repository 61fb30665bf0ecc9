/** A plain array with a shape: what files hold and what tests compare. Tensors exist only between the steps' reads and writes. */

export type NumberArray = Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array | Uint16Array;

/** C order (last axis fastest). `data.length` is the product of `shape`. */
export interface NdArray<T extends NumberArray = NumberArray> {
  readonly shape: readonly number[];
  readonly data: T;
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
