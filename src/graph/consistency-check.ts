/**
 * Consistency checking of box seeds (docs/method.md, section 3.5; reference mytool.py): a seed pixel of a box's class
 * whose feature is too unlike the mean feature of the box's points becomes unknown. The reference compares with cos <
 * 0, which features after a ReLU can never reach; a threshold above 0 makes the check work. It edits the seed in place,
 * from the first step.
 *
 * cos needs the dot product with the prototype, which is linear and so upsamples from one number a cell, and the norm
 * of a mix of four cells, which follows from the inner products of neighbouring cells: no 256-channel map at image
 * size.
 */

import * as tf from "@tensorflow/tfjs";
import { pixelMixes } from "../image-ops/upsampler";
import { valuesOf } from "../tensor-values";

/** On the padded map, all ends included. */
interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
  readonly class: number;
}

/**
 * @param seed labels of the padded image [H·W], edited in place
 * @param nodes node features [n, m]; @param prototypes mean point feature per box, [m] each
 * @returns the number of seed pixels that became `ignore`
 */
export function checkConsistency(
  seed: Uint8Array,
  nodes: tf.Tensor2D,
  points: readonly { readonly box: Rectangle }[],
  prototypes: readonly tf.Tensor1D[],
  grid: { readonly from: readonly [number, number]; readonly to: readonly [number, number] },
  options: { readonly threshold: number; readonly ignore: number },
): number {
  const [h, w] = grid.from;
  const W = grid.to[1];
  const mixOf = pixelMixes(grid);
  const gram = neighbourProducts(nodes, h, w);
  let changed = 0;
  points.forEach(({ box }, b) => {
    const dots = valuesOf(() => tf.matMul(nodes, prototypes[b].expandDims<tf.Tensor2D>(1)));
    const length = Math.hypot(...prototypes[b].dataSync());
    for (let y = box.top; y <= box.bottom; y++) {
      for (let x = box.left; x <= box.right; x++) {
        if (seed[y * W + x] !== box.class) continue;
        const mix = mixOf(y, x);
        const [a, b2, c, d] = mix.cells;
        const [wa, wb, wc, wd] = mix.weights;
        const dot = wa * dots[a] + wb * dots[b2] + wc * dots[c] + wd * dots[d];
        const square =
          wa * wa * gram.self[a] +
          wb * wb * gram.self[b2] +
          wc * wc * gram.self[c] +
          wd * wd * gram.self[d] +
          2 * (wa * wb * gram.right[a] + wc * wd * gram.right[c] + wa * wc * gram.below[a] + wb * wd * gram.below[b2]) +
          2 * (wa * wd * gram.diagonal[a] + wb * wc * gram.antidiagonal[a]);
        const cos = dot / Math.max(Math.sqrt(Math.max(0, square)) * length, 1e-8);
        if (cos < options.threshold) {
          seed[y * W + x] = options.ignore;
          changed++;
        }
      }
    }
  });
  return changed;
}

interface NeighbourProducts {
  readonly self: ArrayLike<number>;
  /** with the cell to the right, below, below right; `antidiagonal`: of the right and the lower neighbour. */
  readonly right: ArrayLike<number>;
  readonly below: ArrayLike<number>;
  readonly diagonal: ArrayLike<number>;
  readonly antidiagonal: ArrayLike<number>;
}

/** Inner products of each cell with its neighbours, edges clamped, [n] each. */
function neighbourProducts(nodes: tf.Tensor2D, h: number, w: number): NeighbourProducts {
  const [self, right, below, diagonal, antidiagonal] = tf
    .tidy(() => {
      const map = nodes.reshape<tf.Tensor3D>([h, w, nodes.shape[1]]);
      const toRight = clampedShift(map, 1);
      const down = clampedShift(map, 0);
      const pairs = [
        [map, map],
        [map, toRight],
        [map, down],
        [map, clampedShift(toRight, 0)],
        [toRight, down],
      ];
      return pairs.map(([a, b]) => tf.sum(tf.mul(a, b), 2));
    })
    .map((products) => {
      const values = products.dataSync();
      products.dispose();
      return values;
    });
  return { self, right, below, diagonal, antidiagonal };
}

/** Each cell's next neighbour along an axis, the last one its own. */
function clampedShift(map: tf.Tensor3D, axis: 0 | 1): tf.Tensor3D {
  const extent = map.shape[axis];
  const next = Int32Array.from({ length: extent }, (_, i) => Math.min(i + 1, extent - 1));
  return tf.gather(map, tf.tensor1d(next, "int32"), axis);
}
