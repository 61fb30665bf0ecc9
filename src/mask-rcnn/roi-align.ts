/**
 * ROIAlign (He et al. 2017): the part of a feature map under a box, brought to a fixed size by bilinear samples at exact
 * positions, averaged over each bin. References: torchvision's and Detectron2's `roi_align`, outside the map and at boxes
 * without extent too.
 *
 * Samples of a bin lie on a grid, and bilinear weights are products of one weight along each axis, so a bin is two weighted
 * sums, along the columns and then along the rows: exact, and as cheap for many samples as for one.
 */

import * as tf from "@tensorflow/tfjs";
import { type BoxArray, boxArea, boxCount } from "./boxes";
import type { Variant } from "./variant";

export type RoiAlignOptions = Pick<Variant, "aligned" | "samplingRatio"> & {
  /** Bins along each side. */
  readonly side: number;
};

/** Pixels of the image that a cell of the finest map is wide; twice as many on each coarser one. */
export const FINEST_STRIDE = 4;

/** A box of this side belongs to the level below. */
const CANONICAL_SIDE = 224;
const CANONICAL_LEVEL = 2;

/**
 * Differentiable in the maps; the boxes are constants.
 * @param maps [1, h, w, c] each, of strides 4, 8, 16, …
 * @param boxes in pixels of the image
 * @returns [n, side, side, c]
 */
export function roiAlign(maps: readonly tf.Tensor4D[], boxes: BoxArray, options: RoiAlignOptions): tf.Tensor4D {
  const { side } = options;
  const channels = maps[0].shape[3];
  const shape: [number, number, number, number] = [boxCount(boxes), side, side, channels];
  const levels = levelsOf(boxes, maps.length, options);
  const geometry = maps.map(({ shape: [, height, width] }, level) => ({
    height,
    width,
    channels,
    scale: 1 / (FINEST_STRIDE * 2 ** level),
  }));
  const align = tf.customGrad((...inputs) => {
    const given = inputs.slice(0, -1) as unknown as tf.Tensor4D[];
    const out = new Float32Array(tf.util.sizeFromShape(shape));
    for (const [level, map] of given.entries()) {
      if (!levels.includes(level)) continue;
      const values = map.dataSync<"float32">() as Float32Array;
      for (const [i, own] of levels.entries())
        if (own === level) gather(values, geometry[level], binsOf(boxes, i, geometry[level], options), out, i);
    }
    const gradFunc = (dy: tf.Tensor): tf.Tensor[] => {
      const upstream = dy.dataSync<"float32">() as Float32Array;
      return given.map(({ shape: mapShape }, level) => {
        const gradient = new Float32Array(tf.util.sizeFromShape(mapShape));
        for (const [i, own] of levels.entries())
          if (own === level)
            scatter(upstream, i, geometry[level], binsOf(boxes, i, geometry[level], options), gradient);
        return tf.tensor(gradient, mapShape);
      });
    };
    return { value: tf.tensor4d(out, shape), gradFunc };
  });
  return align(...maps) as tf.Tensor4D;
}

/** The map that each box is read from: the larger the box, the coarser. */
export function levelsOf(boxes: BoxArray, maps: number, { aligned }: Pick<RoiAlignOptions, "aligned">): Uint8Array {
  return Uint8Array.from({ length: boxCount(boxes) }, (_, i) => {
    const ratio = Math.sqrt(Math.max(0, boxArea(boxes, i))) / CANONICAL_SIDE;
    const octave = aligned ? Math.log2(ratio + 1e-8) : Math.log2(ratio) + 1e-6;
    return Math.max(0, Math.min(maps - 1, Math.floor(CANONICAL_LEVEL + octave)));
  });
}

interface MapGeometry {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Factor that takes pixels of the image to cells. */
  readonly scale: number;
}

/** The cells that each bin reads along one axis, and their weights. */
export interface AxisBins {
  /** The first cell that any bin reads, and the number of cells up to the last. */
  readonly first: number;
  readonly extent: number;
  /** [side · extent] */
  readonly weights: Float32Array;
}

interface RoiBins {
  readonly rows: AxisBins;
  readonly columns: AxisBins;
}

