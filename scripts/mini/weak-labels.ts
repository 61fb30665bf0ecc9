/** The cheap labels of a scene, as people would give them: boxes, scribbles, clicks, tags. */

import { deriveSeed, Random } from "../../src/random";
import { frameOf, type Rendering } from "./render";
import type { Scene } from "./scenes";
import { type ThingName, things } from "./things";

export interface NamedBox {
  readonly name: ThingName;
  /** VOC's counting: from 1, both ends included. */
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
  /** Partly hidden behind another thing or cut off by the picture's edge. */
  readonly truncated: boolean;
}

export interface Polyline {
  readonly class: number;
  /** Whole pixels, from 0. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Click {
  readonly x: number;
  readonly y: number;
  readonly cls: number;
  readonly rank?: number;
}

export interface Clicks {
  readonly fg: readonly Click[];
  readonly bg: readonly Click[];
}

/** The box around what is seen of each thing. */
export function boxesOf(scene: Scene, { width, height, instance }: Rendering): NamedBox[] {
  return scene.things.flatMap(({ thing }, index) => {
    let [left, top, right, bottom, area] = [width, height, -1, -1, 0];
    instance.forEach((value, i) => {
      if (value !== index + 1) return;
      const x = i % width;
      const y = Math.floor(i / width);
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      area++;
    });
    const cut = left === 0 || top === 0 || right === width - 1 || bottom === height - 1;
    return area === 0
      ? []
      : [{ name: thing, xmin: left + 1, ymin: top + 1, xmax: right + 1, ymax: bottom + 1, truncated: cut }];
  });
}

/** One stroke along each thing, where it is seen, and two through the ground. */
export function scribblesOf(
  scene: Scene,
  rendering: Rendering,
  classOf: Readonly<Record<ThingName, number>>,
): Polyline[] {
  const random = new Random(deriveSeed(2, scene.id));
  const depth = depthInside(rendering);
  const strokes: Polyline[] = scene.things.flatMap((placement, index) => {
    const frame = frameOf(placement);
    const whole = smoothCurve(things[placement.thing].stroke, 28)
      .map(([u, v]) => frame.toPicture(u + random.uniform(-0.03, 0.03), v + random.uniform(-0.03, 0.03)))
      .map(([x, y]): [number, number] => [Math.round(x), Math.round(y)]);
    const points = longestRun(
      whole,
      ([x, y]) => at(rendering, rendering.instance, x, y) === index + 1 && depth[y * rendering.width + x] >= 3,
    );
    return points.length >= 3 ? [{ class: classOf[placement.thing], points }] : [];
  });
  const first = wander(rendering, depth, random);
  const second = wander(rendering, depth, random, first);
  return [...strokes, ...[first, second].map((points) => ({ class: 0, points }))];
}

/** A click on each thing, near the middle of what is seen, numbered per class; three on the ground. */
export function clicksOf(scene: Scene, rendering: Rendering, classOf: Readonly<Record<ThingName, number>>): Clicks {
  const random = new Random(deriveSeed(3, scene.id));
  const depth = depthInside(rendering);
  const ranks = new Map<number, number>();
  const fg = scene.things.flatMap(({ thing }, index) => {
    const deep = deepest(rendering, depth, index + 1, 0.7);
    if (deep.length === 0) return [];
    const cls = classOf[thing];
    ranks.set(cls, (ranks.get(cls) ?? 0) + 1);
    const [x, y] = deep[random.integer(deep.length)];
    return [
      { x: x + round2(random.uniform(-0.4, 0.4)), y: y + round2(random.uniform(-0.4, 0.4)), cls, rank: ranks.get(cls) },
    ];
  });
  const ground = deepest(rendering, depth, 0, 0.35);
  const bg = Array.from({ length: 3 }, () => {
    const [x, y] = ground[random.integer(ground.length)];
    return { x, y, cls: 0 };
  });
  return { fg, bg };
}

/** Class numbers seen in a picture, ascending. */
export function tagsOf(scene: Scene, { instance }: Rendering, classOf: Readonly<Record<ThingName, number>>): number[] {
  const seen = new Set(instance);
  const tags = scene.things.flatMap(({ thing }, i) => (seen.has(i + 1) ? [classOf[thing]] : []));
  return [...new Set(tags)].sort((a, b) => a - b);
}

/** City-block distance of each pixel to the next pixel of another thing, or to the picture's edge. */
export function depthInside({ width, height, instance }: Rendering): Int32Array {
  const depth = new Int32Array(width * height);
  for (let sweep = 0; sweep < 2; sweep++) {
    const d = sweep === 0 ? -1 : 1;
    for (let n = 0; n < width * height; n++) {
      const i = sweep === 0 ? n : width * height - 1 - n;
      const x = i % width;
      const y = Math.floor(i / width);
      const beside = x + d < 0 || x + d >= width || instance[i + d] !== instance[i] ? 0 : depth[i + d];
      const above = y + d < 0 || y + d >= height || instance[i + d * width] !== instance[i] ? 0 : depth[i + d * width];
      const reached = 1 + Math.min(beside, above);
      depth[i] = sweep === 0 ? reached : Math.min(depth[i], reached);
    }
  }
  return depth;
}

function deepest({ width, instance }: Rendering, depth: Int32Array, wanted: number, share: number): [number, number][] {
  let most = 0;
  instance.forEach((value, i) => {
    if (value === wanted) most = Math.max(most, depth[i]);
  });
  const found: [number, number][] = [];
  instance.forEach((value, i) => {
    if (value === wanted && depth[i] >= share * most) found.push([i % width, Math.floor(i / width)]);
  });
  return found;
}

function at({ width, height }: Rendering, map: Uint8Array, x: number, y: number): number {
  return x < 0 || y < 0 || x >= width || y >= height ? -1 : map[y * width + x];
}

/** A long stroke through the ground, as far from `other` as may be. */
function wander(
  rendering: Rendering,
  depth: Int32Array,
  random: Random,
  other: readonly (readonly [number, number])[] = [],
): [number, number][] {
  let best: [number, number][] = [];
  let most = -1;
  for (let attempt = 0; attempt < 120; attempt++) {
    let x = random.uniform(0, rendering.width);
    let y = random.uniform(0, rendering.height);
    let heading = random.uniform(0, 2 * Math.PI);
    const path: [number, number][] = [];
    while (path.length < 40) {
      const [px, py] = [Math.round(x), Math.round(y)];
      if (at(rendering, rendering.instance, px, py) !== 0 || depth[py * rendering.width + px] < 5) break;
      path.push([px, py]);
      heading += random.uniform(-0.35, 0.35);
      x += 2 * Math.cos(heading);
      y += 2 * Math.sin(heading);
    }
    const apart = Math.min(40, ...path.flatMap(([px, py]) => other.map(([qx, qy]) => Math.hypot(px - qx, py - qy))));
    if (path.length * (other.length === 0 ? 1 : apart) > most) {
      best = path;
      most = path.length * (other.length === 0 ? 1 : apart);
    }
  }
  return best;
}

/** Catmull–Rom through the given corners. */
function smoothCurve(corners: readonly (readonly [number, number])[], samples: number): [number, number][] {
  return Array.from({ length: samples }, (_, i) => {
    const t = (i / (samples - 1)) * (corners.length - 1);
    const k = Math.min(corners.length - 2, Math.floor(t));
    const s = t - k;
    const corner = (j: number): readonly [number, number] => corners[Math.min(corners.length - 1, Math.max(0, j))];
    const axis = (c: 0 | 1): number => {
      const [a, b, d, e] = [corner(k - 1)[c], corner(k)[c], corner(k + 1)[c], corner(k + 2)[c]];
      return b + 0.5 * s * (d - a + s * (2 * a - 5 * b + 4 * d - e + s * (3 * (b - d) + e - a)));
    };
    return [axis(0), axis(1)];
  });
}

function longestRun<T>(items: readonly T[], good: (item: T) => boolean): T[] {
  let best: T[] = [];
  let run: T[] = [];
  for (const item of items) {
    run = good(item) ? [...run, item] : [];
    if (run.length > best.length) best = run;
  }
  return best;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
