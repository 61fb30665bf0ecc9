/**
 * Synthetic class activation maps. They have the faults of real ones: a strong blob on the telling part of a thing, weak
 * elsewhere on it, leaking over its outline, false spots on the ground, and the grid's coarseness.
 */

import { deriveSeed, Random } from "../../src/random";
import { fractalNoise } from "./noise";
import { frameOf, type Rendering } from "./render";
import type { Scene } from "./scenes";
import { type ThingName, things } from "./things";

const STRIDE = 8;

/** [height·width] in [0, 1], the maximum 1; in steps of 1/128 so that the files compress well. */
export function makeCam(scene: Scene, { width, height, instance }: Rendering, thing: ThingName): Float32Array {
  const random = new Random(deriveSeed(4, scene.id, thing));
  const w = Math.ceil(width / STRIDE);
  const h = Math.ceil(height / STRIDE);
  const seed = random.integer(1e6);
  const spots = Array.from({ length: 2 }, () => ({
    x: random.uniform(0, w),
    y: random.uniform(0, h),
    strength: random.uniform(0.15, 0.35),
  }));
  const grid = new Float32Array(w * h);
  for (let gy = 0; gy < h; gy++) {
    for (let gx = 0; gx < w; gx++) {
      const x = (gx + 0.5) * STRIDE;
      const y = (gy + 0.5) * STRIDE;
      let value = 0.22 * share(instance, width, height, gx, gy, (i) => i > 0 && scene.things[i - 1].thing === thing);
      scene.things.forEach((placement, index) => {
        if (placement.thing !== thing) return;
        const [u, v] = frameOf(placement).toThing(x, y);
        const { focus } = things[thing];
        const near = ((u - focus.x) ** 2 + (v - focus.y) ** 2) / focus.radius ** 2;
        const seen = 0.35 + 0.65 * share(instance, width, height, gx, gy, (i) => i === index + 1);
        value += 0.9 * Math.exp(-0.9 * near) * seen;
      });
      for (const spot of spots) value += spot.strength * Math.exp(-((gx - spot.x) ** 2 + (gy - spot.y) ** 2) / 2.5);
      grid[gy * w + gx] = Math.max(0, value * (0.7 + 0.6 * fractalNoise(seed, gx / 2.5, gy / 2.5, 2)) - 0.08);
    }
  }
  return enlarge(grid, w, h, width, height);
}

/** Fraction of a cell's pixels whose instance passes. */
function share(
  instance: Uint8Array,
  width: number,
  height: number,
  gx: number,
  gy: number,
  passes: (i: number) => boolean,
): number {
  let count = 0;
  for (let y = gy * STRIDE; y < Math.min(height, (gy + 1) * STRIDE); y++)
    for (let x = gx * STRIDE; x < Math.min(width, (gx + 1) * STRIDE); x++) if (passes(instance[y * width + x])) count++;
  return count / STRIDE ** 2;
}

function enlarge(grid: Float32Array, w: number, h: number, width: number, height: number): Float32Array {
  const map = new Float32Array(width * height);
  let most = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const gx = Math.min(w - 1, Math.max(0, (x + 0.5) / STRIDE - 0.5));
      const gy = Math.min(h - 1, Math.max(0, (y + 0.5) / STRIDE - 0.5));
      const [left, top] = [Math.floor(gx), Math.floor(gy)];
      const [right, bottom] = [Math.min(w - 1, left + 1), Math.min(h - 1, top + 1)];
      const row = (j: number): number => grid[j * w + left] * (1 - gx + left) + grid[j * w + right] * (gx - left);
      map[y * width + x] = row(top) * (1 - gy + top) + row(bottom) * (gy - top);
      most = Math.max(most, map[y * width + x]);
    }
  }
  return map.map((value) => Math.round((128 * value) / most) / 128);
}
