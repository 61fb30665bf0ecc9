/**
 * From the class of every pixel to the object of every pixel: each box, click or stroke that stands for an object gets the
 * pixels of its class that are its own. A pixel in one box alone is that box's, wherever in it: parts of an object that
 * something in front separates stay together. Where boxes of a class overlap, the graph decides (`mark-walk.ts`), or the
 * smaller box wins. A box that the class label has left nearly empty falls back on its shape (`lost-objects.ts`). Ours
 * (docs/method.md, section 6.7); the published method labels classes only.
 */

import { MAX_PIXELS } from "../data/bounded-file";
import type { ImageSize } from "../data/dataset";
import type { LabelMap } from "../data/label-png";
import type { Instance } from "./instance";
import { eachPixelOf, type InstanceMark, isWithin, type Span, spanArea, spanOf } from "./instance-mark";
import { fillLost } from "./lost-objects";
import { type CellGraph, type CellMap, valueAt, walkMarks } from "./mark-walk";
import { encodeOwners, maskBox } from "./rle";

export type InstanceRule = "graph" | "smaller";

const LEAST_SHARE = 0.35;

export interface InstanceLabelOptions {
  /** Who gets a pixel that several marks of its class claim. Default "graph". */
  readonly rule?: InstanceRule;
  /**
   * A box with less than this share of its pixels labelled as its object gets the ellipse within it as well: the label has lost
   * the object, and the box still says where it is. 0: never. Default 0.35, chosen on photographs (docs/instances.md).
   */
  readonly leastShare?: number;
}

export interface LabelledPixels {
  readonly label: LabelMap;
  /** [H·W, K], a column for each of `classes`. */
  readonly probabilities: Float32Array;
  readonly classes: readonly number[];
  /** Size of the probabilities where they belong to a reduced photograph. Default: the label's. */
  readonly probabilitySize?: ImageSize;
  /** 1 where a person drew, on the background too: there the label is certain, [H·W]. */
  readonly isDrawn?: Uint8Array;
}

export interface InstanceLabels {
  /** Index of the mark whose object a pixel is of, −1 where there is none, [H·W]. */
  readonly owners: Int32Array;
  /** One a mark, in order. Its score is the mean probability of its class on its pixels, 0 where it has none. */
  readonly instances: readonly LabelledInstance[];
}

export interface LabelledInstance extends Instance {
  /** The class label has lost the object: its mask is the ellipse within its box. */
  readonly isFilled: boolean;
}

const NOBODY = -1;
/** How much a pixel that several boxes claim says for each of them, beside one that a single box claims. */
const DOUBT = 0.05;
/** How much a pixel counts that somebody drew on: a click is few pixels. */
const DRAWN = 4;
/** Standard deviation of an object's pixels, in halves of its box. */
const SPREAD = 0.7;
/** Pixels of a stroke that distances are measured to. */
const MOST_LOOKED_AT = 64;

/** @param graph needed for "graph" only */
export function instanceLabels(
  labelled: LabelledPixels,
  marks: readonly InstanceMark[],
  graph: CellGraph | undefined,
  { rule = "graph", leastShare = LEAST_SHARE }: InstanceLabelOptions = {},
): InstanceLabels {
  const { label } = labelled;
  const owners = new Int32Array(label.data.length).fill(NOBODY);
  const best = new Float64Array(label.data.length).fill(Number.NEGATIVE_INFINITY);
  for (const value of new Set(marks.map((mark) => mark.class))) {
    const claims = marks.flatMap((mark, index): Claim[] =>
      mark.class === value ? [{ index, mark, span: spanOf(mark, label) }] : [],
    );
    const preference = rule === "graph" && graph !== undefined ? byWalk(claims, label, graph) : bySize(label);
    for (const [place, claim] of claims.entries())
      eachPixelOf(claim.span, label.width, (pixel, x, y) => {
        if (label.data[pixel] !== value) return;
        const weight = preference(place, claim, x, y);
        if (owners[pixel] !== NOBODY && weight <= best[pixel]) return;
        owners[pixel] = claim.index;
        best[pixel] = weight;
      });
  }
  const filled = fillLost(owners, marks, labelled, leastShare);
  for (const [index, mark] of marks.entries()) for (const pixel of Array.from(mark.pixels ?? [])) owners[pixel] = index;
  return { owners, instances: collect(owners, marks, filled, labelled) };
}

// --- internal ---

/** A mark of the class in hand. */
interface Claim {
  readonly index: number;
  readonly mark: InstanceMark;
  readonly span: Span;
}

/** How much a claim on a pixel weighs; the largest gets it, the first of equals. */
type Preference = (place: number, claim: Claim, x: number, y: number) => number;

/** The smaller box, then the nearer click or stroke. */
function bySize(label: LabelMap): Preference {
  return (_, { mark, span }, x, y) =>
    mark.box === undefined ? -MAX_PIXELS - distanceTo(mark, span, x, y, label.width) : -spanArea(span);
}

function byWalk(claims: readonly Claim[], label: LabelMap, graph: CellGraph): Preference {
  if (!someOverlap(claims)) return bySize(label); // no pixel has two claims
  const coverage = coverageOf(label, claims[0].mark.class, graph);
  const shares = walkMarks(graph, coverage, certainCells(claims, label, graph));
  // Where no share arrives, in a part far from every mark, the nearer mark gets it.
  return (place, { mark, span }, x, y) =>
    valueAt(shares[place], graph, coverage, x, y) + 1e-6 / (1 + distanceTo(mark, span, x, y, label.width));
}

