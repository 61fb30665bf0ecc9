/**
 * How alike two cells of a window are: do they share segments (at three scales), colours and textures? Their distances
 * are added, scaled so that the window's median affinity is the same for every image, and exp(−distance) taken.
 */

import {
  CELL,
  forEachNeighbour,
  oppositePair,
  type WindowedMap,
  type WindowGrid,
  windowArea,
  windowSize,
} from "../window/windowed-map";
import type { CellGrid } from "./cells";
import type { Segmentation } from "./segments";

export interface AffinityInput {
  readonly grid: CellGrid;
  readonly radius: number;
  readonly segmentations: readonly Segmentation[];
  /** Mean Lab, [n, 3]. */
  readonly colour: Float32Array;
  /** [n, channels], of unit variance altogether. */
  readonly texture: Float32Array;
}

const WEIGHTS = { segments: 1, colour: 1, texture: 0.5 };
/** Lab distance at which colours begin to be different things rather than shades of one. */
const COLOUR_SCALE = 12;
/**
 * What a trained network's loss drives at is 1 within a thing and 0 across its border. Most windows hold several things,
 * so the median pair is near the low end; the factor is bounded, for images that are one thing all over.
 */
const MEDIAN_AFFINITY = 0.15;
const FACTOR_BOUNDS = [1, 3];

/** 1 at the centre, 0 outside the map. */
export function windowAffinity({ grid, radius, segmentations, colour, texture }: AffinityInput): WindowedMap {
  const { height, width } = grid;
  const n = height * width;
  const window: WindowGrid = { height, width, radius };
  const area = windowArea(window);
  const channels = texture.length / n;
  const shares = segmentations.map((segmentation) => cellShares(segmentation, grid));
  const distance = (i: number, j: number): number => {
    let apart = 0;
    for (const share of shares) apart += 1 - overlap(share, i, j);
    let colours = 0;
    for (let c = 0; c < 3; c++) colours += (colour[3 * i + c] - colour[3 * j + c]) ** 2;
    let textures = 0;
    for (let c = 0; c < channels; c++) textures += (texture[i * channels + c] - texture[j * channels + c]) ** 2;
    return (
      (WEIGHTS.segments * apart) / shares.length +
      WEIGHTS.colour * (1 - Math.exp(-colours / (2 * COLOUR_SCALE ** 2))) +
      WEIGHTS.texture * (1 - Math.exp(-textures))
    );
  };
  const distances = new Float32Array(windowSize(window)).fill(Number.POSITIVE_INFINITY);
  // Distances are symmetric: each pair is measured once, from the cell that comes first.
  forEachNeighbour(window, (pair, i, j) => {
    if (j < i) return;
    const value = i === j ? 0 : distance(i, j);
    distances[pair] = value;
    distances[oppositePair(pair, i, j, area)] = value;
  });
  const factor = calibration(distances, (area - 1) / 2, area);
  return { ...window, values: distances.map((value) => Math.exp(-factor * value)) };
}

/** The factor that brings the median affinity to MEDIAN_AFFINITY, within bounds. */
function calibration(distances: Float32Array, centre: number, window: number): number {
  const pairs = distances.filter((value, i) => i % window > centre && value < Number.POSITIVE_INFINITY).sort();
  const median = pairs.length === 0 ? 0 : pairs[Math.floor(pairs.length / 2)];
  const [low, high] = FACTOR_BOUNDS;
  return Math.min(high, Math.max(low, -Math.log(MEDIAN_AFFINITY) / Math.max(median, 1e-6)));
}

/** The segments in each cell with their shares of its pixels, by ascending segment: cell i's are start[i]…start[i+1]−1. */
interface CellShares {
  readonly start: Int32Array;
  readonly segment: Int32Array;
  readonly share: Float32Array;
}

function cellShares({ segment }: Segmentation, { height, width, imageWidth, imageHeight }: CellGrid): CellShares {
  const start = new Int32Array(height * width + 1);
  const segments: number[] = [];
  const shares: number[] = [];
  const counts = new Map<number, number>();
  for (let cell = 0; cell < height * width; cell++) {
    const left = (cell % width) * CELL;
    const top = Math.floor(cell / width) * CELL;
    const right = Math.min(imageWidth, left + CELL);
    const bottom = Math.min(imageHeight, top + CELL);
    counts.clear();
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++) {
        const s = segment[y * imageWidth + x];
        counts.set(s, (counts.get(s) ?? 0) + 1);
      }
    for (const s of [...counts.keys()].sort((a, b) => a - b)) {
      segments.push(s);
      shares.push((counts.get(s) ?? 0) / ((right - left) * (bottom - top)));
    }
    start[cell + 1] = segments.length;
  }
  return { start, segment: Int32Array.from(segments), share: Float32Array.from(shares) };
}

/** Σ over segments of the smaller share: 1 for cells within one segment, 0 for cells that share none. */
function overlap({ start, segment, share }: CellShares, i: number, j: number): number {
  let p = start[i];
  let q = start[j];
  let sum = 0;
  while (p < start[i + 1] && q < start[j + 1]) {
    if (segment[p] === segment[q]) sum += Math.min(share[p++], share[q++]);
    else if (segment[p] < segment[q]) p++;
    else q++;
  }
  return sum;
}
