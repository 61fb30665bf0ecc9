/**
 * Multi-point loss for boxes (docs/method.md, section 3.5; reference mytool.py, box_mp_loss_with_consistency_checking).
 * In every box, each row and each column has one pixel where the box's class scores highest. These points must be of
 * the class (cross-entropy), and alike (1 − cos between the upsampled features of all pairs of points of a box).
 *
 * The reference upsamples the feature map to the image first (256 channels at full size). Only the features of the
 * points are needed: each is a mix of four cells.
 */

import * as tf from "@tensorflow/tfjs";
import { type BoxPixels, pixelsOf } from "../data/box-pixels";
import type { Box } from "../data/voc-boxes";
import { expected } from "../errors";
import { pixelMixes, type Upsampler } from "../image-ops/upsampler";
import { valuesOf } from "../tensor-values";
import { divideRows } from "./divide-rows";
import type { Loss } from "./loss";
import { roundedSize } from "./rounded-size";

const EPSILON = 1e-7;
/** The reference adds this to every pair's distance; it has no gradient. */
const PAIR_OFFSET = 1e-5;

/** A box on the padded map. */
export interface ClippedBox extends BoxPixels {
  readonly class: number;
}

/** The points of one box: flat pixel positions, rows first, then columns. */
export interface BoxPoints {
  readonly box: ClippedBox;
  readonly pixels: Int32Array;
}

/** From the grid to the padded image. */
export type Grid = Pick<Upsampler, "from" | "to">;

export interface MultiPointOptions {
  /** Seeds less alike to their box than this cosine become unknown. The reference's 0 never fires. */
  readonly consistencyThreshold?: number;
}

/** The term of the box recipe, on the input's boxes. Listed before the seeds' term, so that its check comes first. */
export function multiPoint({ consistencyThreshold: threshold = 0 }: MultiPointOptions = {}): Loss {
  return function multiPoint({ input, pixels, nodes, seed, upsampler }) {
    const boxes = clipBoxes(input.boxes ?? [], upsampler.to);
    if (boxes.length === 0) return undefined;
    if (nodes === undefined)
      throw expected("usage", "a network whose forward pass returns its nodes", "logits alone", "multi-point loss");
    const points = findPoints(pixels, boxes, upsampler);
    const { prototypes, ...term } = multiPointLoss(pixels, nodes, points, upsampler);
    // Nodes that are averages of ReLU outputs are never below 0: without a threshold above it the check cannot fire.
    if (threshold > 0)
      seed.edited += checkConsistency(seed.labels, nodes, points, prototypes, upsampler, {
        threshold,
        ignore: input.ignore,
      });
    return term;
  };
}

/** The boxes' pixels on the map; boxes without any are left out. */
export function clipBoxes(boxes: readonly Box[], [height, width]: readonly [number, number]): ClippedBox[] {
  return boxes.flatMap((box) => {
    const pixels = pixelsOf(box, { height, width });
    return pixels === undefined ? [] : [{ ...pixels, class: box.class }];
  });
}

/** Where the class scores highest in each row and each column of each box. @param pixels logits [H·W, K] */
export function findPoints(pixels: tf.Tensor2D, boxes: readonly ClippedBox[], grid: Grid): BoxPoints[] {
  const [height, width] = grid.to;
  const map = pixels.reshape([height, width, pixels.shape[1]]);
  const points = boxes.map((box) => {
    const rows = box.bottom - box.top + 1;
    const columns = box.right - box.left + 1;
    const scores = tf.tidy(() =>
      tf.slice(map, [box.top, box.left, box.class], [rows, columns, 1]).reshape([rows, columns]),
    );
    const [inRow, inColumn] = [1, 0].map((axis) => valuesOf(() => tf.argMax(scores, axis)));
    scores.dispose();
    const positions = new Int32Array(rows + columns);
    for (let y = 0; y < rows; y++) positions[y] = (box.top + y) * width + box.left + inRow[y];
    for (let x = 0; x < columns; x++) positions[rows + x] = (box.top + inColumn[x]) * width + box.left + x;
    return { box, pixels: positions };
  });
  map.dispose();
  return points;
}

/**
 * @param pixels upsampled logits [H·W, K]; @param nodes node features [n, m]
 * @returns loss, dL/dlogits on the grid [n, K], dL/dnodes [n, m], and each box's features for the consistency check;
 *   call inside a `tf.tidy`
 */
