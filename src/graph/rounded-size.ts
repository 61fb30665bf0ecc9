/**
 * Matrices whose size differs from image to image are filled up with zeros to a multiple of 64. For every product of a new
 * shape TensorFlow (oneDNN) keeps a plan of 0.25 MB, and forgets none before the 1024th (its mkl_util.h, `LRUCache`):
 * with a shape of its own for every box, memory grew by 3 MB an image.
 */

const MULTIPLE = 64;

/** The next multiple of 64 at or above `count`. */
export function roundedSize(count: number): number {
  return Math.ceil(count / MULTIPLE) * MULTIPLE;
}
