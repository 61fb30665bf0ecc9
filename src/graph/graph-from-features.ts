/**
 * A graph from the features of any network: an array [h, w, c] of the cells of an image, and how alike neighbouring cells
 * are. The graph network wants rows that are distributions (docs/method.md, section 3: features ≥ 0, divided by their
 * sum), so signed features have to be brought there first, in one of the ways below.
 */

import * as tf from "@tensorflow/tfjs";
import type { Normalisation } from "../config/label-photograph";
import { expected, UserError } from "../errors";
import { sizeOf } from "../nd-array";
import { valuesOf } from "../tensor-values";
import { windowDistance } from "../window/distance";
import {
  CELL,
  forEachNeighbour,
  type WindowedMap,
  type WindowGrid,
  windowedMap,
  windowSize,
} from "../window/windowed-map";
import { createImageGraph, type ImageGraph } from "./image-graph";

/** Features of the cells, [h, w, c]: an array with its shape (as `decodeNpy` returns it), a tensor, or nested arrays. */
export type Features =
  | { readonly shape: readonly number[]; readonly data: ArrayLike<number> }
  | tf.Tensor3D
  | readonly (readonly ArrayLike<number>[])[];

/** The features of two cells → how alike these are, 0 (not at all) to 1. */
export type CellAffinity = (a: Float32Array, b: Float32Array) => number;

export interface GraphFromFeaturesOptions {
  /** Cells as far apart as this in either direction are neighbours. */
  readonly radius?: number;
  /**
   * Default: exp(−mean over channels of |f_i − f_j|) of the features as they come. Otherwise a function of the features
   * of two cells, or the values themselves.
   */
  readonly affinity?: CellAffinity | WindowedMap;
  /** Pixels along the side of a cell. */
  readonly stride?: number;
  /** Needed for features below 0. */
  readonly normalise?: Normalisation;
  /** Name of the features in messages. */
  readonly where?: string;
}

/**
 * The caller disposes the graph; its size is the features' own, which must be that of the image divided by the stride, rounded up.
 * @throws UserError "input" for features that are not [h, w, c], not finite, or below 0 without `normalise`
 */
export function graphFromFeatures(
  features: Features,
  { radius = 4, affinity, stride = CELL, normalise, where = "features" }: GraphFromFeaturesOptions = {},
): ImageGraph {
  const { shape, data } = arrayOf(features, where);
  const [height, width, channels] = shape;
  checkValues(data, shape, normalise, where);
  const grid = { height, width, radius };
  const alike =
    affinity === undefined
      ? featureAffinity(data, channels, grid)
      : typeof affinity === "function"
        ? affinityBy(affinity, data, channels, grid)
        : checkedAffinity(affinity, grid, where);
  const nodes = tf.tidy(() => {
    const raw = tf.tensor2d(data, [height * width, channels]);
    return normalise === undefined ? raw : normalised(raw, normalise);
  });
  try {
    return createImageGraph(nodes, alike, { stride });
  } finally {
    nodes.dispose();
  }
}

/** exp(−mean over channels of |f_i − f_j|): what the affinity network learns its features for. @param data [n, channels] */
export function featureAffinity(data: Float32Array, channels: number, grid: WindowGrid): WindowedMap {
  const values = valuesOf(() => {
    const map = tf.tensor4d(data, [1, grid.height, grid.width, channels]);
    return tf.exp(tf.neg(windowDistance(map, grid.radius)));
  });
  return windowedMap(values, grid);
}

function affinityBy(alike: CellAffinity, data: Float32Array, channels: number, grid: WindowGrid): WindowedMap {
  const values = new Float32Array(windowSize(grid));
  const of = (cell: number): Float32Array => data.subarray(cell * channels, (cell + 1) * channels);
  forEachNeighbour(grid, (pair, cell, neighbour) => {
    values[pair] = alike(of(cell), of(neighbour));
  });
  return checkedAffinity(windowedMap(values, grid), grid, "affinity of two cells");
}

function checkedAffinity(affinity: WindowedMap, grid: WindowGrid, where: string): WindowedMap {
  const { height, width, radius } = affinity;
  if (height !== grid.height || width !== grid.width || radius !== grid.radius)
    throw expected(
      "input",
      `affinities of ${grid.height}×${grid.width} cells, radius ${grid.radius}`,
      `${height}×${width} cells, radius ${radius}`,
      where,
    );
  windowedMap(affinity.values, affinity);
  forEachNeighbour(affinity, (pair, cell) => {
    const value = affinity.values[pair];
    if (!(value >= 0 && value <= 1))
      throw expected("input", "affinities from 0 to 1", `${value} at ${placeOf(cell, width)}`, where);
  });
  return affinity;
}

function arrayOf(features: Features, where: string): { shape: readonly [number, number, number]; data: Float32Array } {
  const nested = Array.isArray(features);
  const array = features as Exclude<Features, readonly (readonly ArrayLike<number>[])[]>;
  const shape = nested ? nestedShape(features, where) : array.shape;
  if (shape.length !== 3 || sizeOf(shape) === 0)
    throw expected("input", "features [height, width, channels]", `[${shape.join(", ")}]`, where);
  const data = nested
    ? Float32Array.from((features as number[][][]).flatMap((row) => row.flatMap((cell) => Array.from(cell))))
    : Float32Array.from(array instanceof tf.Tensor ? array.dataSync() : array.data);
  if (data.length !== sizeOf(shape))
    throw expected("input", `${sizeOf(shape)} values for [${shape.join(", ")}]`, `${data.length}`, where);
  return { shape: shape as [number, number, number], data };
}

/** @throws UserError "input" for rows or cells of different lengths */
function nestedShape(rows: readonly (readonly ArrayLike<number>[])[], where: string): number[] {
  const shape = [rows.length, rows[0]?.length ?? 0, rows[0]?.[0]?.length ?? 0];
  const even = rows.every((row) => row.length === shape[1] && row.every((cell) => cell.length === shape[2]));
  if (!even) throw expected("input", "rows and cells of equal lengths", "different ones", where);
  return shape;
}

function checkValues(
  data: Float32Array,
  [, width, channels]: readonly [number, number, number],
  normalise: Normalisation | undefined,
  where: string,
): void {
  const place = (i: number): string => `${placeOf(Math.floor(i / channels), width)}, channel ${i % channels}`;
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw expected("input", "finite features", `${data[wrong]} at ${place(wrong)}`, where);
  const negative = normalise === undefined ? data.findIndex((value) => value < 0) : -1;
  if (negative >= 0)
    throw new UserError(
      "input",
      `expected features of 0 and above, got ${data[negative]} at ${place(negative)} (${where}): ` +
        'normalise: "split" (nothing is lost), "shift", "relu" or "softmax" mends that, --graph-normalise on the command line',
    );
}

function placeOf(cell: number, width: number): string {
  return `row ${Math.floor(cell / width)}, column ${cell % width}`;
}

/** [n, c] → [n, c], or [n, 2c] for "split". */
function normalised(raw: tf.Tensor2D, normalise: Normalisation): tf.Tensor2D {
  switch (normalise) {
    case "shift":
      return tf.sub(raw, tf.min(raw, 0, true));
    case "relu":
      return tf.relu(raw);
    case "softmax":
      return tf.softmax(raw);
    case "split":
      return tf.concat([tf.relu(raw), tf.relu(tf.neg(raw))], 1);
    default:
      throw expected("usage", '"shift", "relu", "softmax" or "split"', JSON.stringify(normalise), "normalise");
  }
}
