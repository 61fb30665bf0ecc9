/**
 * How unlike each cell is to every cell of the (2r+1)² window around it: d = mean over channels of |f_i − f_j|, and
 * affinity = exp(−d). docs/method.md, section 2.2; goldens 03, 23.
 *
 * As in the reference, neighbours outside the map have feature 0; they are not masked. Since |f_i − f_j| is symmetric,
 * each pair is computed once, for half of the offsets, on the map widened to where either cell is inside. No array of
 * [cells, window, channels] ever exists: memory is that of the features, forward and backward.
 *
 * Letters: b images, h w grid, c channels, d = 2·radius + 1.
 */

import * as tf from "@tensorflow/tfjs";

/** [b, h, w, c] → [b, h, w, d·d], offset (dy + r)·d + (dx + r); differentiable. */
export function windowDistance(features: tf.Tensor4D, radius: number): tf.Tensor4D {
  const compute = tf.customGrad((x, save) => {
    const input = x as tf.Tensor4D;
    (save as tf.GradSaveFunc)([input]);
    return {
      value: distances(input, radius),
      gradFunc: (dy, [saved]) => tf.tidy(() => featureGradient(dy as tf.Tensor4D, saved as tf.Tensor4D, radius)),
    };
  });
  return compute(features) as tf.Tensor4D;
}

/** exp(−d). */
export function affinityOf(distance: tf.Tensor4D): tf.Tensor4D {
  return tf.exp(tf.neg(distance));
}

/** One offset (dy, dx) of the half-plane after the centre, and the region of cells i where i or i + offset is inside. */
interface Offset {
  readonly dy: number;
  readonly dx: number;
  /** Size of the region. */
  readonly height: number;
  readonly width: number;
  /** The region's first cell, in coordinates of the map padded by `radius`. */
  readonly top: number;
  readonly left: number;
  /** Index of the offset in the window, and of its opposite. */
  readonly index: number;
  readonly opposite: number;
  /** Where the map begins in the region for cells i (the offset), and for cells i + offset (its opposite). */
  readonly own: readonly [number, number];
  readonly other: readonly [number, number];
}

function halfWindow(height: number, width: number, radius: number): Offset[] {
  const d = 2 * radius + 1;
  const offsets: Offset[] = [];
  for (let dy = 0; dy <= radius; dy++)
    for (let dx = dy === 0 ? 1 : -radius; dx <= radius; dx++) {
      const left = Math.min(0, -dx);
      offsets.push({
        dy,
        dx,
        height: height + dy,
        width: width + Math.abs(dx),
        top: radius - dy,
        left: radius + left,
        index: (radius + dy) * d + radius + dx,
        opposite: (radius - dy) * d + radius - dx,
        own: [dy, -left],
        other: [0, -left - dx],
      });
    }
  return offsets;
}

function distances(features: tf.Tensor4D, radius: number): tf.Tensor4D {
  return tf.tidy(() => {
    const [b, h, w] = features.shape;
    const padded = padBy(features, radius);
    const window = new Array<tf.Tensor3D>((2 * radius + 1) ** 2);
    window[(window.length - 1) / 2] = tf.zeros([b, h, w]);
    for (const offset of halfWindow(h, w, radius)) {
      const distance = tf.tidy(() => difference(padded, offset).abs().mean<tf.Tensor3D>(3)); // [b, region]
      const [own, other] = [offset.own, offset.other].map((start) => distance.slice([0, ...start], [b, h, w]));
      window[offset.index] = own;
      window[offset.opposite] = other;
      distance.dispose();
    }
    return tf.stack(window, 3) as tf.Tensor4D;
  });
}

/** ∂L/∂f_i = Σ_j (g_ij + g_ji) · sign(f_i − f_j) / c; each pair's term is added at i and taken off at j. */
function featureGradient(dy: tf.Tensor4D, features: tf.Tensor4D, radius: number): tf.Tensor4D {
  const [b, h, w, c] = features.shape;
  const padded = padBy(features, radius);
  const slopes = tf.unstack(dy.div(c), 3) as tf.Tensor3D[];
  let gradient: tf.Tensor4D = tf.zerosLike(padded);
  for (const offset of halfWindow(h, w, radius)) {
    const next = tf.tidy(() => {
      const atRegion = (slope: tf.Tensor3D, [y, x]: readonly [number, number]): tf.Tensor3D =>
        tf.pad(slope, [
          [0, 0],
          [y, offset.height - h - y],
          [x, offset.width - w - x],
        ]);
      const slope = atRegion(slopes[offset.index], offset.own).add(atRegion(slopes[offset.opposite], offset.other));
      const term = difference(padded, offset).sign().mul(slope.expandDims(3)) as tf.Tensor4D;
      const { top, left, dy: down, dx: right } = offset;
      const placed = (y: number, x: number): tf.Tensor4D =>
        tf.pad(term, [
          [0, 0],
          [y, h + 2 * radius - offset.height - y],
          [x, w + 2 * radius - offset.width - x],
          [0, 0],
        ]);
      return gradient.add(placed(top, left)).sub(placed(top + down, left + right)) as tf.Tensor4D;
    });
    gradient.dispose();
    gradient = next;
  }
  return gradient.slice([0, radius, radius, 0], [b, h, w, c]);
}

/** f_i − f_j over the offset's region, [b, region, c]. */
function difference(padded: tf.Tensor4D, { top, left, dy, dx, height, width }: Offset): tf.Tensor4D {
  const size = [padded.shape[0], height, width, padded.shape[3]] as [number, number, number, number];
  return padded.slice([0, top, left, 0], size).sub(padded.slice([0, top + dy, left + dx, 0], size));
}

function padBy(x: tf.Tensor4D, margin: number): tf.Tensor4D {
  return tf.pad(x, [
    [0, 0],
    [margin, margin],
    [margin, margin],
    [0, 0],
  ]);
}
