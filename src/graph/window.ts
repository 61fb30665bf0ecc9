/**
 * The only index arithmetic of the graph. Every node (a grid cell, row-major) sees the (2r+1)² window around it; a windowed
 * array holds one value per node and window offset, [n, d·d], offset (dy + r)·d + (dx + r). Products over windows run on
 * tiles: each tile of nodes meets the tile widened by r on every side (its halo), so memory stays linear in the nodes and
 * nothing is ever N×N.
 */

import * as tf from "@tensorflow/tfjs";

/** Nodes along one side of a tile. Small tiles waste fewer products on pairs that no window holds. */
const TILE = 8;

/** Shape letters: t tiles, q nodes of a tile, k nodes of its halo, n nodes, d = 2·radius + 1. */
export interface TileLayout {
  readonly height: number;
  readonly width: number;
  readonly radius: number;
  readonly tiles: number;
  readonly queries: number;
  readonly keys: number;
  /** Node of each tile row, [t·q]; rows outside the map point at node 0 and are masked by `windowToTiles`. */
  readonly queryNodes: tf.Tensor1D;
  /** Node of each halo row, [t·k]; likewise. */
  readonly keyNodes: tf.Tensor1D;
  /** Where each node stands among the tile rows, [n]: the inverse of `queryNodes`. */
  readonly nodeRows: tf.Tensor1D;
  dispose(): void;
}

/** The tiles of an h×w map for a window radius. The caller disposes them. */
export function createTileLayout(height: number, width: number, radius: number): TileLayout {
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
  const tensors = [queryNodes, keyNodes, nodeRows].map((indices) => tf.tensor1d(indices, "int32"));
  return {
    height,
    width,
    radius,
    tiles,
    queries,
    keys,
    queryNodes: tensors[0],
    keyNodes: tensors[1],
    nodeRows: tensors[2],
    dispose: () => tf.dispose(tensors),
  };
}

/**
 * Spreads a windowed array [n, d·d] over the tiles: [t, q, k], with `outside` wherever the halo node is out of the window,
 * or either node out of the map.
 */
export function windowToTiles(windowed: Float32Array, layout: TileLayout, outside: number): tf.Tensor3D {
  const { tiles, queries, keys } = layout;
  const values = new Float32Array(tiles * queries * keys).fill(outside);
  forEachPair(layout, (inWindow, inTiles) => {
    values[inTiles] = windowed[inWindow];
  });
  return tf.tensor3d(values, [tiles, queries, keys]);
}

/** The inverse: [t, q, k] to [n, d·d], 0 for neighbours outside the map. */
export function tilesToWindow(tiles: Float32Array, layout: TileLayout): Float32Array {
  const windowed = new Float32Array(layout.height * layout.width * (2 * layout.radius + 1) ** 2);
  forEachPair(layout, (inWindow, inTiles) => {
    windowed[inWindow] = tiles[inTiles];
  });
  return windowed;
}

/** The windowed array of the transposed matrix: (Mᵀ)[j][o] = M[j + o][−o]; neighbours outside the map give 0. */
export function transposeWindow(windowed: Float32Array, height: number, width: number, radius: number): Float32Array {
  const d = 2 * radius + 1;
  const out = new Float32Array(windowed.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = (y * width + x) * d * d;
      for (let wy = Math.max(0, radius - y); wy < Math.min(d, height + radius - y); wy++) {
        for (let wx = Math.max(0, radius - x); wx < Math.min(d, width + radius - x); wx++) {
          const neighbour = (y + wy - radius) * width + x + wx - radius;
          out[to + wy * d + wx] = windowed[neighbour * d * d + (d - 1 - wy) * d + (d - 1 - wx)];
        }
      }
    }
  }
  return out;
}

/** Rows of [n, c] as tile rows [t, q, c]. */
export function gatherQueries(nodes: tf.Tensor2D, layout: TileLayout): tf.Tensor3D {
  return tf.gather(nodes, layout.queryNodes).reshape([layout.tiles, layout.queries, nodes.shape[1]]);
}

/** Rows of [n, c] as halo rows [t, k, c]. */
export function gatherKeys(nodes: tf.Tensor2D, layout: TileLayout): tf.Tensor3D {
  return tf.gather(nodes, layout.keyNodes).reshape([layout.tiles, layout.keys, nodes.shape[1]]);
}

/** Tile rows [t, q, c] back to nodes [n, c]. */
export function gatherNodes(tileRows: tf.Tensor3D, layout: TileLayout): tf.Tensor2D {
  return tf.gather(tileRows.reshape([-1, tileRows.shape[2]]) as tf.Tensor2D, layout.nodeRows);
}

/** Calls back for every pair of a node and a neighbour inside the map, with both positions. */
function forEachPair(layout: TileLayout, visit: (inWindow: number, inTiles: number) => void): void {
  const { height, width, radius, queries, keys } = layout;
  const { columns, tileHeight, tileWidth } = tiling(height, width);
  const d = 2 * radius + 1;
  const haloWidth = tileWidth + 2 * radius;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const tile = Math.floor(y / tileHeight) * columns + Math.floor(x / tileWidth);
      const ty = y % tileHeight;
      const tx = x % tileWidth;
      const from = (y * width + x) * d * d;
      const to = (tile * queries + ty * tileWidth + tx) * keys;
      for (let wy = Math.max(0, radius - y); wy < Math.min(d, height + radius - y); wy++) {
        for (let wx = Math.max(0, radius - x); wx < Math.min(d, width + radius - x); wx++) {
          visit(from + wy * d + wx, to + (ty + wy) * haloWidth + tx + wx);
        }
      }
    }
  }
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