function binsOf(boxes: BoxArray, i: number, { height, width, scale }: MapGeometry, options: RoiAlignOptions): RoiBins {
  const [left, top, right, bottom] = boxes.subarray(4 * i, 4 * i + 4);
  return { rows: axisBins(top, bottom, scale, height, options), columns: axisBins(left, right, scale, width, options) };
}

/**
 * @param start of the box, in pixels of the image
 * @param cells of the map along the axis
 */
export function axisBins(
  start: number,
  end: number,
  scale: number,
  cells: number,
  { aligned, samplingRatio, side }: RoiAlignOptions,
): AxisBins {
  const { fround } = Math;
  const offset = aligned ? 0.5 : 0;
  const from = fround(fround(start * scale) - offset);
  const length = fround(fround(fround(end * scale) - offset) - from);
  const extent = aligned ? length : Math.max(1, length);
  const bin = fround(extent / side);
  const samples = samplingRatio > 0 ? samplingRatio : Math.ceil(bin);
  const taps: { bin: number; cell: number; weight: number }[] = [];
  for (let i = 0; i < side; i++)
    for (let sample = 0; sample < samples; sample++) {
      const position = fround(fround(from + fround(i * bin)) + fround(fround((sample + 0.5) * bin) / samples));
      if (position < -1 || position > cells) continue; // outside: 0
      const inside = Math.max(0, position);
      const cell = Math.min(cells - 1, Math.floor(inside));
      const upper = cell === cells - 1 ? 0 : fround(inside - cell);
      taps.push({ bin: i, cell, weight: (1 - upper) / samples });
      if (upper > 0) taps.push({ bin: i, cell: cell + 1, weight: upper / samples });
    }
  if (taps.length === 0) return { first: 0, extent: 0, weights: new Float32Array(0) };
  const first = taps.reduce((least, { cell }) => Math.min(least, cell), Infinity);
  const last = taps.reduce((most, { cell }) => Math.max(most, cell), 0);
  const weights = new Float32Array(side * (last - first + 1));
  for (const { bin: own, cell, weight } of taps) weights[own * (last - first + 1) + cell - first] += weight;
  return { first, extent: last - first + 1, weights };
}

/** One box: rows of the map to bins of columns, then those to bins of rows, added to `out`. */
function gather(
  map: Float32Array,
  { width, channels }: MapGeometry,
  bins: RoiBins,
  out: Float32Array,
  roi: number,
): void {
  const { rows, columns } = bins;
  if (rows.extent === 0 || columns.extent === 0) return;
  const side = columns.weights.length / columns.extent;
  const line = new Float32Array(side * channels); // [side, c], of one row of the map
  for (let y = 0; y < rows.extent; y++) {
    line.fill(0);
    for (let j = 0; j < side; j++)
      for (let x = 0; x < columns.extent; x++) {
        const weight = columns.weights[j * columns.extent + x];
        if (weight === 0) continue;
        const from = ((rows.first + y) * width + columns.first + x) * channels;
        for (let c = 0, to = j * channels; c < channels; c++, to++) line[to] += weight * map[from + c];
      }
    for (let i = 0; i < side; i++) {
      const weight = rows.weights[i * rows.extent + y];
      if (weight === 0) continue;
      const to = (roi * side + i) * line.length;
      for (let k = 0; k < line.length; k++) out[to + k] += weight * line[k];
    }
  }
}

/** The adjoint of `gather`. */
function scatter(
  upstream: Float32Array,
  roi: number,
  { width, channels }: MapGeometry,
  { rows, columns }: RoiBins,
  gradient: Float32Array,
): void {
  if (rows.extent === 0 || columns.extent === 0) return;
  const side = columns.weights.length / columns.extent;
  const line = new Float32Array(side * channels);
  for (let y = 0; y < rows.extent; y++) {
    line.fill(0);
    for (let i = 0; i < side; i++) {
      const weight = rows.weights[i * rows.extent + y];
      if (weight === 0) continue;
      const from = (roi * side + i) * line.length;
      for (let k = 0; k < line.length; k++) line[k] += weight * upstream[from + k];
    }
    for (let j = 0; j < side; j++)
      for (let x = 0; x < columns.extent; x++) {
        const weight = columns.weights[j * columns.extent + x];
        if (weight === 0) continue;
        const to = ((rows.first + y) * width + columns.first + x) * channels;
        for (let c = 0, from = j * channels; c < channels; c++, from++) gradient[to + c] += weight * line[from];
      }
  }
}