function someOverlap(claims: readonly Claim[]): boolean {
  const byLeft = claims.map(({ span }) => span).sort((a, b) => a.left - b.left);
  return byLeft.some((span, i) => {
    for (let j = i + 1; j < byLeft.length && byLeft[j].left <= span.right; j++)
      if (byLeft[j].top <= span.bottom && byLeft[j].bottom >= span.top) return true;
    return false;
  });
}

/** Share of each cell that is of the class, [n]. */
function coverageOf(label: LabelMap, value: number, graph: CellGraph): Float32Array {
  const coverage = new Float32Array(graph.affinity.height * graph.affinity.width);
  for (let pixel = 0; pixel < label.data.length; pixel++)
    if (label.data[pixel] === value)
      coverage[cellOf(pixel % label.width, Math.floor(pixel / label.width), graph)] += 1 / graph.cell ** 2;
  return coverage;
}

/** For each claim, by cells: pixels that nobody else claims, those drawn on, and a little of what several boxes claim. */
function certainCells(claims: readonly Claim[], label: LabelMap, graph: CellGraph): CellMap[] {
  const claimed = new Uint16Array(label.data.length);
  const nearness = new Float32Array(label.data.length); // summed over the boxes that claim a pixel
  const drawn = new Uint8Array(label.data.length);
  for (const { mark, span } of claims) {
    for (const pixel of Array.from(mark.pixels ?? [])) drawn[pixel] = 1;
    eachPixelOf(span, label.width, (pixel, x, y) => {
      if (label.data[pixel] !== mark.class) return;
      claimed[pixel]++;
      if (mark.box !== undefined) nearness[pixel] += boxDensity(span, x, y);
    });
  }
  return claims.map(({ mark, span }) => {
    const cells = cellSpan(span, graph);
    const columns = cells.right - cells.left + 1;
    const values = new Float32Array(columns * (cells.bottom - cells.top + 1));
    const add = (x: number, y: number, weight: number): void => {
      const cell = cellOf(x, y, graph);
      const [row, column] = [Math.floor(cell / graph.affinity.width), cell % graph.affinity.width];
      values[(row - cells.top) * columns + column - cells.left] += weight / graph.cell ** 2;
    };
    eachPixelOf(span, label.width, (pixel, x, y) => {
      if (label.data[pixel] !== mark.class || drawn[pixel] === 1) return;
      if (claimed[pixel] === 1) add(x, y, 1);
      else if (mark.box !== undefined) add(x, y, (DOUBT * boxDensity(span, x, y)) / nearness[pixel]);
    });
    for (const pixel of Array.from(mark.pixels ?? [])) {
      const [x, y] = [pixel % label.width, Math.floor(pixel / label.width)];
      if (isWithin(span, x, y)) add(x, y, DRAWN);
    }
    return { ...cells, values };
  });
}

/**
 * How likely a pixel is of the object of a box, up to a factor: the objects' pixels gather in the middle of their boxes,
 * and a small box has fewer of them.
 */
function boxDensity(span: Span, x: number, y: number): number {
  const [halfWidth, halfHeight] = [(span.right - span.left + 1) / 2, (span.bottom - span.top + 1) / 2];
  const u = (x - (span.left + span.right) / 2) / halfWidth;
  const v = (y - (span.top + span.bottom) / 2) / halfHeight;
  return Math.exp(-(u * u + v * v) / (2 * SPREAD ** 2)) / (halfWidth * halfHeight);
}

function collect(
  owners: Int32Array,
  marks: readonly InstanceMark[],
  filled: ReadonlySet<number>,
  { label, probabilities, classes, probabilitySize = label }: LabelledPixels,
): LabelledInstance[] {
  const [down, across] = [probabilitySize.height / label.height, probabilitySize.width / label.width];
  const place = (pixel: number): number =>
    Math.floor(Math.floor(pixel / label.width) * down) * probabilitySize.width +
    Math.floor((pixel % label.width) * across);
  const columns = marks.map((mark) => classes.indexOf(mark.class));
  const sums = new Float64Array(marks.length);
  const pixels = new Float64Array(marks.length);
  for (const [pixel, owner] of owners.entries()) {
    if (owner === NOBODY) continue;
    pixels[owner]++;
    if (columns[owner] >= 0) sums[owner] += probabilities[place(pixel) * classes.length + columns[owner]];
  }
  return encodeOwners(owners, marks.length, label).map((mask, index) => ({
    class: marks[index].class,
    box: maskBox(mask),
    mask,
    score: pixels[index] > 0 ? sums[index] / pixels[index] : 0,
    isFilled: filled.has(index),
  }));
}

/** The cell that a pixel lies in. */
function cellOf(x: number, y: number, { affinity, cell }: CellGraph): number {
  const row = Math.min(affinity.height - 1, Math.floor(y / cell));
  return row * affinity.width + Math.min(affinity.width - 1, Math.floor(x / cell));
}

function cellSpan({ left, top, right, bottom }: Span, graph: CellGraph): Span {
  const { width } = graph.affinity;
  const [first, last] = [cellOf(left, top, graph), cellOf(right, bottom, graph)];
  return { left: first % width, top: Math.floor(first / width), right: last % width, bottom: Math.floor(last / width) };
}

/** Pixels from the nearest that is drawn on, or from the middle of the box. */
function distanceTo({ pixels }: InstanceMark, span: Span, x: number, y: number, width: number): number {
  if (pixels === undefined || pixels.length === 0)
    return Math.hypot(x - (span.left + span.right) / 2, y - (span.top + span.bottom) / 2);
  let nearest = Number.POSITIVE_INFINITY;
  const step = Math.ceil(pixels.length / MOST_LOOKED_AT);
  for (let i = 0; i < pixels.length; i += step)
    nearest = Math.min(nearest, Math.hypot((pixels[i] % width) - x, Math.floor(pixels[i] / width) - y));
  return nearest;
}
