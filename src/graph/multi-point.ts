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
import { bilinearTaps } from "../image-ops/bilinear";
import { pixelMixes, type Upsampler } from "../image-ops/upsampler";
import { valuesOf } from "../tensor-values";
import { divideRows } from "./divide-rows";
import type { Loss } from "./loss";
import { roundedSize } from "./rounded-size";

const EPSILON = 1e-7;
/** The reference adds this to every pair's distance; it has no gradient. */
const PAIR_OFFSET = 1e-5;

/** Whole numbers up to this are exact in float32. */
const EXACT_PLACES = 2 ** 24;

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

/**
 * The term of the box recipe, on the input's boxes. Listed before the seeds' term, so that its check comes first. Where the
 * points are is found and used without JavaScript learning of it: on a card, every reading would wait for all work before.
 */
export function multiPoint({ consistencyThreshold: threshold = 0 }: MultiPointOptions = {}): Loss {
  const owner = {};
  return function multiPoint({ input, planes, nodes, seed, upsampler, keep }) {
    const boxes = clipBoxes(input.boxes ?? [], upsampler.to);
    if (boxes.length === 0) return undefined;
    if (nodes === undefined)
      throw expected("usage", "a network whose forward pass returns its nodes", "logits alone", "multi-point loss");
    const tables = keep(owner, () => createPointTables(boxes, input.classes, upsampler));
    const { prototypes, ...term } = lossAtPoints(planes, nodes, pointPositions(planes, tables, upsampler), tables);
    // Nodes that are averages of ReLU outputs are never below 0: without a threshold above it the check cannot fire.
    if (threshold > 0)
      seed.edited += checkConsistency(
        seed.labels,
        nodes,
        boxes.map((box) => ({ box })),
        prototypes,
        upsampler,
        { threshold, ignore: input.ignore },
      );
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
  const pointsOf = (box: ClippedBox): tf.Tensor1D =>
    pointsOfBox(mapOf(tf.transpose(pixels), grid), box, positionsOfBox(box, grid), grid);
  return boxes.map((box) => ({ box, pixels: Int32Array.from(valuesOf(() => pointsOf(box))) }));
}

/**
 * @param planes upsampled logits [K, H·W]; @param nodes node features [n, m]
 * @returns loss, dL/dlogits on the grid [n, K], dL/dnodes [n, m], and each box's features for the consistency check;
 *   call inside a `tf.tidy`
 */
export function multiPointLoss(
  planes: tf.Tensor2D,
  nodes: tf.Tensor2D,
  points: readonly BoxPoints[],
  grid: Grid,
): MultiPointTerm {
  const tables = createPointTables(
    points.map(({ box }) => box),
    planes.shape[0],
    grid,
  );
  const positions = tf.tensor1d(points.flatMap((each) => [...each.pixels]));
  const term = lossAtPoints(planes, nodes, positions, tables);
  tables.dispose();
  return term;
}

export interface MultiPointTerm {
  readonly value: tf.Scalar;
  readonly dLogits: tf.Tensor2D;
  readonly dNodes: tf.Tensor2D;
  /** Mean features of each box's points, [m]. */
  readonly prototypes: readonly tf.Tensor1D[];
}

/**
 * What the loss needs of boxes and grid, the same at every step. Places are float32 until they are used: TensorFlow computes
 * with int32 on the processor, and every step would wait for the way there and back.
 */
interface PointTables {
  readonly boxes: readonly ClippedBox[];
  /** Points of each box: its rows and columns. */
  readonly counts: readonly number[];
  /** Per box: positions of the first pixel of each row [rows, 1], of the first pixel of each column [columns]. */
  readonly starts: readonly PointStarts[];
  /** The boxes' classes, one-hot: [count, K] */
  readonly target: tf.Tensor2D;
  /** The four cells of every pixel, [H·W, 4], and their bilinear weights. */
  readonly cells: tf.Tensor2D;
  readonly weights: tf.Tensor2D;
  dispose(): void;
}

interface PointStarts {
  readonly ofRows: tf.Tensor1D;
  readonly ofColumns: tf.Tensor1D;
}

function createPointTables(boxes: readonly ClippedBox[], classes: number, grid: Grid): PointTables {
  const counts = boxes.map(({ top, bottom, left, right }) => bottom - top + 1 + right - left + 1);
  const wanted = boxes.flatMap((box, b) => Array.from({ length: counts[b] }, () => box.class));
  const starts = boxes.map((box) => positionsOfBox(box, grid));
  const { cells, weights } = pixelTaps(grid);
  const tables = {
    target: tf.tidy(() => tf.oneHot(tf.tensor1d(wanted, "int32"), classes).toFloat() as tf.Tensor2D),
    cells: tf.tensor2d(cells, [cells.length / 4, 4]),
    weights: tf.tensor2d(weights, [weights.length / 4, 4]),
  };
  return {
    boxes,
    counts,
    starts,
    ...tables,
    dispose: () => tf.dispose([...Object.values(tables), ...starts.flatMap((each) => Object.values(each))]),
  };
}

function positionsOfBox({ top, bottom, left, right }: ClippedBox, grid: Grid): PointStarts {
  const width = grid.to[1];
  const ofRows = Float32Array.from({ length: bottom - top + 1 }, (_, y) => (top + y) * width + left);
  const ofColumns = Float32Array.from({ length: right - left + 1 }, (_, x) => top * width + left + x);
  return { ofRows: tf.tensor1d(ofRows), ofColumns: tf.tensor1d(ofColumns) };
}

/** All points' pixels, box after box, rows before columns: [count] */
function pointPositions(planes: tf.Tensor2D, { boxes, starts }: PointTables, grid: Grid): tf.Tensor1D {
  const map = mapOf(planes, grid);
  return tf.concat(boxes.map((box, b) => pointsOfBox(map, box, starts[b], grid)));
}

function pointsOfBox(map: tf.Tensor3D, box: ClippedBox, starts: PointStarts, grid: Grid): tf.Tensor1D {
  const [rows, columns] = [box.bottom - box.top + 1, box.right - box.left + 1];
  const scores = tf.slice(map, [box.class, box.top, box.left], [1, rows, columns]).reshape([rows, columns]);
  const [inRow, inColumn] = [1, 0].map((axis) => tf.cast(tf.argMax(scores, axis), "float32"));
  return tf.concat([
    tf.add(starts.ofRows, inRow),
    tf.add(starts.ofColumns, tf.mul(inColumn, grid.to[1])),
  ] as tf.Tensor1D[]);
}

function mapOf(planes: tf.Tensor2D, grid: Grid): tf.Tensor3D {
  return planes.reshape([planes.shape[0], ...grid.to]);
}

/** @param positions of the points, [count] */
function lossAtPoints(
  planes: tf.Tensor2D,
  nodes: tf.Tensor2D,
  positions: tf.Tensor1D,
  tables: PointTables,
): MultiPointTerm {
  const n = nodes.shape[0];
  const [count] = positions.shape;
  const pairs = tables.counts.reduce((sum, each) => sum + each ** 2, 0);
  const places = tf.cast(positions, "int32") as tf.Tensor1D;
  const cells = tf.cast(tf.gather(tables.cells, places).reshape([4 * count]), "int32") as tf.Tensor1D;
  const weights = tf.gather(tables.weights, places).reshape([count, 4, 1]);
  const spread = (gradient: tf.Tensor2D): tf.Tensor2D =>
    tf.unsortedSegmentSum(
      tf.mul(gradient.expandDims(1), weights).reshape([count * 4, gradient.shape[1]]),
      cells,
      n,
    ) as tf.Tensor2D;

  const logProbabilities = tf.logSoftmax(tf.transpose(tf.gather(planes, places, 1))); // [count, K]
  const classLoss = tf.mul(tf.sum(tf.mul(logProbabilities, tables.target)), -1 / count);
  const dLogits = spread(tf.mul(tf.sub(tf.exp(logProbabilities), tables.target), 1 / count) as tf.Tensor2D);

  const features = tf.sum(
    tf.mul(tf.gather(nodes, cells).reshape([count, 4, nodes.shape[1]]), weights),
    1,
  ) as tf.Tensor2D; // [count, m]
  const distances: tf.Tensor[] = [];
  const gradients: tf.Tensor2D[] = [];
  const prototypes: tf.Tensor1D[] = [];
  let start = 0;
  for (const own of tables.counts) {
    const part = tf.slice(features, [start, 0], [own, -1]);
    start += own;
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
  return tf.tidy(() => {
    const [p, m] = points.shape;
    const x = tf.pad(points, [
      [0, roundedSize(p) - p],
      [0, 0],
    ]); // [q, m]
    const norm = tf.sqrt(tf.sum(tf.square(x), 1, true)) as tf.Tensor2D; // [q, 1]
    // Matrices of all pairs are what a large box costs: no more than three of them at a time.
    const inverse = tf.tidy(() => {
      const products = tf.tidy(() => tf.add(tf.matMul(norm, norm, false, true), EPSILON));
      return tf.reciprocal(products);
    }) as tf.Tensor2D;
    const cos = tf.tidy(() => tf.mul(tf.matMul(x, x, false, true), inverse)) as tf.Tensor2D;
    const value = tf.add(tf.mul(tf.sum(cos), -1 / pairs), ((1 + PAIR_OFFSET) * p * p) / pairs);
    const along = tf.tidy(() => tf.matMul(tf.mul(cos, inverse) as tf.Tensor2D, norm)); // Σ_j cos_ij ‖x_j‖ / D_ij
    cos.dispose();
    const gradient = tf.mul(
      tf.sub(tf.matMul(inverse, x), tf.mul(divideRows(x, norm), along)),
      -2 / pairs,
    ) as tf.Tensor2D;
    return { value, gradient: tf.slice(gradient, [0, 0], [p, m]) };
  });
}

/** The four cells of every pixel of the map and their bilinear weights, as `pixelMixes` has them. */
function pixelTaps({ from: [h, w], to: [H, W] }: Grid): { cells: Float32Array; weights: Float32Array } {
  if (H * W > EXACT_PLACES) throw expected("input", `at most ${EXACT_PLACES} pixels`, `${H}×${W}`, "multi-point loss");
  const rows = bilinearTaps(h, H, { exact: true });
  const columns = bilinearTaps(w, W, { exact: true });
  const cells = new Float32Array(H * W * 4);
  const weights = new Float32Array(H * W * 4);
  for (let y = 0, at = 0; y < H; y++) {
    const [upper, lower, down] = [rows.lower[y] * w, rows.upper[y] * w, rows.weight[y]];
    for (let x = 0; x < W; x++, at += 4) {
      const [left, right, across] = [columns.lower[x], columns.upper[x], columns.weight[x]];
      cells[at] = upper + left;
      cells[at + 1] = upper + right;
      cells[at + 2] = lower + left;
      cells[at + 3] = lower + right;
      weights[at] = (1 - down) * (1 - across);
      weights[at + 1] = (1 - down) * across;
      weights[at + 2] = down * (1 - across);
      weights[at + 3] = down * across;
    }
  }
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
