/**
 * Products over windows run on tiles: each tile of cells meets the tile widened by r on every side (its halo), so that a
 * dense product of two small matrices does the work, memory stays linear in the cells, and nothing is ever N×N
 * (docs/method.md, section 3).
 */

import * as tf from "@tensorflow/tfjs";
import { forEachNeighbour, type WindowedMap, type WindowGrid, windowArea, windowSize } from "./windowed-map";

/** Nodes along one side of a tile. Small tiles waste fewer products on pairs that no window holds. */
const TILE = 8;

/** Shape letters: t tiles, q nodes of a tile, k nodes of its halo, n nodes, d = 2·radius + 1. */
export interface TileLayout extends WindowGrid {
  readonly tiles: number;
  readonly queries: number;
  readonly keys: number;
  /** Node of each tile row, [t, q]; rows outside the map point at node 0 and are masked by `windowToTiles`. */
  readonly queryNodes: tf.Tensor2D;
  /** Node of each halo row, [t, k]; likewise. */
  readonly keyNodes: tf.Tensor2D;
  /** Where each node stands among the tile rows, [n]: the inverse of `queryNodes`. */
  readonly nodeRows: tf.Tensor1D;
  dispose(): void;
}

/** The tiles of a grid. The caller disposes them. */
export function createTileLayout({ height, width, radius }: WindowGrid): TileLayout {
  const { rows, columns, tileHeight, tileWidth } = tiling(height, width);
  const tiles = rows * columns;
  const queries = tileHeight * tileWidth;
  const haloWidth = tileWidth + 2 * radius;
  const keys = (tileHeight + 2 * radius) * haloWidth;
  const queryNodes = new Int32Array(tiles * queries);
  const keyNodes = new Int32Array(tiles * keys);
  const nodeRows = new Int32Array(height * width);
  for (let t = 0; t < tiles; t++) {
    const top = Math.floor(t / columns) * tileHeight;
    const left = (t % columns) * tileWidth;
    for (let q = 0; q < queries; q++) {
      const y = top + Math.floor(q / tileWidth);
      const x = left + (q % tileWidth);
      if (y >= height || x >= width) continue;
      queryNodes[t * queries + q] = y * width + x;
      nodeRows[y * width + x] = t * queries + q;
    }
    for (let k = 0; k < keys; k++) {
      const y = top - radius + Math.floor(k / haloWidth);
      const x = left - radius + (k % haloWidth);
      if (y >= 0 && x >= 0 && y < height && x < width) keyNodes[t * keys + k] = y * width + x;
    }
  }
  const tensors = {
    queryNodes: tf.tensor2d(queryNodes, [tiles, queries], "int32"),
    keyNodes: tf.tensor2d(keyNodes, [tiles, keys], "int32"),
    nodeRows: tf.tensor1d(nodeRows, "int32"),
  };
  return {
    height,
    width,
    radius,
    tiles,
    queries,
    keys,
    ...tensors,
    dispose: () => tf.dispose(Object.values(tensors)),
  };
}

/**
 * Spreads a windowed map over the tiles: [t, q, k], with `outside` wherever the halo node is out of the window, or either
 * node out of the map.
 */
export function windowToTiles(windowed: Float32Array, layout: TileLayout, outside: number): tf.Tensor3D {
  const { tiles, queries, keys } = layout;
  const values = new Float32Array(tiles * queries * keys).fill(outside);
  forEachTilePair(layout, (inWindow, inTiles) => {
    values[inTiles] = windowed[inWindow];
  });
  return tf.tensor3d(values, [tiles, queries, keys]);
}

/**
 * For every place in a tensor of pairs that lies as [t, k, q], the place where the same two nodes meet the other way round;
 * pairs that no window holds point at themselves.
 */
export function oppositePairs(layout: TileLayout): Int32Array {
  const { tiles, queries, keys } = layout;
  const area = windowArea(layout);
  const placeOf = new Int32Array(windowSize(layout));
  const turned = (inTiles: number): number => {
    const [row, key] = [Math.floor(inTiles / keys), inTiles % keys];
    const [tile, query] = [Math.floor(row / queries), row % queries];
    return (tile * keys + key) * queries + query;
  };
  forEachTilePair(layout, (inWindow, inTiles) => {
    placeOf[inWindow] = turned(inTiles);
  });
  const opposite = Int32Array.from({ length: tiles * keys * queries }, (_, place) => place);
  forEachNeighbour(layout, (pair, node, neighbour) => {
    opposite[placeOf[pair]] = placeOf[neighbour * area + area - 1 - (pair - node * area)];
  });
  return opposite;
}

/** The inverse of `windowToTiles`: [t, q, k] to [n, d·d], 0 for neighbours outside the map. */
export function tilesToWindow(tiles: Float32Array, layout: TileLayout): WindowedMap {
  const { height, width, radius } = layout;
  const values = new Float32Array(windowSize(layout));
  forEachTilePair(layout, (inWindow, inTiles) => {
    values[inWindow] = tiles[inTiles];
  });
  return { height, width, radius, values };
}

/** Rows of [n, c] as tile rows [t, q, c]. */
export function gatherQueries(nodes: tf.Tensor2D, layout: TileLayout): tf.Tensor3D {
  return tf.gather<tf.Tensor>(nodes, layout.queryNodes) as tf.Tensor3D;
}

/** Rows of [n, c] as halo rows [t, k, c]. */
export function gatherKeys(nodes: tf.Tensor2D, layout: TileLayout): tf.Tensor3D {
  return tf.gather<tf.Tensor>(nodes, layout.keyNodes) as tf.Tensor3D;
}

/** Tile rows [t, q, c] back to nodes [n, c]. */
export function gatherNodes(tileRows: tf.Tensor3D, layout: TileLayout): tf.Tensor2D {
  return tf.gather(tileRows.reshape([-1, tileRows.shape[2]]) as tf.Tensor2D, layout.nodeRows);
}

/** Every pair of a node and a neighbour inside the map, with its place in the windowed map and in the tiles. */
function forEachTilePair(layout: TileLayout, visit: (inWindow: number, inTiles: number) => void): void {
  const { height, width, radius, queries, keys } = layout;
  const { columns, tileHeight, tileWidth } = tiling(height, width);
  const d = 2 * radius + 1;
  const area = windowArea(layout);
  const haloWidth = tileWidth + 2 * radius;
  const first = Int32Array.from({ length: height * width }, (_, node) => {
    const [y, x] = [Math.floor(node / width), node % width];
    const tile = Math.floor(y / tileHeight) * columns + Math.floor(x / tileWidth);
    const [ty, tx] = [y % tileHeight, x % tileWidth];
    return (tile * queries + ty * tileWidth + tx) * keys + ty * haloWidth + tx;
  });
  const inHalo = Int32Array.from({ length: area }, (_, offset) => Math.floor(offset / d) * haloWidth + (offset % d));
  forEachNeighbour(layout, (pair, node) => visit(pair, first[node] + inHalo[pair - node * area]));
}

/** As many equal tiles as fit a target side of TILE nodes. */
function tiling(
  height: number,
  width: number,
): { rows: number; columns: number; tileHeight: number; tileWidth: number } {
  const tileHeight = Math.ceil(height / Math.max(1, Math.round(height / TILE)));
  const tileWidth = Math.ceil(width / Math.max(1, Math.round(width / TILE)));
  return { rows: Math.ceil(height / tileHeight), columns: Math.ceil(width / tileWidth), tileHeight, tileWidth };
}
