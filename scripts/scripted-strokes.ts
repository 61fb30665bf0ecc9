/**
 * A scripted annotator: where it strokes, and how. It strokes along the middle of the largest region that is wrong, as a
 * person would, so that curves over the number of strokes can be measured on many photographs.
 */

import type { ShapeStroke } from "../src/annotate/protocol";
import type { LabelMap } from "../src/data/label-png";

/** Of each class that the photograph shows, background included: its largest region, along its middle. */
export function firstStrokes(truth: LabelMap, ignore: number): ShapeStroke[] {
  const classes = [...new Set(truth.data)].filter((value) => value !== ignore).sort((a, b) => a - b);
  return classes.flatMap((label) => {
    const region = largestRegion(truth, (i) => truth.data[i] === label);
    return region === undefined ? [] : [{ class: label, points: middleLine(region, truth) }];
  });
}

/**
 * Along the middle of the largest region of one class of the truth that is wrong in every one of the labels.
 * @returns undefined where all are right but for specks
 */
export function strokeOnLargestError(
  labels: readonly Pick<LabelMap, "data">[],
  truth: LabelMap,
  ignore: number,
): ShapeStroke | undefined {
  let best: { region: Uint8Array; area: number; class: number } | undefined;
  for (const value of new Set(truth.data)) {
    if (value === ignore) continue;
    const region = largestRegion(
      truth,
      (i) => truth.data[i] === value && labels.every(({ data }) => data[i] !== value),
    );
    const area = region?.reduce((sum, inside) => sum + inside, 0) ?? 0;
    if (region !== undefined && area > (best?.area ?? 30)) best = { region, area, class: value };
  }
  return best === undefined ? undefined : { class: best.class, points: middleLine(best.region, truth) };
}

/** 1 inside. */
function largestRegion({ width, height }: LabelMap, isIn: (pixel: number) => boolean): Uint8Array | undefined {
  const seen = new Uint8Array(width * height);
  let best: number[] = [];
  for (let start = 0; start < seen.length; start++) {
    if (seen[start] === 1 || !isIn(start)) continue;
    const pixels = [start];
    seen[start] = 1;
    for (let at = 0; at < pixels.length; at++) {
      const pixel = pixels[at];
      const x = pixel % width;
      for (const next of [x > 0 ? pixel - 1 : -1, x < width - 1 ? pixel + 1 : -1, pixel - width, pixel + width])
        if (next >= 0 && next < seen.length && seen[next] === 0 && isIn(next)) {
          seen[next] = 1;
          pixels.push(next);
        }
    }
    if (pixels.length > best.length) best = pixels;
  }
  if (best.length === 0) return undefined;
  const region = new Uint8Array(width * height);
  for (const pixel of best) region[pixel] = 1;
  return region;
}

/**
 * As a person would: from where the region is thickest, along its longer side, in the middle of what is left and right of
 * the way, for as long as it is at least half as thick.
 */
function middleLine(region: Uint8Array, { width, height }: LabelMap): number[] {
  const depth = depths(region, width, height);
  let start = 0;
  for (let i = 0; i < depth.length; i++) if (depth[i] > depth[start]) start = i;
  const half = (sign: number): number[] => {
    const points: number[] = [];
    let at = start;
    for (let steps = 0; steps < 60; steps++) {
      let best = -1;
      const [x, y] = [at % width, Math.floor(at / width)];
      for (let dy = -4; dy <= 4; dy++)
        for (let dx = -4; dx <= 4; dx++) {
          const ahead = (isWide ? dx : dy) * sign;
          const [u, v] = [x + dx, y + dy];
          if (ahead < 2 || u < 0 || v < 0 || u >= width || v >= height) continue;
          const next = v * width + u;
          if (best < 0 || depth[next] > depth[best]) best = next;
        }
      if (best < 0 || depth[best] < Math.max(2, depth[start] / 2)) break;
      points.push(best % width, Math.floor(best / width));
      at = best;
    }
    return points;
  };
  const isWide = extent(region, width, height);
  const back = half(-1);
  const reversed: number[] = [];
  for (let i = back.length - 2; i >= 0; i -= 2) reversed.push(back[i], back[i + 1]);
  return [...reversed, start % width, Math.floor(start / width), ...half(1)];
}

/** Steps to the border of the region, in chessboard's moves. */
function depths(region: Uint8Array, width: number, height: number): Uint16Array {
  const depth = new Uint16Array(region.length);
  const at = (x: number, y: number): number => (x < 0 || y < 0 || x >= width || y >= height ? 0 : depth[y * width + x]);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (region[y * width + x])
        depth[y * width + x] = 1 + Math.min(at(x - 1, y), at(x, y - 1), at(x - 1, y - 1), at(x + 1, y - 1));
  for (let y = height - 1; y >= 0; y--)
    for (let x = width - 1; x >= 0; x--) {
      const i = y * width + x;
      if (region[i])
        depth[i] = Math.min(depth[i], 1 + Math.min(at(x + 1, y), at(x, y + 1), at(x + 1, y + 1), at(x - 1, y + 1)));
    }
  return depth;
}

function extent(region: Uint8Array, width: number, height: number): boolean {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let i = 0; i < region.length; i++) {
    if (region[i] === 0) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  }
  return right - left >= bottom - top;
}
