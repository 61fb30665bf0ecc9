/**
 * One image as a graph (docs/method.md, section 3.1): nodes are the cells of the grid with their deep features, edges
 * the affinities inside a window (reference train_infer_A2GNN_box.py: features / sum, adjacency with its diagonal set
 * to 1).
 */

import * as tf from "@tensorflow/tfjs";
import { expected } from "../errors";
import { valuesOf } from "../tensor-values";
import { divideRows } from "./divide-rows";
import { roundedSize } from "./rounded-size";

/** n = height·width nodes, d = 2·radius + 1. The owner calls `dispose`. */
export interface ImageGraph {
  readonly height: number;
  readonly width: number;
  readonly radius: number;
  /**
   * Node features [n, kept]: each row divided by its sum, columns that are 0 for the whole image left out (but for a few that
   * round `kept` up). Their weights would receive no gradient but weight decay and never meet the data, so the result is the same.
   */
  readonly features: tf.Tensor2D;
  /** Column count before empty ones were left out: the fan-in of the initial weights. */
  readonly channels: number;
  /** Which columns were kept, ascending. */
  readonly columns: Int32Array;
  /** Windowed adjacency [n, d·d], diagonal 1. Neighbours outside the map never count, whatever stands there. */
  readonly affinity: Float32Array;
  dispose(): void;
}

/**
 * @param features non-negative features [n, c] (conv4 | conv5 | conv6); not disposed
 * @param affinity windowed affinities [n, d·d]
 */
export function createImageGraph(
  features: tf.Tensor2D,
  affinity: Float32Array,
  size: { readonly height: number; readonly width: number; readonly radius: number },
): ImageGraph {
  const { height, width, radius } = size;
  const n = height * width;
  const d = 2 * radius + 1;
  if (features.shape[0] !== n || affinity.length !== n * d * d)
    throw expected(
      "input",
      `${n} nodes with ${d * d} affinities each`,
      `${features.shape[0]} nodes and ${affinity.length} affinities`,
      `graph of ${height}×${width} cells`,
    );
  const adjacency = affinity.slice();
  for (let i = 0; i < n; i++) adjacency[i * d * d + (d * d - 1) / 2] = 1;
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
    features: normalised,
    channels: features.shape[1],
    columns,
    affinity: adjacency,
    dispose: () => normalised.dispose(),
  };
}

/** Those with a value other than 0, and the first empty ones up to a rounded number; all where there is no value at all. */
function columnsToKeep(strongest: Float32Array): Int32Array {
  const all = Int32Array.from(strongest.keys());
  const filled = all.filter((column) => strongest[column] !== 0).length;
  if (filled === 0) return all;
  let spare = roundedSize(filled) - filled;
  return all.filter((column) => strongest[column] !== 0 || spare-- > 0);
}