export function multiPointLoss(
  pixels: tf.Tensor2D,
  nodes: tf.Tensor2D,
  points: readonly BoxPoints[],
  grid: Grid,
): {
  readonly value: tf.Scalar;
  readonly dLogits: tf.Tensor2D;
  readonly dNodes: tf.Tensor2D;
  readonly prototypes: readonly tf.Tensor1D[];
} {
  const n = nodes.shape[0];
  const count = points.reduce((sum, each) => sum + each.pixels.length, 0);
  const pairs = points.reduce((sum, each) => sum + each.pixels.length ** 2, 0);
  const positions = new Int32Array(count);
  const wanted = new Int32Array(count);
  let start = 0;
  for (const { box, pixels: own } of points) {
    positions.set(own, start);
    wanted.fill(box.class, start, start + own.length);
    start += own.length;
  }
  const taps = pointTaps(positions, grid);
  const cells = tf.tensor1d(taps.cells, "int32"); // [4·count]
  const weights = tf.tensor3d(taps.weights, [count, 4, 1]);
  const spread = (gradient: tf.Tensor2D): tf.Tensor2D =>
    tf.unsortedSegmentSum(
      tf.mul(gradient.expandDims(1), weights).reshape([count * 4, gradient.shape[1]]),
      cells,
      n,
    ) as tf.Tensor2D;

  const classes = pixels.shape[1];
  const logProbabilities = tf.logSoftmax(tf.gather(pixels, tf.tensor1d(positions, "int32"))); // [count, K]
  const target = tf.oneHot(tf.tensor1d(wanted, "int32"), classes);
  const classLoss = tf.mul(tf.sum(tf.mul(logProbabilities, target)), -1 / count);
  const dLogits = spread(tf.mul(tf.sub(tf.exp(logProbabilities), target), 1 / count) as tf.Tensor2D);

  const features = tf.sum(
    tf.mul(tf.gather(nodes, cells).reshape([count, 4, nodes.shape[1]]), weights),
    1,
  ) as tf.Tensor2D; // [count, m]
  const distances: tf.Tensor[] = [];
  const gradients: tf.Tensor2D[] = [];
  const prototypes: tf.Tensor1D[] = [];
  start = 0;
  for (const { pixels: own } of points) {
    const part = tf.slice(features, [start, 0], [own.length, -1]);
    start += own.length;
    const back = pairDistance(part, pairs);
    distances.push(back.value);
    gradients.push(back.gradient);
    prototypes.push(tf.mean(part, 0));
  }
  const value = tf.add(classLoss, tf.addN(distances)) as tf.Scalar;
  return { value, dLogits, dNodes: spread(tf.concat(gradients, 0)), prototypes };
}

/**
 * Σ over all pairs, self included, of (1 − cos + 1e-5) / pairs, with its gradient. Points of zeros, up to a rounded number q,
 * add nothing to either: their cos is 0, and so is their part in the other points' gradient. @param points [p, m]
 */
function pairDistance(points: tf.Tensor2D, pairs: number): { value: tf.Tensor; gradient: tf.Tensor2D } {
  const [p, m] = points.shape;
  const x = tf.pad(points, [
    [0, roundedSize(p) - p],
    [0, 0],
  ]); // [q, m]
  const norm = tf.sqrt(tf.sum(tf.square(x), 1, true)) as tf.Tensor2D; // [q, 1]
  const inverse = tf.reciprocal(tf.add(tf.matMul(norm, norm, false, true), EPSILON)) as tf.Tensor2D;
  const cos = tf.mul(tf.matMul(x, x, false, true), inverse) as tf.Tensor2D;
  const value = tf.add(tf.mul(tf.sum(cos), -1 / pairs), ((1 + PAIR_OFFSET) * p * p) / pairs);
  const along = tf.matMul(tf.mul(cos, inverse) as tf.Tensor2D, norm); // Σ_j cos_ij ‖x_j‖ / D_ij
  const gradient = tf.mul(tf.sub(tf.matMul(inverse, x), tf.mul(divideRows(x, norm), along)), -2 / pairs) as tf.Tensor2D;
  return { value, gradient: tf.slice(gradient, [0, 0], [p, m]) };
}

/** The four cells of each pixel and their bilinear weights. */
function pointTaps(positions: Int32Array, grid: Grid): { cells: Int32Array; weights: Float32Array } {
  const mixOf = pixelMixes(grid);
  const width = grid.to[1];
  const cells = new Int32Array(positions.length * 4);
  const weights = new Float32Array(positions.length * 4);
  positions.forEach((position, i) => {
    const mix = mixOf(Math.floor(position / width), position % width);
    cells.set(mix.cells, i * 4);
    weights.set(mix.weights, i * 4);
  });
  return { cells, weights };
}

/**
 * Consistency checking of box seeds: a seed pixel of a box's class whose feature is too unlike the mean feature of the
 * box's points becomes unknown. The reference compares with cos < 0, which features after a ReLU can never reach; a
 * threshold above 0 makes the check work. It edits the seed in place, from the first step.
 *
 * cos needs the dot product with the prototype, which is linear and so upsamples from one number a cell, and the norm
 * of a mix of four cells, which follows from the inner products of neighbouring cells: no 256-channel map at image size.
 * @param seed labels of the padded image [H·W], edited in place
 * @param nodes node features [n, m]; @param prototypes mean point feature per box, [m] each
 * @returns the number of seed pixels that became `ignore`
 */
export function checkConsistency(
  seed: Uint8Array,
  nodes: tf.Tensor2D,
  points: readonly Pick<BoxPoints, "box">[],
  prototypes: readonly tf.Tensor1D[],
  grid: Grid,
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
