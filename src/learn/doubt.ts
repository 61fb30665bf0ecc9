/**
 * How unsure the network is of a photograph, and where: the margin between its two best classes, by cells. A photograph's
 * doubt is the mean over its pixels; its most doubtful region is what a person should look at, or label, first.
 */

import type { ImageSize } from "../data/dataset";

export interface Doubt {
  /** From 0, sure of every pixel, to 1. */
  readonly doubt: number;
  /** In pixels, both ends included; absent where no cell is doubtful. */
  readonly region?: { readonly xmin: number; readonly ymin: number; readonly xmax: number; readonly ymax: number };
}

/** Side of a cell, pixels. */
const CELL = 16;
/** Doubt from which a cell belongs to a doubtful region. */
const DOUBTFUL = 0.5;

/** @param probabilities [H·W, K] */
export function doubtOf(probabilities: Float32Array, classes: number, { width, height }: ImageSize): Doubt {
  const columns = Math.ceil(width / CELL);
  const rows = Math.ceil(height / CELL);
  const sums = new Float64Array(rows * columns);
  const counts = new Uint32Array(rows * columns);
  let total = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const value = 1 - marginOf(probabilities, (y * width + x) * classes, classes);
      const cell = Math.floor(y / CELL) * columns + Math.floor(x / CELL);
      sums[cell] += value;
      counts[cell]++;
      total += value;
    }
  const cells = sums.map((sum, i) => sum / counts[i]);
  const region = largestRegion(cells, columns);
  const doubt = total / (width * height);
  if (region === undefined) return { doubt };
  const [left, top, right, bottom] = region;
  return {
    doubt,
    region: {
      xmin: left * CELL,
      ymin: top * CELL,
      xmax: Math.min(width, (right + 1) * CELL) - 1,
      ymax: Math.min(height, (bottom + 1) * CELL) - 1,
    },
  };
}

/** The best probability minus the second best. */
export function marginOf(probabilities: Float32Array, at: number, classes: number): number {
  let best = 0;
  let second = 0;
  for (let k = 0; k < classes; k++) {
    const value = probabilities[at + k];
    if (value > best) [best, second] = [value, best];
    else if (value > second) second = value;
  }
  return best - second;
}

/** Left, top, right, bottom of the connected cells that hold the most doubt together, in cells. */
function largestRegion(cells: Float64Array, columns: number): [number, number, number, number] | undefined {
  const seen = new Uint8Array(cells.length);
  let best: { weight: number; box: [number, number, number, number] } | undefined;
  for (let start = 0; start < cells.length; start++) {
    if (seen[start] === 1 || cells[start] < DOUBTFUL) continue;
    const stack = [start];
    seen[start] = 1;
    let weight = 0;
    const box: [number, number, number, number] = [columns, cells.length, -1, -1];
    for (let cell = stack.pop(); cell !== undefined; cell = stack.pop()) {
      const [x, y] = [cell % columns, Math.floor(cell / columns)];
      weight += cells[cell];
      [box[0], box[1]] = [Math.min(box[0], x), Math.min(box[1], y)];
      [box[2], box[3]] = [Math.max(box[2], x), Math.max(box[3], y)];
      const beside = [
        ...(x > 0 ? [cell - 1] : []),
        ...(x < columns - 1 ? [cell + 1] : []),
        ...(y > 0 ? [cell - columns] : []),
        ...(cell + columns < cells.length ? [cell + columns] : []),
      ];
      for (const next of beside) {
        if (seen[next] === 1 || cells[next] < DOUBTFUL) continue;
        seen[next] = 1;
        stack.push(next);
      }
    }
    if (best === undefined || weight > best.weight) best = { weight, box };
  }
  return best?.box;
}
