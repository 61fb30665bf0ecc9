/** The grid of cells, 8×8 pixels each as the network's stride; cells at the right and bottom may be cut by the border. */

import { CELL } from "../window/windowed-map";

export interface CellGrid {
  /** Cells down and across. */
  readonly height: number;
  readonly width: number;
  /** Cell of each pixel column and row. */
  readonly imageWidth: number;
  readonly imageHeight: number;
}

export function cellGrid(imageWidth: number, imageHeight: number): CellGrid {
  return {
    height: Math.ceil(imageHeight / CELL),
    width: Math.ceil(imageWidth / CELL),
    imageWidth,
    imageHeight,
  };
}

/** Mean of a plane [imageHeight·imageWidth] in each cell, [cells]. */
export function cellMeans(plane: Float32Array, { height, width, imageWidth, imageHeight }: CellGrid): Float32Array {
  const means = new Float32Array(height * width);
  for (let y = 0; y < imageHeight; y++) {
    const row = Math.floor(y / CELL) * width;
    for (let x = 0; x < imageWidth; x++) means[row + Math.floor(x / CELL)] += plane[y * imageWidth + x];
  }
  for (let j = 0; j < height; j++) {
    const rows = Math.min(CELL, imageHeight - j * CELL);
    for (let i = 0; i < width; i++) means[j * width + i] /= rows * Math.min(CELL, imageWidth - i * CELL);
  }
  return means;
}

/**
 * Each channel averaged over the (2·radius + 1)² cells around, clipped at the border. Channels last: [cells, channels].
 */
export function blurCells(values: Float32Array, channels: number, grid: CellGrid, radius: number): Float32Array {
  const { height, width } = grid;
  const rows = blurAlong(values, height, width, channels, radius, width * channels, channels);
  return blurAlong(rows, width, height, channels, radius, channels, width * channels);
}

/** Running means along one axis of [lines, length] cells; strides in elements. */
function blurAlong(
  values: Float32Array,
  lines: number,
  length: number,
  channels: number,
  radius: number,
  lineStride: number,
  stride: number,
): Float32Array {
  const result = new Float32Array(values.length);
  for (let line = 0; line < lines; line++) {
    for (let c = 0; c < channels; c++) {
      const start = line * lineStride + c;
      for (let i = 0; i < length; i++) {
        const low = Math.max(0, i - radius);
        const high = Math.min(length - 1, i + radius);
        let sum = 0;
        for (let k = low; k <= high; k++) sum += values[start + k * stride];
        result[start + i * stride] = sum / (high - low + 1);
      }
    }
  }
  return result;
}
