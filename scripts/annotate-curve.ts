/**
 * The interaction curve of docs/annotate.md: a scripted annotator begins with one stroke in the middle of each class and
 * then always strokes the largest region that the label has wrong, along its middle. After each stroke: mean IoU over the
 * classes of the photograph, of the page's quick label and, at some strokes, of its full one. The strokes are kept, so
 * that others can be measured with the very same.
 *
 * usage: node --import tsx scripts/annotate-curve.ts DATA LIST OUT.json [PHOTOGRAPHS] [STROKES]
 */

import fs from "node:fs";
import path from "node:path";
import { firstPassOptions } from "../src/annotate/first-pass";
import type { ShapeStroke, Shapes } from "../src/annotate/protocol";
import { useBackend } from "../src/backend";
import { readDataset } from "../src/data/dataset";
import { readRgb } from "../src/data/image";
import { readImageList } from "../src/data/image-list";
import { type LabelMap, readLabel } from "../src/data/label-png";
import { findImage } from "../src/data/photographs";
import { labelPhotograph } from "../src/label-photograph/label-photograph";

/** Full labels take long: they are made after these strokes. */
const FULL_AFTER = [8];

interface Curve {
  readonly name: string;
  readonly strokes: ShapeStroke[];
  readonly quick: (readonly [strokes: number, miou: number, cpuSeconds: number])[];
  readonly full: (readonly [strokes: number, miou: number, cpuSeconds: number])[];
}

async function main([data, list, out, count = "10", most = "12"]: readonly string[]): Promise<void> {
  await useBackend("native", { threads: 2 });
  const dataset = await readDataset(data);
  const { ids } = await readImageList(list, data);
  const step = Math.floor(ids.length / Number(count));
  const curves: Curve[] = fs.existsSync(out) ? JSON.parse(fs.readFileSync(out, "utf8")) : [];
  for (let i = 0; i < Number(count); i++) {
    const name = ids[i * step];
    if (curves.some((curve) => curve.name === name)) continue;
    const image = await readRgb(await findImage(data, name));
    const truth = await readLabel(path.join(data, "SegmentationClass", `${name}.png`));
    const curve: Curve = { name, strokes: firstStrokes(truth, dataset.ignore), quick: [], full: [] };
    let earlier: Parameters<typeof firstPassOptions>[1];
    let graph: Awaited<ReturnType<typeof labelPhotograph>>["graph"];
    for (;;) {
      const { strokes } = curve;
      const shapes: Shapes = { boxes: [], strokes, clicks: [], pins: [] };
      const common = { dataset, name };
      const started = process.cpuUsage();
      const quick = await labelPhotograph(
        image,
        { strokes },
        {
          ...common,
          ...firstPassOptions(image, earlier, shapes),
          keepGraph: true,
          ...(graph === undefined ? {} : { graph }),
        },
      );
      ({ graph } = quick);
      earlier = { learned: quick.learned, settings: quick.settings, classes: quick.classes };
      curve.quick.push([strokes.length, miou(quick.label, truth, dataset.ignore), cpuSince(started)]);
      if (FULL_AFTER.includes(strokes.length) || strokes.length >= Number(most)) {
        const begun = process.cpuUsage();
        const full = await labelPhotograph(image, { strokes }, common);
        curve.full.push([strokes.length, miou(full.label, truth, dataset.ignore), cpuSince(begun)]);
      }
      if (strokes.length >= Number(most)) break;
      const next = strokeOnLargestError(quick.label, truth, dataset.ignore);
      if (next === undefined) break;
      strokes.push(next);
    }
    graph?.dispose();
    curves.push(curve);
    fs.writeFileSync(out, JSON.stringify(curves));
    const shown = curve.quick.map(([, value]) => (100 * value).toFixed(0)).join(" ");
    process.stdout.write(`${name}: ${shown}; full ${curve.full.map(([n, v]) => `${n}: ${(100 * v).toFixed(0)}`)}\n`);
  }
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Of each class that the photograph shows, background included: its largest region, along its middle. */
function firstStrokes(truth: LabelMap, ignore: number): ShapeStroke[] {
  const classes = [...new Set(truth.data)].filter((value) => value !== ignore).sort((a, b) => a - b);
  return classes.flatMap((label) => {
    const region = largestRegion(truth, (i) => truth.data[i] === label);
    return region === undefined ? [] : [{ class: label, points: middleLine(region, truth) }];
  });
}

function strokeOnLargestError(label: LabelMap, truth: LabelMap, ignore: number): ShapeStroke | undefined {
  let best: { region: Uint8Array; area: number; class: number } | undefined;
  for (const value of new Set(truth.data)) {
    if (value === ignore) continue;
    const region = largestRegion(truth, (i) => truth.data[i] === value && label.data[i] !== value);
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

/** Over the classes that the photograph shows; unknown pixels of the truth do not count. */
function miou(label: LabelMap, truth: LabelMap, ignore: number): number {
  const classes = [...new Set(truth.data)].filter((value) => value !== ignore);
  const shares = classes.map((value) => {
    let [both, either] = [0, 0];
    for (let i = 0; i < truth.data.length; i++) {
      if (truth.data[i] === ignore) continue;
      const [a, b] = [label.data[i] === value, truth.data[i] === value];
      if (a && b) both++;
      if (a || b) either++;
    }
    return both / either;
  });
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
