/**
 * Borders made tidy on request: jagged edges smoothed by the commonest class in a disc around each pixel, then specks given
 * to what surrounds them. What a person drew stays, and no pixel takes a class that it cannot have. Ours
 * (docs/method.md, section 6.9).
 */

import type { LabelMap } from "../data/label-png";

export interface TidyOptions {
  /** Regions of fewer pixels become what borders on them most; 0: all stay. */
  readonly minArea: number;
  /** Radius of the disc, in pixels; 0: edges stay. */
  readonly smooth: number;
}

/** What must not change. */
export interface TidyLimits {
  /** Pixels that a person drew; `ignore` elsewhere. */
  readonly drawn?: LabelMap;
  readonly ignore: number;
  /** Whether a pixel may be of a class. Default: of any. */
  mayBe?(pixel: number, label: number): boolean;
}

/** @param classes in the label: 0 … classes − 1 */
export function tidyLabel(
  label: LabelMap,
  classes: number,
  { minArea, smooth }: TidyOptions,
  limits: TidyLimits,
): LabelMap {
  const smoothed = smooth > 0 ? smoothEdges(label, classes, smooth, limits) : label;
  return minArea > 1 ? withoutSpecks(smoothed, minArea, limits) : smoothed;
}

// --- internal ---

function isDrawn(pixel: number, { drawn, ignore }: TidyLimits): boolean {
  return drawn !== undefined && drawn.data[pixel] !== ignore;
}

/** The commonest class in the disc around each pixel; its own where that is among the commonest. */
function smoothEdges(label: LabelMap, classes: number, radius: number, limits: TidyLimits): LabelMap {
  const { width, height, data } = label;
  const present = [...new Set(data)].sort((a, b) => a - b);
  // Of each class and row, how many pixels of it lie before each column: a disc is a sum of differences. Rows farther away are forgotten.
  const rows = 2 * radius + 1;
  const before = new Map(present.map((value) => [value, new Int32Array(rows * (width + 1))]));
  const count = (v: number): void => {
    for (const [value, sums] of before) sumRow(label, v, value, sums, (v % rows) * (width + 1));
  };
  for (let v = 0; v < Math.min(radius, height); v++) count(v);
  const halves = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.floor(Math.sqrt(radius ** 2 - (i - radius) ** 2)),
  );
  const out = data.slice();
  const counts = new Int32Array(classes);
  for (let y = 0; y < height; y++) {
    if (y + radius < height) count(y + radius);
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      if (isDrawn(pixel, limits)) continue;
      let most = data[pixel];
      counts.fill(0);
      for (const value of present) {
        const sums = before.get(value) as Int32Array;
        for (let dy = -radius; dy <= radius; dy++) {
          const v = y + dy;
          if (v < 0 || v >= height) continue;
          const half = halves[dy + radius];
          const row = (v % rows) * (width + 1);
          counts[value] += sums[row + Math.min(width, x + half + 1)] - sums[row + Math.max(0, x - half)];
        }
      }
      for (const value of present)
        if (counts[value] > counts[most] && (limits.mayBe?.(pixel, value) ?? true)) most = value;
      out[pixel] = most;
    }
  }
  return { ...label, data: out };
}

/** The sums of one row, from `at` on: [W + 1] */
function sumRow({ width, data }: LabelMap, y: number, value: number, sums: Int32Array, at: number): void {
  for (let x = 0; x < width; x++) sums[at + x + 1] = sums[at + x] + (data[y * width + x] === value ? 1 : 0);
}

/** The smallest regions first, so that a speck within a speck goes with it. */
function withoutSpecks(label: LabelMap, minArea: number, limits: TidyLimits): LabelMap {
  const { width, height } = label;
  const data = label.data.slice();
  const seen = new Uint8Array(data.length);
  const specks: Int32Array[] = [];
  const stack: number[] = [];
  for (let start = 0; start < data.length; start++) {
    if (seen[start] === 1) continue;
    const pixels: number[] = [];
    let area = 0;
    let holds = false;
    seen[start] = 1;
    stack.push(start);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (++area < minArea) pixels.push(at);
      holds ||= isDrawn(at, limits);
      for (const next of neighboursOf(at, width, height))
        if (seen[next] === 0 && data[next] === data[start]) {
          seen[next] = 1;
          stack.push(next);
        }
    }
    if (area < minArea && !holds) specks.push(Int32Array.from(pixels));
  }
  for (const speck of specks.sort((a, b) => a.length - b.length)) {
    const own = data[speck[0]];
    const around = new Map<number, number>();
    for (const pixel of speck)
      for (const next of neighboursOf(pixel, width, height))
        if (data[next] !== own) around.set(data[next], (around.get(data[next]) ?? 0) + 1);
    const fits = [...around].filter(([value]) => speck.every((pixel) => limits.mayBe?.(pixel, value) ?? true));
    const [most] = fits.sort(([a, m], [b, n]) => n - m || a - b);
    if (most !== undefined) for (const pixel of speck) data[pixel] = most[0];
  }
  return { ...label, data };
}

function neighboursOf(pixel: number, width: number, height: number): number[] {
  const x = pixel % width;
  const all = [x > 0 ? pixel - 1 : -1, x < width - 1 ? pixel + 1 : -1, pixel - width, pixel + width];
  return all.filter((next) => next >= 0 && next < width * height);
}
