/**
 * One image as a graph (docs/method.md, section 3.1): nodes are the cells of the grid with their deep features, edges
 * the affinities inside a window (reference train_infer_A2GNN_box.py: features / sum, adjacency with its diagonal set
 * to 1).
 */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";
import { valuesOf } from "../tensor-values";
import { CELL, type WindowedMap, type WindowGrid, windowArea, windowedMap } from "../window/windowed-map";
import { divideRows } from "./divide-rows";
import { roundedSize } from "./rounded-size";

/** n = height·width nodes. The owner calls `dispose`. */
export interface ImageGraph extends WindowGrid {
  /** Pixels along the side of a cell. The grid covers the image padded on the right and bottom to whole cells. */
  readonly stride: number;
  /**
   * Node features [n, kept]: each row divided by its sum, columns that are 0 for the whole image left out (but for a few that
   * round `kept` up). Their weights would receive no gradient but weight decay and never meet the data, so the result is the same.
   */
  readonly features: tf.Tensor2D;
  /** Column count before empty ones were left out: the fan-in of the initial weights. */
  readonly channels: number;
  /** Which columns were kept, ascending. */
  readonly columns: Int32Array;
  /** Adjacency, diagonal 1. */
  readonly affinity: WindowedMap;
  dispose(): void;
}

/**
 * @param features non-negative features [n, c] (conv4 | conv5 | conv6); not disposed
 * @param affinity of the same cells; its diagonal does not matter
 */
export function createImageGraph(
  features: tf.Tensor2D,
  affinity: WindowedMap,
  { stride = CELL }: { readonly stride?: number } = {},
): ImageGraph {
  const { height, width, radius } = affinity;
  const n = height * width;
  if (features.shape[0] !== n)
    throw expected("input", `${n} nodes`, `${features.shape[0]}`, `graph of ${height}×${width} cells`);
  const adjacency = windowedMap(affinity.values.slice(), affinity);
  const area = windowArea(affinity);
  for (let i = 0; i < n; i++) adjacency.values[i * area + (area - 1) / 2] = 1;
  const strongest = valuesOf(() => tf.max(tf.abs(features), 0));
  const columns = columnsToKeep(strongest);
  const normalised = tf.tidy(() => {
    const kept =
      columns.length === features.shape[1] ? features : tf.gather(features, tf.tensor1d(columns, "int32"), 1);
    return divideRows(kept, tf.sum(kept, 1, true));
  });
  return {
    height,
    width,
    radius,
    stride,
    features: normalised,
    channels: features.shape[1],
    columns,
    affinity: adjacency,
    dispose: () => normalised.dispose(),
  };
}

/** Columns with a value other than 0, and the first empty ones up to a rounded number; all where no column has a value. */
function columnsToKeep(strongest: Float32Array): Int32Array {
  const all = Int32Array.from(strongest.keys());
  const filled = all.filter((column) => strongest[column] !== 0).length;
  if (filled === 0) return all;
  let spare = roundedSize(filled) - filled;
  return all.filter((column) => strongest[column] !== 0 || spare-- > 0);
}
