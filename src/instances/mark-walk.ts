/**
 * Which of several objects of one class a cell of the graph belongs to: a random walk with restarts at what is certain
 * (docs/method.md, section 6.7; Grady, CVPR 2005 and PAMI 2006). Each mark's share solves
 *
 *     p_i = (Σ_j a_ij m_j p_j + λ u_i) / (Σ_j a_ij m_j + λ v_i)
 *
 * over the cells of its span, and is 0 outside: a are the graph's affinities within the window, m_j how much of a cell is
 * of the class, u_i the pixels that are this mark's (those that several claim count little, by how near the middle of each
 * box they are), v_i the sum of all marks' u_i. The window lets a share step across what stands in front of an object.
 */

import { forEachNeighbourOf, type WindowedMap } from "../window/windowed-map";
import type { Span } from "./instance-mark";

/** Cells of the graph, and the pixels along the side of one: a fraction where the graph is of a reduced photograph. */
export interface CellGraph {
  readonly affinity: WindowedMap;
  readonly cell: number;
}

/** One mark's cells: a value for each cell of the span, row by row. */
export interface CellMap extends Span {
  readonly values: Float32Array;
}

/** Weight of a cell whose pixels are all certain, beside affinities that sum to some tens. */
const CERTAINTY = 20;
/** Affinities are calibrated for attention, which multiplies them by ten in an exponent: here they become as sharp. */
const SHARPNESS = 3;
const SWEEPS = 24;

/**
 * Each mark's share of each cell of its span, 0…1.
 * @param coverage share of each cell that is of the class, [n]
 * @param certain u of each mark: pixels that are its own, as a share of the cell
 */
export function walkMarks(graph: CellGraph, coverage: Float32Array, certain: readonly CellMap[]): CellMap[] {
  const neighbours = neighboursOf(graph.affinity, coverage);
  const total = new Float32Array(coverage.length);
  for (const map of certain) eachCell(map, graph, (cell, at) => (total[cell] += map.values[at]));
  const sums = neighbours.map((of) => of?.weights.reduce((sum, weight) => sum + weight, 0) ?? 0);
  return certain.map((map) => {
    const share = new Float32Array(coverage.length); // of all cells, so that 0 stands outside the span
    const cells: number[] = [];
    const sources: number[] = [];
    eachCell(map, graph, (cell, at) => {
      if (coverage[cell] === 0) return;
      cells.push(cell);
      sources.push(CERTAINTY * map.values[at]);
    });
    for (let sweep = 0; sweep < SWEEPS; sweep++)
      for (let step = 0; step < cells.length; step++) {
        const place = sweep % 2 === 0 ? step : cells.length - 1 - step;
        const cell = cells[place];
        const of = neighbours[cell];
        let sum = sources[place];
        if (of !== undefined) for (let k = 0; k < of.cells.length; k++) sum += of.weights[k] * share[of.cells[k]];
        const weight = sums[cell] + CERTAINTY * total[cell];
        share[cell] = weight > 0 ? sum / weight : 0;
      }
    const values = new Float32Array(map.values.length);
    eachCell(map, graph, (cell, at) => (values[at] = share[cell]));
    return { ...map, values };
  });
}

/** A map's value at a pixel, between the middles of cells; cells without any of the class do not count. */
export function valueAt(
  map: CellMap,
  { affinity, cell }: CellGraph,
  coverage: Float32Array,
  x: number,
  y: number,
): number {
  const [fx, fy] = [(x + 0.5) / cell - 0.5, (y + 0.5) / cell - 0.5];
  const [left, top] = [Math.floor(fx), Math.floor(fy)];
  let [sum, weights] = [0, 0];
  for (let v = Math.max(0, top); v <= Math.min(affinity.height - 1, top + 1); v++)
    for (let u = Math.max(0, left); u <= Math.min(affinity.width - 1, left + 1); u++) {
      if (coverage[v * affinity.width + u] === 0) continue;
      const weight = (1 - Math.abs(fx - u)) * (1 - Math.abs(fy - v));
      weights += weight;
      if (u < map.left || u > map.right || v < map.top || v > map.bottom) continue;
      sum += weight * map.values[(v - map.top) * (map.right - map.left + 1) + u - map.left];
    }
  return weights > 0 ? sum / weights : 0;
}

/** Calls `visit` with each cell of a span and its place in the span's values. */
function eachCell(span: Span, { affinity }: CellGraph, visit: (cell: number, at: number) => void): void {
  let at = 0;
  for (let y = span.top; y <= span.bottom; y++)
    for (let x = span.left; x <= span.right; x++) visit(y * affinity.width + x, at++);
}

// --- internal ---

interface Neighbours {
  readonly cells: Int32Array;
  /** Affinity times the neighbour's coverage. */
  readonly weights: Float32Array;
}

/** For each cell that holds any of the class, the neighbours that do too. */
function neighboursOf(affinity: WindowedMap, coverage: Float32Array): (Neighbours | undefined)[] {
  return Array.from(coverage, (share, cell) => {
    if (share === 0) return undefined;
    const cells: number[] = [];
    const weights: number[] = [];
    forEachNeighbourOf(affinity, cell, (pair, _, neighbour) => {
      if (neighbour === cell || coverage[neighbour] === 0) return;
      cells.push(neighbour);
      weights.push(affinity.values[pair] ** SHARPNESS * coverage[neighbour]);
    });
    return { cells: Int32Array.from(cells), weights: Float32Array.from(weights) };
  });
}
