/**
 * Mean-field inference with WebAssembly SIMD: the mathematics of `mean-field.ts`, equal to it up to rounding.
 *
 * Point rows hold the classes by falling total probability, filled up to vectors of four; vertex rows hold only the leading
 * vectors that are alive. A class whose Q is below ε everywhere would get about Σ compat · ε of energy from the filters at most. This
 * changes its own Q by Σ compat · ε² at most, and those of the others by no more. With ε² = 2⁻²⁵ / (classes · Σ compat) that is
 * less than the last place of a probability near 1 for all such classes together, so they are not filtered. Their Q is still
 * computed, and they are filtered again should it rise.
 *
 * Half an iteration is a number of tasks that do not touch each other's values: a filter's vertices for a few vectors of
 * classes, then the rows of some points. Two threads share them where one of them has nothing else to do.
 */

import { planMemory, VECTOR } from "../wasm/memory";
import { normalisationOf, type PairwiseKernel } from "./mean-field";
import {
  addSlice,
  forRanges,
  type Pass,
  type PlacedLattice,
  type PointRows,
  placeLattice,
  splatAndBlur,
  writeNormalised,
} from "./placed-lattice";
import { rowKernels } from "./row-kernels";
import { aloneWithTasks, type Task, type TaskLead } from "./shared-tasks";

/** Half the last place of a float32 below 1. */
const ROUNDING = 2 ** -25;
/** Vectors of a vertex row: few enough that the vertices stay in the cache. The remaining classes are filtered in later passes. */
const MOST_BLOCKS = 3;
/** The order of the classes is read off every so-many-th pixel. */
const MASS_STRIDE = 17;
/** Logarithm of the probability of the classes that only fill up the last vector. */
const NEVER = -1e30;

/** Points whose rows one task computes: those of some ranges. */
const TASK_POINTS = 16384;
/** Kinds of tasks: the filters' way to the vertices, and the way back with everything else. */
const FILTER = 0;
const UPDATE = 1;

/** One inference in memory: addresses and numbers, so that another thread can lend a hand. */
export interface PlacedField {
  readonly logarithms: PointRows;
  readonly q: PointRows;
  /** Where each thread keeps the largest probability of each class. */
  readonly largest: readonly [number, number];
  readonly terms: readonly { readonly lattice: PlacedLattice; readonly compat: number }[];
}

/**
 * Same contract as `meanField`.
 * @param begin where a second thread may lend a hand: tells it of the inference in memory; the result is the same
 * @throws where 4 GiB of memory are not enough
 */
export function meanFieldSimd(
  probabilities: Float32Array,
  order: Int32Array,
  kernels: readonly PairwiseKernel[],
  iterations: number,
  begin: (field: PlacedField) => TaskLead = () => aloneWithTasks,
): Float32Array {
  const points = order.length;
  const classes = probabilities.length / points;
  const blocks = Math.ceil(classes / 4);
  const rowBytes = blocks * VECTOR;
  const plan = planMemory();
  const largestAt = [plan.reserve(rowBytes), plan.reserve(rowBytes)] as const;
  const logarithms = { begin: plan.reserve(points * rowBytes), points, blocks };
  const q = { begin: plan.reserve(points * rowBytes), points, blocks };
  const terms = kernels.map(({ lattice, compat }) => ({ lattice: placeLattice(lattice, blocks, plan), compat }));
  const buffer = plan.claim();
  terms.forEach(({ lattice }, index) => {
    writeNormalised(kernels[index].lattice, lattice, q.begin, normalisationOf, buffer);
  });
  const columns = classesByMass(probabilities, classes);
  const rows = new Float32Array(buffer, logarithms.begin, points * blocks * 4);
  writeRows(probabilities, order, columns, rows);
  rowKernels(blocks).logarithm(logarithms.begin, logarithms.begin + points * rowBytes);
  fillUpRows(classes, blocks * 4, rows);

  const field: PlacedField = { logarithms, q, largest: largestAt, terms };
  const largest = largestAt.map((at) => new Float32Array(buffer, at, blocks * 4));
  const compats = kernels.reduce((sum, { compat }) => sum + Math.abs(compat), 0);
  const negligible = Math.sqrt(ROUNDING / (classes * compats));
  const lead = begin(field);
  try {
    let alive = 0;
    for (let iteration = 0; iteration <= iterations; iteration++) {
      const [filters, updates] = [FILTER, UPDATE].map((kind) => fieldTask(field, kind, alive, buffer));
      lead.run(FILTER, alive, passesOver(alive).length * terms.length, filters);
      for (const each of largest) each.fill(0);
      lead.run(UPDATE, alive, Math.ceil(points / TASK_POINTS), updates);
      alive = aliveBlocks(largest, negligible);
    }
  } finally {
    lead.end();
  }
  return readRows(new Float32Array(buffer, q.begin, points * blocks * 4), order, columns);
}

