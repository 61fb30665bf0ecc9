/**
 * Segments of an image at several scales (Felzenszwalb & Huttenlocher, IJCV 2004): pixels are joined along edges from the
 * most to the least alike, as long as an edge is no stronger than either part's inner variation plus scale / size.
 */

import type { LabImage } from "./lab";

export interface Segmentation {
  readonly count: number;
  /** Segment of each pixel, 0…count−1 in scan order of their first pixels, [height·width]. */
  readonly segment: Int32Array;
}

/** Steps of edge weight; weights are distances in Lab. */
const WEIGHT_STEP = 1 / 8;
const WEIGHTS = 1024;

/**
 * @param scales preferences for large segments, in Lab distance × pixels; ascending
 * @param smallest segments of fewer pixels are joined to their most alike neighbour
 */
export function segmentImage(image: LabImage, scales: readonly number[], smallest: readonly number[]): Segmentation[] {
  const edges = sortedEdges(image);
  return scales.map((scale, i) => segmentAtScale(image.width * image.height, edges, scale, smallest[i]));
}

interface Edges {
  /** The two pixels of each edge, and its weight, ascending. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly weight: Uint16Array;
}

/** 8-connected edges in counting-sorted order. */
function sortedEdges({ width, height, l, a, b }: LabImage): Edges {
  const most = 4 * width * height;
  const from = new Int32Array(most);
  const to = new Int32Array(most);
  const weight = new Uint16Array(most);
  const counts = new Int32Array(WEIGHTS + 1);
  let edges = 0;
  const add = (i: number, j: number): void => {
    const distance = Math.sqrt((l[i] - l[j]) ** 2 + (a[i] - a[j]) ** 2 + (b[i] - b[j]) ** 2);
    const step = Math.min(WEIGHTS - 1, (distance / WEIGHT_STEP) | 0);
    from[edges] = i;
    to[edges] = j;
    weight[edges++] = step;
    counts[step + 1]++;
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (x + 1 < width) add(i, i + 1);
      if (y + 1 < height) {
        add(i, i + width);
        if (x + 1 < width) add(i, i + width + 1);
        if (x > 0) add(i, i + width - 1);
      }
    }
  }
  for (let step = 0; step < WEIGHTS; step++) counts[step + 1] += counts[step];
  const sorted = { from: new Int32Array(edges), to: new Int32Array(edges), weight: new Uint16Array(edges) };
  for (let e = 0; e < edges; e++) {
    const place = counts[weight[e]]++;
    sorted.from[place] = from[e];
    sorted.to[place] = to[e];
    sorted.weight[place] = weight[e];
  }
  return sorted;
}

function segmentAtScale(pixels: number, { from, to, weight }: Edges, scale: number, smallest: number): Segmentation {
  const parent = Int32Array.from({ length: pixels }, (_, i) => i);
  const size = new Int32Array(pixels).fill(1);
  const threshold = new Float32Array(pixels).fill(scale);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) {
      parent[root] = parent[parent[root]];
      root = parent[root];
    }
    return root;
  };
  const join = (i: number, j: number): number => {
    const [large, small] = size[i] >= size[j] ? [i, j] : [j, i];
    parent[small] = large;
    size[large] += size[small];
    return large;
  };
  for (let e = 0; e < from.length; e++) {
    const i = find(from[e]);
    const j = find(to[e]);
    const w = weight[e] * WEIGHT_STEP;
    if (i === j || w > threshold[i] || w > threshold[j]) continue;
    const root = join(i, j);
    threshold[root] = w + scale / size[root];
  }
  for (let e = 0; e < from.length; e++) {
    const i = find(from[e]);
    const j = find(to[e]);
    if (i !== j && (size[i] < smallest || size[j] < smallest)) join(i, j);
  }
  const number = new Int32Array(pixels).fill(-1);
  const segment = new Int32Array(pixels);
  let count = 0;
  for (let i = 0; i < pixels; i++) {
    const root = find(i);
    if (number[root] < 0) number[root] = count++;
    segment[i] = number[root];
  }
  return { count, segment };
}