/** The tasks of one half of an iteration. @param alive leading vectors of a row that are filtered */
export function fieldTask(
  { logarithms, q, largest, terms }: PlacedField,
  kind: number,
  alive: number,
  buffer: ArrayBuffer,
): Task {
  const passes = passesOver(alive);
  if (kind === FILTER)
    return (index) =>
      splatAndBlur(terms[index % terms.length].lattice, passes[Math.floor(index / terms.length)], q, buffer);
  const { points, blocks } = q;
  const rowBytes = blocks * VECTOR;
  const copied = alive < blocks || terms.length === 0;
  const { softmax } = rowKernels(blocks);
  return (index, thread) =>
    forRanges(index * TASK_POINTS, Math.min(points, (index + 1) * TASK_POINTS), (from, to) => {
      const [begin, end] = [from, to].map((point) => point * rowBytes);
      if (copied) {
        new Uint8Array(buffer).copyWithin(q.begin + begin, logarithms.begin + begin, logarithms.begin + end);
      }
      terms.forEach(({ lattice, compat }, term) => {
        const sum = term === 0 && !copied ? logarithms : q;
        for (const pass of passes) addSlice(lattice, pass, sum, q, compat, from, to);
      });
      softmax(q.begin + begin, q.begin + end, largest[thread]);
    });
}

/** Leading vectors of a row up to the last one in which some class is likely somewhere. */
function aliveBlocks([first, second]: readonly Float32Array[], negligible: number): number {
  let last = first.length - 1;
  while (last >= 0 && Math.max(first[last], second[last]) < negligible) last--;
  return Math.floor(last / 4) + 1;
}

/** The leading vectors, a few at a time. */
function passesOver(alive: number): Pass[] {
  const passes: Pass[] = [];
  for (let first = 0; first < alive; first += MOST_BLOCKS) {
    passes.push({ first, blocks: Math.min(MOST_BLOCKS, alive - first) });
  }
  return passes;
}

/** Classes by falling probability over some of the pixels: their order is a matter of speed only. */
function classesByMass(probabilities: Float32Array, classes: number): Int32Array {
  const mass = new Float64Array(classes);
  for (let row = 0; row < probabilities.length; row += classes * MASS_STRIDE) {
    for (let c = 0; c < classes; c++) mass[c] += probabilities[row + c];
  }
  return Int32Array.from(mass.keys()).sort((a, b) => mass[b] - mass[a] || a - b);
}

/** [pixels, classes] → rows of whole vectors in the order of the points, the classes in that of the columns. */
function writeRows(probabilities: Float32Array, order: Int32Array, columns: Int32Array, rows: Float32Array): void {
  const classes = columns.length;
  const width = Math.ceil(classes / 4) * 4;
  for (let point = 0; point < order.length; point++) {
    const from = order[point] * classes;
    const to = point * width;
    for (let c = 0; c < classes; c++) rows[to + c] = probabilities[from + columns[c]];
  }
}

function fillUpRows(classes: number, width: number, rows: Float32Array): void {
  for (let row = 0; row < rows.length; row += width) {
    for (let c = classes; c < width; c++) rows[row + c] = NEVER;
  }
}

function readRows(rows: Float32Array, order: Int32Array, columns: Int32Array): Float32Array {
  const classes = columns.length;
  const width = Math.ceil(classes / 4) * 4;
  const probabilities = new Float32Array(order.length * classes);
  for (let point = 0; point < order.length; point++) {
    const from = point * width;
    const to = order[point] * classes;
    for (let c = 0; c < classes; c++) probabilities[to + columns[c]] = rows[from + c];
  }
  return probabilities;
}
